"""The containers that can be written, and what each can hold.

It must not import FFmpeg: suffixes are asked for before anything is read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from convtool.media.video.holdings import (
    ANY,
    AVI,
    MATROSKA,
    MOV,
    MP4,
    NOTHING,
    WEBM,
    Holds,
    Kind,
    replaced,
)


@dataclass(frozen=True)
class Container:
    """A container that can be written.

    Attributes:
        muxer: FFmpeg's name for it.
        name: what messages call it.
        suffixes: of file names, with their dots.
        codec: the default codec of its video.
        holds: what it holds beside its frames.
        audio: FFmpeg's encoders for audio that it cannot hold as it is, the best first.
        lossless: those for audio that was stored without loss.
        text: the codec of its subtitles that are text; empty where it holds none.
        options: of the muxer.
        ticks: ticks per second of its time base; 0 for the input's time base, None for one tick
            per frame.
        least: ticks for which a frame is shown at least.
        aspect: it states the shape of pixels, whatever the codec.
        colours: it states what the numbers of frames mean, whatever the codec.
        timed: audio has times of its own, and so may begin late and pause.
        any_key: options of the muxer with which tags may have any name.
    """

    muxer: str
    name: str
    suffixes: tuple[str, ...]
    codec: str
    holds: Holds = field(default_factory=dict)
    audio: tuple[str, ...] = ()
    lossless: tuple[str, ...] = ()
    text: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    ticks: int | None = 0
    least: int = 1
    aspect: bool = False
    colours: bool = False
    timed: bool = True
    any_key: Mapping[str, str] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.name)

    def fitted(self, tags: Iterable[str]) -> "Container":
        """Return this container, in the form that holds the tags of a file best.

        Files of Apple's devices have keys of their own, which the formats of QuickTime can hold in
        a list of keys of any name; it takes the place of the list that has covers.
        """
        if not self.any_key or not any(tag.startswith(APPLE) for tag in tags):
            return self
        return replace(
            self,
            holds=replaced(self.holds, {Kind.TAG: ANY, Kind.COVER: None}),
            options={**self.options, **self.any_key},
        )


FRAMES = ".png"  # a folder of images, one per frame
FOLDER = Container("image2", "a folder of images", (FRAMES,), "png", aspect=True, colours=True)
APPLE = "com.apple.quicktime."  # the keys of Apple's devices begin so
QUICKTIME = {"movflags": "use_metadata_tags"}
# without it, FFmpeg marks the first track of a kind as the default where none is
FLAGS_AS_THEY_ARE = {"default_mode": "passthrough"}
CONTAINERS = (
    Container(
        "mp4",
        "MP4",
        (".mp4", ".m4v"),
        "h264",
        MP4,
        audio=("aac",),
        lossless=("alac", "flac"),
        text="mov_text",
        any_key=QUICKTIME,
        aspect=True,
    ),
    Container(
        "mov",
        "MOV",
        (".mov",),
        "h264",
        MOV,
        audio=("aac",),
        lossless=("alac", "pcm_s24le"),
        text="mov_text",
        any_key=QUICKTIME,
        aspect=True,
    ),
    Container(
        "matroska",
        "Matroska",
        (".mkv",),
        "h264",
        MATROSKA,
        audio=("aac",),
        lossless=("flac",),
        text="subrip",
        options=FLAGS_AS_THEY_ARE,
        ticks=1000,
        colours=True,
    ),
    Container(
        "webm",
        "WebM",
        (".webm",),
        "vp9",
        WEBM,
        audio=("libopus",),
        lossless=("libopus",),
        text="webvtt",
        options=FLAGS_AS_THEY_ARE,
        ticks=1000,
        colours=True,
    ),
    Container(
        "avi",
        "AVI",
        (".avi",),
        "h264",
        AVI,
        audio=("libmp3lame", "ac3"),
        lossless=("pcm_s16le", "pcm_s24le"),
        ticks=None,
        timed=False,
    ),
    # players slow frames of one tick down
    Container("gif", "GIF", (".gif",), "gif", NOTHING, ticks=100, least=2),
    FOLDER,
)
