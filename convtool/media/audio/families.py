"""All format families, and the choice of the one that opens a file.

It must not import a library that decodes.
"""

from typing import BinaryIO

from convtool.errors import ReadError
from convtool.media.audio.containers import flac, ogg
from convtool.media.audio.ffmpeg import FFMPEG, MPEG
from convtool.media.audio.joined import JoinedDecoder
from convtool.media.audio.libsndfile import LIBSNDFILE
from convtool.media.audio.streams import AudioDecoder
from convtool.media.policies import refuse_empty
from convtool.media.window import window

FAMILIES = (LIBSNDFILE, MPEG, FFMPEG)  # in the order in which they try a file that none recognizes
READABLE = tuple(dict.fromkeys(suffix for family in FAMILIES for suffix in family.suffixes))
SIGNATURE_BYTES = 16  # from the beginning of a file
IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def open_decoder(file: BinaryIO, name: str) -> AudioDecoder:
    """Open a file, all of it: one that was joined of several is read as if it were one.

    Args:
        file: its bytes, seekable.
        name: the input's name, for messages.

    Raises:
        ReadError: no family can read it. The error is that of the family which recognizes it, or of
            the last one.
    """
    refuse_empty(file, name)
    start = file.read(SIGNATURE_BYTES)
    if start.startswith(ogg.MAGIC):
        return _open_chain(file, name)
    if start.startswith(IMAGES) or start[8:12] == b"WEBP":
        raise ReadError(f"{name} is an image", hint="`convtool image` filters it", named=True)
    starts = flac.starts(file)
    if len(starts) > 1:
        windows = flac.windows(file, starts)
        return JoinedDecoder([_open(window, name) for window in windows], name)
    return _open(file, name)


def _open_chain(file: BinaryIO, name: str) -> AudioDecoder:
    """Open an Ogg file, whose links follow each other."""
    links = ogg.links(file)
    if not links:
        return _open(file, name)
    ended = all(link.ended for link in links)
    flaw = next((link.flaw for link in links if link.flaw), "")
    decoders: list[AudioDecoder] = []
    for link in links:
        part = window(file, link.start, link.end, ogg.full_rate(link))
        try:
            decoders.append(_open(part, name))
        except ReadError:
            if not decoders or link.ended:
                raise  # else it is cut within its header
    return JoinedDecoder(decoders, name, ended=ended, flaw=flaw)


def _open(file: BinaryIO, name: str) -> AudioDecoder:
    """Open a file with the family that recognizes it, or else with the first that can read it."""
    file.seek(0)
    start = file.read(SIGNATURE_BYTES)
    known = [family for family in FAMILIES if family.recognizes(start)]
    others = [family for family in FAMILIES if family not in known]
    families = known + [family for family in others if not (known and family.strict)]
    errors = []
    for family in families:
        try:
            return family.open(file, name)
        except ReadError as exc:
            errors.append(exc)
    raise errors[0] if known else errors[-1]
