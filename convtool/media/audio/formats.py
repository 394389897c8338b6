"""The formats that are written: their suffixes, their subtypes, and what each can hold.

It must not import a library that encodes: names are checked before anything is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from convtool.media.audio.layout import FEW_MASKS, IMPLIED, alac_masks, title
from convtool.media.audio.metadata.model import Capacity
from convtool.media.audio.subtypes import LOSSY, bits
from convtool.media.policies import named
from convtool.sizes import counted

NOTHING = Capacity()
PCM = ("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
COMPANDED = ("ULAW", "ALAW")
ANY: Mapping[int, tuple[int, ...]] = {}  # all masks
FEW = {count: (mask,) for count, mask in FEW_MASKS.items()}
_SAME = {count: (mask,) for count, mask in IMPLIED.items()}
_AAC = {**FEW, 3: (0x7,), 4: (0x107, 0x33), 5: (0x37,), 6: (0x3F,), 8: (0x63F,)}
_ALAC = {count: (mask,) for count, mask in alac_masks().items()}


@dataclass(frozen=True)
class Format:
    """One format, as it is written.

    Attributes:
        name: libsndfile's name, or FFmpeg's.
        title: what users call it.
        suffixes: of its files, the usual one first.
        subtypes: those chosen from where the user names none, the shortest first.
        capacity: what it holds beside samples.
        layouts: the masks that it can state by number of channels, the usual one first; `ANY` for
            all, `FEW` for no more than mono and stereo.
        by_subtype: the same, where it depends on the subtype.
        library: that writes it.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    subtypes: tuple[str, ...]
    capacity: Capacity = NOTHING
    layouts: Mapping[int, tuple[int, ...]] = field(default_factory=lambda: ANY)
    by_subtype: Mapping[str, Mapping[int, tuple[int, ...]]] = field(default_factory=dict)
    library: str = "libsndfile"

    def nearest(self, subtype: str) -> str:
        """Return the subtype that keeps most of another; a lossy format has one for all.

        >>> format_of("flac").nearest("FLOAT"), format_of("wav").nearest("VORBIS")
        ('PCM_24', 'PCM_16')
        >>> format_of("ogg").nearest("PCM_24"), format_of("m4a").nearest("ALAC_24")
        ('VORBIS', 'ALAC_24')
        """
        if subtype in self.subtypes:
            return subtype
        if self.subtypes[0] in LOSSY:
            return self.subtypes[0]
        enough = (own for own in self.subtypes if bits(own) >= bits(subtype))
        return next(enough, self.subtypes[-1])

    def layout(self, mask: int, channels: int, subtype: str) -> tuple[int, tuple[str, ...]]:
        """Return the mask that a file gets, and notes where it is another one.

        >>> format_of("ogg").layout(0x60F, 6, "VORBIS")
        (63, ('channel layout 5.1(side) stored as 5.1',))
        """
        known = self.by_subtype.get(subtype, self.layouts)
        usual = FEW.get(channels, (0,))[0]
        if known is ANY or mask in known.get(channels, ()):
            return mask, ()
        stored = known.get(channels, (0,))[0]
        if mask == stored or (mask in (0, usual) and stored in (0, usual)):
            return stored, ()
        if not stored:
            return 0, (f"channel layout {title(mask)} dropped: {self.title} cannot hold it",)
        before = (
            f"channel layout {title(mask)}"
            if mask
            else f"{counted(channels, 'channel')} without positions"
        )
        return stored, (f"{before} stored as {title(stored)}",)


_EVERY_TAG = Capacity(None, pictures=True, chapters=True)
_RIFF = Capacity(None, pictures=True, chapters=True, homes=frozenset({"RIFF", "ID3"}))
_ID3 = Capacity(None, pictures=True, chapters=True, homes=frozenset({"ID3"}))
_AIFF = Capacity(None, pictures=True, chapters=True, homes=frozenset({"AIFF", "ID3"}))
_FLAC = Capacity(
    None, pictures=True, chapters=True, homes=frozenset({"FLAC"}), largest=2**24 - 2**12
)
_MP4 = Capacity(None, pictures=True, chapters=True, homes=frozenset({"MP4"}))
_CAF = Capacity(None, homes=frozenset({"CAF"}))
_W64 = Capacity(homes=frozenset({"W64"}))
FORMATS = (
    Format("WAV", "WAV", (".wav", ".wave"), ("PCM_U8", *PCM, *COMPANDED), _RIFF),
    Format(
        "FLAC",
        "FLAC",
        (".flac",),
        ("PCM_S8", "PCM_16", "PCM_24"),
        _FLAC,
    ),
    Format("OGG", "Ogg", (".ogg", ".oga"), ("VORBIS", "OPUS"), _EVERY_TAG, _SAME),
    Format("OGG", "Opus", (".opus",), ("OPUS",), _EVERY_TAG, _SAME),
    Format("MP3", "MP3", (".mp3",), ("MPEG_LAYER_III",), _ID3, FEW),
    Format(
        "M4A",
        "M4A",
        (".m4a",),
        ("AAC", "ALAC_16", "ALAC_24"),
        _MP4,
        FEW,
        {"AAC": _AAC, "ALAC_16": _ALAC, "ALAC_24": _ALAC},
        library="FFmpeg",
    ),
    Format(
        "AIFF",
        "AIFF",
        (".aiff", ".aif", ".aifc"),
        ("PCM_S8", "PCM_U8", *PCM, *COMPANDED),
        _AIFF,
    ),
    Format(
        "CAF",
        "CAF",
        (".caf",),
        ("PCM_S8", *PCM, *COMPANDED, "ALAC_16"),
        _CAF,
        by_subtype={"ALAC_16": _ALAC},
    ),
    Format("RF64", "RF64", (".rf64",), ("PCM_U8", *PCM, *COMPANDED), _RIFF),
    Format("W64", "W64", (".w64",), ("PCM_U8", *PCM, *COMPANDED), _W64, FEW),
    Format("AU", "AU", (".au", ".snd"), ("PCM_S8", *PCM, *COMPANDED), layouts=FEW),
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
