"""The containers and codecs of videos: the names of each, and what it can hold.

It must not import FFmpeg: suffixes are asked for before anything is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from convtool.errors import UsageError
from convtool.media.policies import named


@dataclass(frozen=True)
class Container:
    """A container that can be written.

    Attributes:
        muxer: FFmpeg's name for it.
        suffixes: of file names, with their dots.
        codec: the default codec of its video.
        audio: FFmpeg's encoder for audio that it cannot hold as it is; empty where it holds none.
        ticks: ticks per second of its time base; 0 for the input's time base, None for one tick
            per frame.
        least: ticks for which a frame is shown at least.
        aspect: it states the shape of pixels, whatever the codec.
        colours: it states what the numbers of frames mean, whatever the codec.
    """

    muxer: str
    suffixes: tuple[str, ...]
    codec: str
    audio: str = ""
    ticks: int | None = 0
    least: int = 1
    aspect: bool = False
    colours: bool = False


@dataclass(frozen=True)
class Codec:
    """A codec that can be written.

    Attributes:
        encoder: FFmpeg's name for its encoder.
        crf: the default constant quality, smaller is better; None where it has none.
        preset: the default speed.
        presets: the encoder's names of speeds.
        quality: the encoder's options that take `crf`.
        best: the least `crf` that the encoder takes; smaller ones are raised to it.
        worst: the largest `crf` that the encoder takes.
        speed: the encoder's option that takes `preset`.
        even: where chroma is halved, the size of a frame must be even.
        lossless: frames come back as they were, so they are stored as red, green and blue.
        aspect: its frames state the shape of pixels, whatever the container.
        colours: they state what their numbers mean.
        options: further options of the encoder.
    """

    encoder: str
    crf: int | None = None
    preset: str | None = None
    presets: tuple[str, ...] = ()
    quality: tuple[str, ...] = ("crf",)
    best: int = 0
    worst: int = 51
    speed: str = "preset"
    even: bool = False
    lossless: bool = False
    aspect: bool = False
    colours: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


SPEEDS = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
)
FRAMES = ".png"  # a folder of images, one per frame
FOLDER = Container("image2", (FRAMES,), "png", aspect=True, colours=True)
CONTAINERS = (
    Container("mp4", (".mp4", ".m4v"), "h264", "aac", aspect=True),
    Container("mov", (".mov",), "h264", "aac", aspect=True),
    Container("matroska", (".mkv",), "h264", "aac", ticks=1000, colours=True),
    Container("webm", (".webm",), "vp9", "libopus", ticks=1000, colours=True),
    Container("avi", (".avi",), "h264", "libmp3lame", ticks=None),
    Container("gif", (".gif",), "gif", ticks=100, least=2),  # players slow shorter ones down
    FOLDER,
)
CODECS = {
    "h264": Codec("libx264", 20, "medium", SPEEDS, even=True, aspect=True, colours=True),
    "hevc": Codec(
        "libx265",
        24,
        "medium",
        SPEEDS,
        even=True,
        aspect=True,
        colours=True,
        options={"x265-params": "log-level=none"},
    ),
    "av1": Codec(
        "libsvtav1",
        30,
        "8",
        tuple(map(str, range(14))),
        worst=63,
        even=True,
        colours=True,
        options={"svtav1-params": "tile-columns=0"},
    ),
    "vp9": Codec(
        "libvpx-vp9",
        31,
        "good",
        ("best", "good", "realtime"),
        worst=63,
        speed="deadline",
        colours=True,
        options={"b": "0", "row-mt": "1"},
    ),
    "ffv1": Codec("ffv1", lossless=True, options={"level": "3", "slicecrc": "1"}),
    "mjpeg": Codec("mjpeg", 2, quality=("qmin", "qmax"), best=1, worst=31, aspect=True),
    "gif": Codec("gif"),
    "png": Codec("png", lossless=True, aspect=True),
}
SUFFIXES = {suffix: container for container in CONTAINERS for suffix in container.suffixes}
READABLE = (
    *(suffix for suffix in SUFFIXES if suffix != FRAMES),
    ".ts",
    ".mts",
    ".m2ts",
    ".mpg",
    ".mpeg",
    ".m2v",
    ".3gp",
    ".wmv",
    ".flv",
    ".ogv",
)
DEMUXERS = ("asf", "avi", "flv", "gif", "matroska", "mov", "mpeg", "mpegts", "mpegvideo", "ogg")


def container_of(suffix: str) -> Container:
    """Return the container that `.mp4` or `mp4` stands for.

    Raises:
        UsageError: no video can be written with that suffix.
    """
    return named(suffix, SUFFIXES, "no video can be written as")


def codec_of(container: Container, name: str | None) -> Codec:
    """Return the codec of a name, ours or FFmpeg's, or the default codec of a container.

    Raises:
        UsageError: the name is unknown.
    """
    key = (name or container.codec).lower().replace("_", "-")
    for ours, codec in CODECS.items():
        if key in (ours, codec.encoder):
            return codec
    raise UsageError(f"unknown codec '{name}'", hint=f"known: {', '.join(CODECS)}")
