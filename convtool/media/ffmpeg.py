"""Open files with FFmpeg (PyAV) without letting it open any others, and translate its errors.

FFmpeg's demuxers can follow references to other files and addresses, above all those of playlists.
Here they get the bytes of one local file and no protocol, and only demuxers that need nothing else
are allowed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import av
from av.container import InputContainer

from convtool.errors import ReadError
from convtool.media.callbacks import CallbackFile


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
        ReadError: FFmpeg cannot open the file, or fails inside the `with` block.
    """
    file.seek(0)
    options = {"format_whitelist": ",".join(demuxers), "protocol_whitelist": "none"}
    callbacks = CallbackFile(file)
    try:
        with callbacks.call(_open, callbacks, options) as container:
            yield container
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
        return av.open(callbacks, "r", container_options=options, metadata_errors="replace")
    except av.ArgumentError as exc:
        raise _UnknownFormatError from exc
