"""The codecs of videos, and the formats by their suffixes.

It must not import FFmpeg: suffixes are asked for before anything is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from convtool.errors import UsageError
from convtool.media.policies import named
from convtool.media.video.containers import CONTAINERS, FRAMES, Container


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
