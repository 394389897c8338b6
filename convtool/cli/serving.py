"""Be the warm process: `python -m convtool.cli.serving SOCKET SECONDS`.

`convtool.warm.launch` calls it. The loop itself is in `convtool.warm.server`.
"""

import contextlib
import gc
import importlib
import io
import os
import signal
import sys
import tempfile

from PIL import Image

from convtool.cli.app import leave, run
from convtool.media.registry import MEDIA
from convtool.start.threads import wait_briefly
from convtool.warm import pages
from convtool.warm.server import serve

if sys.platform != "linux":
    raise ImportError("the warm process needs Linux")

# What calls import when they meet a file of a format, or a kernel, that the rehearsals do not.
MODULES = (
    "convtool.cli.running",
    "convtool.kernels.schema",
    "convtool.media.audio.libsndfile.decoder",
    "convtool.media.audio.libsndfile.encoder",
    "convtool.media.image.formats.tiff.writer",
    "convtool.media.video.read",
    "convtool.media.video.write",
    "scipy.signal",
    "simplejpeg",
)


def main() -> None:
    """Import and build what calls need, then answer them."""
    _reset_signals()
    wait_briefly()
    for module in MODULES:
        importlib.import_module(module)
    Image.preinit()
    for medium in MEDIA.values():
        medium.load()
    _rehearse()
    gc.collect()
    gc.freeze()
    pages.gather()
    os.umask(0o077)
    path, idle = sys.argv[1:]
    serve(path, float(idle), MEDIA, leave)


def _reset_signals() -> None:
    """Undo what a shell may have done to the process that started this one."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _rehearse() -> None:
    """Run small calls: what they load and build for the first time stays, for all workers.

    They run in one thread, as a worker must not be forked from a process that has several.
    """
    import torch  # noqa: PLC0415  # behind the reset of signals

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        for name in ("in.png", "in.jpg"):
            Image.effect_noise((16, 16), 50).convert("RGB").save(f"{folder}/{name}")
            run(["image", f"{folder}/{name}", f"{folder}/out{name}", "-k", "blur"])
        for medium in ("audio", "video"):  # their readers start threads: up to the name of OUTPUT
            run([medium, os.devnull, f"{os.devnull}/out.x", "-k", "identity"])
    torch.set_num_threads(threads)


if __name__ == "__main__":
    main()
