"""Start the warm process so that it has nothing of the process that starts it.

It gets no stream, no terminal, no working folder, no lock and no open file, and of the environment
only what libraries read while they are loaded: whoever waits for the end of a pipe, or for a
terminal to be given back, does not wait for it.
"""

import os
import subprocess
import sys

from convtool.warm import IDLE, client

if sys.platform != "linux":
    raise ImportError("the warm process needs Linux")

MODULE = "convtool.cli.serving"
TUNED = {
    # A worker gets all its memory from the system, page by page: large pages save a sixth of the
    # time of a large image.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
# Python finds the packages of a user by it.
NEEDED = ("HOME",)


def launch(path: str, idle: int = IDLE) -> "subprocess.Popen[bytes]":
    """Start the warm process, detached from this one.

    Args:
        path: of its socket.
        idle: seconds without a call after which it ends.
    """
    kept = {name: os.environ[name] for name in NEEDED if name in os.environ}
    return subprocess.Popen(  # noqa: S603  # this program itself
        [sys.executable, "-m", MODULE, path, str(idle)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
        env=kept | TUNED | client.SETTINGS,
    )
