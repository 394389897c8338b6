"""The format family of libsndfile: WAV, FLAC, Ogg, AIFF, CAF and their relatives."""

from typing import BinaryIO

from convtool.media.audio.family import Family, Signature
from convtool.media.audio.formats import FORMATS
from convtool.media.audio.streams import AudioDecoder


def _open(file: BinaryIO, name: str) -> AudioDecoder:
    from convtool.media.audio.libsndfile.decoder import (  # noqa: PLC0415  # imports soundfile
        SndfileDecoder,
    )

    return SndfileDecoder(file, name)


LIBSNDFILE = Family(
    "libsndfile",
    suffixes=tuple(
        suffix
        for format in FORMATS
        if format.library == "libsndfile" and format.name != "MP3"
        for suffix in format.suffixes
    ),
    signatures=(
        Signature(b"RIFF"),
        Signature(b"RF64"),
        Signature(b"fLaC"),
        Signature(b"OggS"),
        Signature(b"FORM"),
        Signature(b"caff"),
    ),
    open=_open,
)
