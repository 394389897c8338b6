"""Options of the output: how results are spread over files, and how each medium stores them."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from convtool.errors import UsageError
from convtool.options.declare import check_choice, check_whole, option

AudioTrack = Literal["copy", "encode", "drop"]


@dataclass(frozen=True, kw_only=True)
class Output:
    """What every medium has.

    Raises:
        UsageError: a value is out of bounds, or two contradict each other.
    """

    sheet: ClassVar[bool] = False

    split: bool = option(
        False, "Write one file per channel, even where OUTPUT is a file.", "Output", "--split"
    )
    merge: bool = option(
        False,
        "Write one file for all channels, even where OUTPUT is a folder.",
        "Output",
        "--merge",
    )
    format: str | None = option(
        None,
        "Format of the outputs, such as png; by default from the suffix of OUTPUT or of the input.",
        "Output",
        metavar="TYPE",
    )
    overwrite: bool = option(False, "Replace existing outputs.", "Output", "--overwrite")

    def __post_init__(self) -> None:
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
        False,
        "Write one image with the input and all results side by side, labelled.",
        "Output",
        "--sheet",
    )
    quality: int = option(
        90, "Quality of JPEG, WebP, AVIF and HEIC, 1 to 100.", "Output", metavar="N"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("quality", self.quality, 1, 100)


@dataclass(frozen=True, kw_only=True)
class AudioOutput(Output):
    """What audio has beside it."""

    subtype: str | None = option(
        None,
        "Sample format: pcm_u8, pcm_s8, pcm_16, pcm_24, pcm_32, float, double, ulaw, vorbis, ….",
        "Output",
        show_default="the input's, or the nearest",
        metavar="NAME",
    )


@dataclass(frozen=True, kw_only=True)
class VideoOutput(Output):
    """What video has beside it."""

    codec: str | None = option(
        None,
        "Video codec: h264, hevc, av1, vp9, ffv1 or mjpeg.",
        "Output",
        show_default="by container",
        metavar="NAME",
    )
    crf: int | None = option(
        None,
        "Constant quality; smaller is better, and 0 is lossless for h264.",
        "Output",
        show_default="by codec",
        metavar="N",
    )
    preset: str | None = option(
        None,
        "Speed preset of the encoder, such as veryfast for h264.",
        "Output",
        show_default="by codec",
        metavar="NAME",
    )
    pix_fmt: str | None = option(
        None,
        "Pixel format, by its FFmpeg name, such as yuv420p.",
        "Output",
        show_default="the input's, or the nearest",
        metavar="NAME",
    )
    audio: AudioTrack | None = option(
        None,
        "What becomes of audio: copy, encode or drop.",
        "Output",
        show_default="copy, or encode where the container cannot hold it",
        metavar="WHAT",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("audio", self.audio, AudioTrack)
