"""All format families, and the choice of the one that opens a file.

It must not import a library that decodes.
"""

from typing import BinaryIO

from convtool.errors import ReadError
from convtool.media.audio.ffmpeg import FFMPEG
from convtool.media.audio.libsndfile import LIBSNDFILE
from convtool.media.audio.streams import AudioDecoder
from convtool.media.policies import refuse_empty

FAMILIES = (LIBSNDFILE, FFMPEG)  # in the order in which they try a file that none recognizes
READABLE = tuple(suffix for family in FAMILIES for suffix in family.suffixes)
SIGNATURE_BYTES = 16  # from the beginning of a file


def open_decoder(file: BinaryIO, name: str) -> AudioDecoder:
    """Open a file with the family that recognizes it, or else with the first one that can read it.

    Args:
        file: its bytes, seekable.
        name: the input's name, for messages.

    Raises:
        ReadError: no family can read it. The error is that of the family which recognizes it, or of
            the last one.
    """
    refuse_empty(file, name)
    start = file.read(SIGNATURE_BYTES)
    families = sorted(FAMILIES, key=lambda family: not family.recognizes(start))
    errors = []
    for family in families:
        try:
            return family.open(file, name)
        except ReadError as exc:
            errors.append(exc)
    raise errors[0] if families[0].recognizes(start) else errors[-1]
