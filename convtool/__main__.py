"""The program `convtool`, also as `python -m convtool`."""

import gc
import os
import sys
from typing import NoReturn

INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line and leave with its exit code.

    The garbage collector waits until torch is imported (`cli.running` wakes it), and the process ends without taking
    its half a million objects apart: that saves a third of a second or more of every call.
    """
    gc.disable()
    try:
        from convtool import warm  # noqa: PLC0415  # an interrupt may come while it is imported

        asked = warm.ask(sys.argv[1:])
        if asked is not None:
            os._exit(asked)
        from convtool.cli.app import run  # noqa: PLC0415

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as exc:  # a signal
        code = exc.code if isinstance(exc.code, int) else 1
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
