"""The program `convtool`, also as `python -m convtool`."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing's own takes longer to import than a warm call takes
if TYPE_CHECKING:
    from typing import NoReturn

INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line, in the warm process where there is one, and exit with its code."""
    try:  # an interrupt may come during the imports
        if sys.platform == "linux":
            from convtool.warm import client  # noqa: PLC0415

            code = client.ask(sys.argv[1:])
            if code is not None:
                os._exit(code)
        from convtool.cli.collector import collector_paused  # noqa: PLC0415

        with collector_paused():
            from convtool.cli.app import leave  # noqa: PLC0415
            from convtool.cli.warm import after  # noqa: PLC0415
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)
    leave(sys.argv[1:], report=lambda code: after(sys.argv[1:], code))


if __name__ == "__main__":
    main()
