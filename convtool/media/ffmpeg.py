"""Open files by FFmpeg (PyAV) without letting it open anything else, and translate its errors.

FFmpeg's demuxers can name further files and addresses, playlists above all. Here they are given the bytes of one local
file, no protocol at all, and only those are allowed that need no more.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import av
from av.container import InputContainer

from convtool.errors import ReadError
from convtool.media.callbacks import CalledBack


@contextmanager
def demuxed(
    file: BinaryIO, name: str, what: str, demuxers: Sequence[str]
) -> Iterator[InputContainer]:
    """Open a file, from its first byte.

    Args:
        file: its bytes, seekable.
        name: what messages call it.
        what: what should be in it, for messages.
        demuxers: FFmpeg's names of the formats that are allowed.

    Raises:
        ReadError: FFmpeg cannot open it, or cannot go on inside the block.
    """
    file.seek(0)
    options = {"format_whitelist": ",".join(demuxers), "protocol_whitelist": "none"}
    calls = CalledBack(file)
    try:
        with calls.calling(av.open, calls, "r", container_options=options) as container:
            yield container
    except (av.FFmpegError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or "it is damaged"
        raise ReadError(f"{name}: the {what} cannot be read: {reason}") from exc
