"""Be the warm process: `python -m convtool.cli.serving SECONDS`.

`convtool warm start` calls it. The loop itself is in `convtool.warm.server`.
"""

import contextlib
import gc
import importlib
import io
import os
import sys

from PIL import Image

from convtool.cli.app import leave, run
from convtool.media.registry import MEDIA
from convtool.warm.server import serve

# What calls import, torch first of all; backends import these when the first file is opened.
MODULES = (
    "convtool.cli.running",
    "convtool.kernels.schema",
    "convtool.media.audio.libsndfile.decoder",
    "convtool.media.audio.libsndfile.encoder",
    "simplejpeg",
)


def main() -> None:
    """Import and build what calls need, then answer them."""
    # Video takes long, and needs torch's threads to wait for it in another way from the start.
    commands = [name for name, medium in MEDIA.items() if not medium.overlapped]
    for module in MODULES:
        importlib.import_module(module)
    Image.preinit()
    for command in commands:
        MEDIA[command].load()
        _rehearse(command)
    gc.freeze()
    os.umask(0o077)
    serve(float(sys.argv[1]), commands, leave)


def _rehearse(command: str) -> None:
    """Run a call that ends at the name of its output; what it has built until then stays."""
    with contextlib.redirect_stderr(io.StringIO()):
        run([command, os.devnull, f"{os.devnull}/out.x", "-k", "identity"])


if __name__ == "__main__":
    main()
