"""The sound formats: their suffixes, and the subtypes that each can hold, by libsndfile's names.

It must not import a decoder: it is asked about names before anything is read.
"""

from dataclasses import dataclass
from pathlib import PurePath

import torch

from convtool.levels import Levels
from convtool.media import named

SHORT, LONG = Levels(torch.int16, 2**15, signed=True), Levels(torch.int32, 2**31, signed=True)
BYTE, THREE_BYTES = Levels(torch.int16, 2**7, signed=True), Levels(torch.int32, 2**23, signed=True)
FLOAT, DOUBLE = Levels(torch.float32, signed=True), Levels(torch.float64, signed=True)
# from the shortest to the longest; what else decodes to whole numbers has 16 bits
LEVELS = {
    "PCM_U8": BYTE, "PCM_S8": BYTE, "PCM_16": SHORT, "ALAC_16": SHORT, "PCM_24": THREE_BYTES, "PCM_32": LONG,
    "FLOAT": FLOAT, "DOUBLE": DOUBLE,
}  # fmt: skip
BROKEN = (
    "ALAC_20",
    "ALAC_24",
    "ALAC_32",
)  # libsndfile 1.2.2 writes and reads other samples, FFmpeg reads them
LOSSY = ("VORBIS", "OPUS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III")
PCM = ("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")


@dataclass(frozen=True)
class Format:
    """One sound format, as it is written.

    Attributes:
        name: libsndfile's name for it.
        suffixes: file name endings; the first is the usual one.
        subtypes: how it can store samples when nobody says how, the shortest first.
    """

    name: str
    suffixes: tuple[str, ...]
    subtypes: tuple[str, ...]

    def nearest(self, subtype: str) -> str:
        """Return the subtype that keeps most of another.

        >>> format_of("flac").nearest("FLOAT"), format_of("wav").nearest("VORBIS")
        ('PCM_24', 'PCM_16')
        """
        if subtype in self.subtypes:
            return subtype
        return next((own for own in self.subtypes if bits(own) >= bits(subtype)), self.subtypes[-1])


FORMATS = (
    Format("WAV", (".wav", ".wave"), ("PCM_U8", *PCM, "ULAW", "ALAW")),
    Format("FLAC", (".flac",), ("PCM_S8", "PCM_16", "PCM_24")),
    Format("OGG", (".ogg", ".oga"), ("VORBIS", "OPUS")),
    Format("OGG", (".opus",), ("OPUS",)),
    Format("MP3", (".mp3",), ("MPEG_LAYER_III",)),
    Format("AIFF", (".aiff", ".aif", ".aifc"), ("PCM_S8", "PCM_U8", *PCM, "ULAW", "ALAW")),
    Format("CAF", (".caf",), ("PCM_S8", *PCM, "ULAW", "ALAW", "ALAC_16")),
    Format("RF64", (".rf64",), ("PCM_U8", *PCM, "ULAW", "ALAW")),
    Format("W64", (".w64",), ("PCM_U8", *PCM, "ULAW", "ALAW")),
    Format("AU", (".au", ".snd"), ("PCM_S8", *PCM, "ULAW", "ALAW")),
)
SUFFIXES = {suffix: format for format in FORMATS for suffix in format.suffixes}
READ_ONLY = (".m4a", ".aac", ".ac3", ".wma", ".mka")  # found in folders, too
READABLE = (*SUFFIXES, *READ_ONLY)


def bits(subtype: str) -> int:
    """Return how many bits of a sample a subtype is worth; lossy ones are what CDs have."""
    levels = SHORT if subtype in LOSSY else levels_of(subtype)
    return levels.dtype.itemsize * 8 if levels.floats else levels.scale.bit_length()


def levels_of(subtype: str) -> Levels:
    """Return the samples that a subtype is decoded to."""
    return FLOAT if subtype in LOSSY else LEVELS.get(subtype, SHORT)


def format_of(suffix: str) -> Format:
    """Return the format that `.wav` or `wav` stands for.

    Raises:
        UsageError: it stands for none that can be written.
    """
    return named(suffix, SUFFIXES, "no sound can be written as")


def is_sound(spec: str) -> bool:
    """Return True for what `-k` may mean by an impulse response: the name of a sound file."""
    return PurePath(spec).suffix.lower() in READABLE
