"""Open files with FFmpeg (PyAV) without letting it open any others, and translate its errors.

FFmpeg's demuxers can follow references to other files and addresses, above all those of playlists.
Here they get the bytes of one local file and no protocol, and only demuxers that need nothing else
are allowed.
"""

import errno
import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.container import InputContainer

from convtool.errors import ReadError, WriteError
from convtool.media.callbacks import CallbackFile

# SVT-AV1 prints what it does by itself, and asks this variable how much
os.environ.setdefault("SVT_LOG", "-1")
LOG = logging.getLogger("libav")  # where PyAV sends what FFmpeg logs
# Tags that are not UTF-8: from PyAV 19 on their bytes are kept, before it asks what to do.
TAGS: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
)


@contextmanager
def open_container(
    file: BinaryIO, name: str, medium: str, demuxers: Sequence[str]
) -> Iterator[InputContainer]:
    """Open a file from its first byte.

    Args:
        file: its bytes, seekable.
        name: the input's name, for messages.
        medium: the word for what is read from it, for messages.
        demuxers: the allowed formats, by FFmpeg's names.

    Raises:
        ReadError: FFmpeg cannot open the file, or fails inside the `with` block; or bytes cannot
            be read, which FFmpeg takes for the end of the file.
    """
    file.seek(0)
    callbacks = CallbackFile(file)
    with callbacks.read_wholly(name), _translated(name, medium):
        options = {"format_whitelist": ",".join(demuxers), "protocol_whitelist": "none"}
        with callbacks.call(_open, callbacks, options) as container:
            yield container


@contextmanager
def _translated(name: str, medium: str) -> Iterator[None]:
    """Raise FFmpeg's errors as those of an input."""
    try:
        yield
    except (av.FFmpegError, UnicodeDecodeError) as exc:
        invalid = isinstance(exc, (av.InvalidDataError, UnicodeDecodeError))
        reason = "unknown format, or damaged" if invalid else getattr(exc, "strerror", exc)
        raise ReadError(f"{name}: the {medium} cannot be read: {reason}") from exc
    except _UnknownFormatError as exc:
        raise ReadError(f"{name}: the {medium} cannot be read: unknown format") from exc


class _UnknownFormatError(Exception):
    """No allowed demuxer takes a file."""


def _open(callbacks: CallbackFile, options: dict[str, str]) -> InputContainer:
    try:
        opened: InputContainer = av.open(callbacks, "r", container_options=options, **TAGS)
    except av.ArgumentError as exc:
        raise _UnknownFormatError from exc
    return opened


@contextmanager
def refused(problem: str, hint: str | None = None) -> Iterator[None]:
    """Raise FFmpeg's refusals as errors of the output.

    Args:
        problem: what cannot be done, for the message.
        hint: what to do about it.

    Raises:
        WriteError: FFmpeg refused something inside the `with` block.
    """
    try:
        yield
    except (av.FFmpegError, ValueError) as exc:
        raise WriteError(f"{problem}: {_reason(exc)}", hint=hint) from exc


@contextmanager
def explained() -> Iterator[None]:
    """Let errors raised inside the `with` block know what FFmpeg says of them.

    It is for short steps that use no threads: a thread that logs waits for the interpreter, which
    may wait for that thread. So files that are filtered beside others, outside of the main thread,
    go without.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    LOG.setLevel(logging.CRITICAL + 1)
    av.logging.set_level(av.logging.ERROR)
    try:
        yield
    finally:
        av.logging.set_level(None)


def _reason(exc: Exception) -> str:
    """Return why FFmpeg refused something: its own words for it, or what its code means."""
    log = getattr(exc, "log", None)
    if log:
        return str(log[2]).strip().rstrip(".")
    code = getattr(exc, "errno", None)
    if code in (None, errno.EINVAL):
        return "FFmpeg refuses it without a reason" if code else str(exc)
    return str(getattr(exc, "strerror", None) or exc)


@contextmanager
def priority_kept() -> Iterator[None]:
    """Let no encoder that starts inside the `with` block run before all other programs.

    SVT-AV1 gives its threads, and the one that starts it, real-time priority wherever it may, as
    with root. What the thread starts later would inherit it.
    """
    tasks = Path("/proc/self/task")
    if sys.platform != "linux" or not tasks.is_dir() or _is_real_time(0):
        yield  # or as the user has it
        return
    try:
        yield
    finally:
        for thread in (int(task.name) for task in tasks.iterdir()):
            with suppress(ProcessLookupError):  # it has ended
                if _is_real_time(thread):
                    os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


def _is_real_time(thread: int) -> bool:
    if sys.platform != "linux":
        return False
    return os.sched_getscheduler(thread) in (os.SCHED_FIFO, os.SCHED_RR)
