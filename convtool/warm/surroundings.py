"""Tell whether a warm process may be started here without being told."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from convtool.warm import client

if sys.platform != "linux":
    raise ImportError("the warm process needs Linux")

LEAST_MEMORY = 2 * 2**30  # bytes available; the process takes 0.8 GB, of which 0.4 are its own
ROOT = Path("/")  # of the files by which the system describes itself
# A container is marked by a file or a variable of the program that runs it.
CONTAINER_FILES = (".dockerenv", "run/.containerenv")
CONTAINER_VARIABLES = ("container", "KUBERNETES_SERVICE_HOST")
# Control groups of version 2 and 1, by their controllers: where they are mounted, and the names of
# the limit, of what is used, and of the part of it that is a cache of files.
VERSIONS = {
    "": ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    "memory": (
        "sys/fs/cgroup/memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
}


def are_fit() -> bool:
    """Return whether the system, its memory and the folder of the socket allow a warm process."""
    return (
        sys.platform.startswith("linux")
        and not os.environ.get("CI")
        and not _is_root_in_container()
        and _has_own_folder()
        and available_memory() >= LEAST_MEMORY
    )


def _is_root_in_container() -> bool:
    """Return whether this is a container's root without a runtime folder: nobody uses a shell."""
    if os.getuid() != 0 or os.environ.get("XDG_RUNTIME_DIR"):
        return False
    return any((ROOT / name).exists() for name in CONTAINER_FILES) or any(
        os.environ.get(name) for name in CONTAINER_VARIABLES
    )


def _has_own_folder() -> bool:
    """Return whether the folder of the socket, made if need be, is this user's alone."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(client.folder())
    try:
        if runtime and Path(runtime).stat().st_uid != os.getuid():
            return False  # another user's: a program that `sudo` runs may have it
        folder.mkdir(mode=0o700, exist_ok=True)
        return client.is_ours(str(folder))
    except OSError:
        return False


def available_memory() -> int:
    """Return the bytes of memory that can still be used: of the system, and of control groups."""
    try:
        lines = (ROOT / "proc/meminfo").read_text().splitlines()
        (kilobytes,) = (line.split()[1] for line in lines if line.startswith("MemAvailable:"))
        return min([int(kilobytes) * 1024, *_left_to_groups()])
    except (OSError, ValueError):
        return 0


def _left_to_groups() -> Iterator[int]:
    """Yield the bytes that are left to each control group around this process."""
    for line in (ROOT / "proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers in VERSIONS:
            mounted, limit, used, cache = VERSIONS[controllers]
            inner = Path(path.lstrip("/"))
            for group in (inner, *inner.parents):  # a container may see only the outermost
                yield from _left_to(ROOT / mounted / group, limit, used, cache)


def _left_to(group: Path, limit: str, used: str, cache: str) -> Iterator[int]:
    """Yield the bytes that are left to a control group; nothing where it has no limit."""
    with contextlib.suppress(OSError, ValueError):  # no such file, or `max`
        most = int((group / limit).read_text())
        statistics = dict(
            line.split(" ", 1) for line in (group / "memory.stat").read_text().splitlines()
        )
        yield most - int((group / used).read_text()) + int(statistics[cache])
