"""The program `convtool`, also as `python -m convtool`."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # and not typing's, which takes longer to import than a warm call to ask
if TYPE_CHECKING:
    from typing import NoReturn

INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line, in the warm process where there is one, and leave with its exit code.

    The garbage collector waits until torch is imported (`cli.running` wakes it), which saves a tenth of every call.
    """
    gc.disable()
    try:
        from convtool.warm import client  # noqa: PLC0415  # an interrupt may come while it is imported

        asked = client.ask(sys.argv[1:])
        if asked is not None:
            os._exit(asked)
        from convtool.cli.app import leave  # noqa: PLC0415
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)
    leave(sys.argv[1:])


if __name__ == "__main__":
    main()
