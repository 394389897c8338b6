"""Be the warm process: `python -m convtool.cli.serving SECONDS`, as `convtool warm start` calls it."""

import gc
import importlib
import os
import sys

from convtool import warm
from convtool.cli.app import leave

# torch, and all that calls need
ROOMS = ("cli.running", "kernelfile", "media.image", "media.audio", "media.audio.impulse")


def main() -> None:
    """Answer calls until so many seconds have passed without one."""
    for room in ROOMS:
        importlib.import_module(f"convtool.{room}")
    gc.freeze()
    os.umask(0o077)
    warm.serve(leave, float(sys.argv[1]))


if __name__ == "__main__":
    main()
