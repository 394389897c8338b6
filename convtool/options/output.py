"""Options of the output: how results are spread over files, and how each medium stores them."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from convtool.errors import UsageError
from convtool.options.declare import Need, Situation, check, option
from convtool.options.values import Choice, Text, Whole

AudioTrack = Literal["copy", "encode", "drop"]
LOSSY = frozenset(  # suffixes of image formats
    {".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".avif", ".avifs", ".heic", ".heif", ".hif"}
)
TIFF = frozenset({".tif", ".tiff"})
MAX_TILE = 4096  # rows and columns
CODECS = ("h264", "hevc", "av1", "vp9", "ffv1", "mjpeg")
LOSSLESS = ("ffv1", "gif", "png")  # codecs without a quality
MAX_SEGMENTS = 1000
MAX_CRF = 2**15  # each codec has its own limit
PALETTES = frozenset({".gif", ".png"})  # suffixes of videos without a quality


def _lossy(call: Situation) -> bool:
    return not LOSSY.isdisjoint(call["suffixes"])


def _tiff(call: Situation) -> bool:
    return not TIFF.isdisjoint(call["suffixes"])


def _has_quality(call: Situation) -> bool:
    return call["codec"] not in LOSSLESS and not call["suffixes"] <= PALETTES


def _has_speed(call: Situation) -> bool:
    return _has_quality(call) and call["codec"] != "mjpeg"


@dataclass(frozen=True, kw_only=True)
class Output:
    """What every medium has.

    Raises:
        UsageError: a value is not allowed, or two contradict each other.
    """

    sheet: ClassVar[bool] = False
    segments: ClassVar[int] = 1

    split: bool = option(False, "One file per channel, whatever OUTPUT is.", "Output")
    merge: bool = option(False, "One file for all channels, whatever OUTPUT is.", "Output")
    format: str | None = option(
        None,
        {
            "": "Format of the outputs, by its suffix, such as png.",
            "numbers": "Format that the result would be stored in, by its suffix, such as png.",
            "audio": "Format of the outputs, by its suffix, such as flac.",
            "video": "Format of the outputs, by its suffix, such as mkv; png for a folder of "
            "frames.",
        },
        "Output",
        kind=Text("TYPE"),
        usual={"": "that of OUTPUT or of the input", "numbers": "that of the input"},
    )
    overwrite: bool = option(False, "Replace existing outputs.", "Output", "--force", "-f")

    def __post_init__(self) -> None:
        check(self)
        if self.split and (self.merge or self.sheet):
            raise UsageError("--split writes one file per channel, --merge and --sheet one for all")

    @property
    def one_file_per_channel(self) -> bool | None:
        """True or False where a flag decides, None where OUTPUT does."""
        return False if self.merge or self.sheet else self.split or None


@dataclass(frozen=True, kw_only=True)
class ImageOutput(Output):
    """What images have beside it."""

    sheet: bool = option(  # type: ignore[misc]  # an option here, a constant elsewhere
        False, "Write one image with the input and all results side by side, labelled.", "Output"
    )
    quality: int = option(
        90,
        "Quality of JPEG, WebP, AVIF and HEIC, from 1 to 100.",
        "Output",
        kind=Whole(1, 100),
        need=Need(_lossy, "only JPEG, WebP, AVIF and HEIC have a quality"),
    )
    tile: int | None = option(
        None,
        "Store TIFF in tiles of so many rows and columns, a multiple of 16; 0 stores strips.",
        "Output",
        kind=Whole(0, MAX_TILE),
        rare=True,
        usual="as the input is",
        need=Need(_tiff, "only TIFF has tiles"),
    )
    pyramid: bool = option(
        False,
        "Store TIFF as a pyramid: with reduced images, each half of the one before.",
        "Output",
        rare=True,
        usual="as the input is",
        need=Need(_tiff, "only TIFF has reduced images"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tile is not None and self.tile % 16:
            raise UsageError(f"--tile {self.tile} is not a multiple of 16")
        if self.pyramid and self.tile == 0:
            raise UsageError("--pyramid stores tiles, --tile 0 strips")


@dataclass(frozen=True, kw_only=True)
class AudioOutput(Output):
    """What audio has beside it."""

    subtype: str | None = option(
        None,
        "Sample format: pcm_u8, pcm_s8, pcm_16, pcm_24, pcm_32, float, double, ulaw, vorbis, ….",
        "Output",
        kind=Text("NAME"),
        usual="the input's, or the nearest",
    )


@dataclass(frozen=True, kw_only=True)
class VideoOutput(Output):
    """What video has beside it."""

    codec: str | None = option(
        None,
        "Video codec: h264, hevc, av1, vp9, ffv1, mjpeg or a name of FFmpeg's.",
        "Output",
        kind=Text("NAME", CODECS),
        usual="by container",
    )
    crf: int | None = option(
        None,
        "Constant quality; smaller is better, and 0 is lossless for h264.",
        "Output",
        kind=Whole(0, MAX_CRF),
        usual="by codec",
        need=Need(_has_quality, "the codec is lossless"),
    )
    speed: str | None = option(
        None,
        "Speed of the encoder, by its own names, such as veryfast for h264.",
        "Output",
        kind=Text("NAME"),
        usual="by codec",
        need=Need(_has_speed, "the codec has one speed"),
    )
    pix_fmt: str | None = option(
        None,
        "Pixel format, by its FFmpeg name, such as yuv420p.",
        "Output",
        kind=Text("NAME"),
        rare=True,
        usual="the input's, or the nearest",
    )
    audio: AudioTrack | None = option(
        None,
        "What becomes of audio: copy, encode or drop.",
        "Output",
        kind=Choice("WHAT", get_args(AudioTrack)),
        usual="copy, or encode where the container cannot hold it",
    )
    segments: int = option(  # type: ignore[misc]  # an option here, a constant elsewhere
        1, "Parts of a video filtered at once.", "Run", kind=Whole(1, MAX_SEGMENTS)
    )
