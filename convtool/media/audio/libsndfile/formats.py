"""The formats that libsndfile writes: their suffixes, and the subtypes of each.

It must not import libsndfile: names are checked before anything is read.
"""

from dataclasses import dataclass

from convtool.media.audio.subtypes import bits
from convtool.media.policies import named

PCM = ("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
COMPANDED = ("ULAW", "ALAW")


@dataclass(frozen=True)
class Format:
    """One format, as it is written.

    Attributes:
        name: libsndfile's name.
        suffixes: of its files, the usual one first.
        subtypes: those chosen from where the user names none, the shortest first.
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
        enough = (own for own in self.subtypes if bits(own) >= bits(subtype))
        return next(enough, self.subtypes[-1])


FORMATS = (
    Format("WAV", (".wav", ".wave"), ("PCM_U8", *PCM, *COMPANDED)),
    Format("FLAC", (".flac",), ("PCM_S8", "PCM_16", "PCM_24")),
    Format("OGG", (".ogg", ".oga"), ("VORBIS", "OPUS")),
    Format("OGG", (".opus",), ("OPUS",)),
    Format("MP3", (".mp3",), ("MPEG_LAYER_III",)),
    Format("AIFF", (".aiff", ".aif", ".aifc"), ("PCM_S8", "PCM_U8", *PCM, *COMPANDED)),
    Format("CAF", (".caf",), ("PCM_S8", *PCM, *COMPANDED, "ALAC_16")),
    Format("RF64", (".rf64",), ("PCM_U8", *PCM, *COMPANDED)),
    Format("W64", (".w64",), ("PCM_U8", *PCM, *COMPANDED)),
    Format("AU", (".au", ".snd"), ("PCM_S8", *PCM, *COMPANDED)),
)
WRITABLE = {suffix: format for format in FORMATS for suffix in format.suffixes}

# libsndfile 1.2.2 decodes and encodes these wrongly; FFmpeg decodes them.
BROKEN_SUBTYPES = ("ALAC_20", "ALAC_24", "ALAC_32")


def format_of(suffix: str) -> Format:
    """Return the format that `.wav` or `wav` stands for.

    Raises:
        UsageError: none that can be written.
    """
    return named(suffix, WRITABLE, "no audio format is written as")
