"""The containers and codecs of films: what each can hold, and how samples lie in frames.

It must not import FFmpeg: it is asked about names before anything is read.
"""

from dataclasses import dataclass, field
from pathlib import PurePath

from convtool.errors import UsageError
from convtool.media import named


@dataclass(frozen=True)
class Container:
    """One container, as it is written.

    Attributes:
        muxer: FFmpeg's name for it.
        suffixes: file name endings.
        codec: what films in it are encoded as when nobody says.
        sound: what sound that it cannot hold is encoded as; empty where it holds none.
        ticks: how many a second it counts time in; 0 for the input's own, None for one a frame.
    """

    muxer: str
    suffixes: tuple[str, ...]
    codec: str
    sound: str = ""
    ticks: int | None = 0


@dataclass(frozen=True)
class Codec:
    """One codec, as it is written.

    Attributes:
        encoder: FFmpeg's name for it.
        crf: its constant quality where nobody says, smaller is better; None where it has none.
        preset: its speed where nobody says.
        presets: the encoder's names of speeds.
        quality: the encoder's name of `crf`.
        speed: the encoder's name of `preset`.
        even: frames of halved chroma must have even sizes.
        lossless: nothing is lost, so colours stay red, green and blue.
        options: further options of the encoder.
    """

    encoder: str
    crf: int | None = None
    preset: str | None = None
    presets: tuple[str, ...] = ()
    quality: str = "crf"
    speed: str = "preset"
    even: bool = False
    lossless: bool = False
    options: dict[str, str] = field(default_factory=dict)


SPEEDS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo",
)  # fmt: skip
FRAMES = ".png"  # a folder of pictures
CONTAINERS = (
    Container("mp4", (".mp4", ".m4v"), "h264", "aac"),
    Container("mov", (".mov",), "h264", "aac"),
    Container("matroska", (".mkv",), "h264", "aac"),
    Container("webm", (".webm",), "vp9", "libopus"),
    Container("avi", (".avi",), "h264", "libmp3lame", ticks=None),
    Container("gif", (".gif",), "gif", ticks=100),
    Container("image2", (FRAMES,), "png"),
)
CODECS = {
    "h264": Codec("libx264", 20, "medium", SPEEDS, even=True),
    "hevc": Codec(
        "libx265", 24, "medium", SPEEDS, even=True, options={"x265-params": "log-level=none"}
    ),
    "av1": Codec(
        "libsvtav1",
        30,
        "8",
        tuple(map(str, range(14))),
        even=True,
        options={"svtav1-params": "tile-columns=0"},
    ),
    "vp9": Codec(
        "libvpx-vp9",
        31,
        "good",
        ("best", "good", "realtime"),
        speed="deadline",
        options={"b": "0", "row-mt": "1"},
    ),
    "ffv1": Codec("ffv1", lossless=True, options={"level": "3", "slicecrc": "1"}),
    "mjpeg": Codec("mjpeg", 3, quality="qscale"),
    "gif": Codec("gif"),
    "png": Codec("png", lossless=True),
}
SUFFIXES = {suffix: container for container in CONTAINERS for suffix in container.suffixes}
READABLE = (
    *(suffix for suffix in SUFFIXES if suffix != FRAMES),
    ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".m2v", ".3gp", ".wmv", ".flv", ".ogv",
)  # fmt: skip
DEMUXERS = ("asf", "avi", "flv", "gif", "matroska", "mov", "mpeg", "mpegts", "mpegvideo", "ogg")


def container_of(suffix: str) -> Container:
    """Return the container that `.mp4` or `mp4` stands for.

    Raises:
        UsageError: it stands for none that can be written.
    """
    return named(suffix, SUFFIXES, "no film can be written as")


def is_film(name: str) -> bool:
    """Return True for the name of a film; GIFs and PNGs are pictures."""
    return PurePath(name).suffix.lower() in set(READABLE) - {".gif"}


def codec_of(container: Container, asked: str | None) -> Codec:
    """Return the codec that is asked for, or the container's usual one.

    Raises:
        UsageError: there is no such codec.
    """
    name = (asked or container.codec).lower()
    if name not in CODECS:
        raise UsageError(f"no codec is known by '{asked}'", hint=f"there are {', '.join(CODECS)}")
    return CODECS[name]
