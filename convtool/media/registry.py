"""The media that there are: a value each, by which commands, completion and `apply` are made.

It must not import torch or a decoder: names, defaults and help are asked for before anything is
read. How files are read and written is the backend's business, which is imported when needed.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from convtool.errors import UsageError
from convtool.options.options import Options
from convtool.options.output import AudioOutput, ImageOutput, Output, VideoOutput
from convtool.options.reading import AudioReading, ImageReading, Reading, VideoReading

if TYPE_CHECKING:
    from convtool.media.contract import Backend


@dataclass(frozen=True)
class Help:
    """The help texts of a medium's command.

    Attributes:
        command: what it does.
        examples: calls without the words `convtool MEDIUM`, and what each does.
        inputs: what INPUT can be.
        output: what OUTPUT can be.
    """

    command: str = ""
    examples: tuple[tuple[str, str], ...] = ()
    inputs: str = "Files, folders, or -."
    output: str = "A file, a folder (one file per channel), or -."


@dataclass(frozen=True)
class Medium:
    """One medium.

    Attributes:
        name: of its command.
        dims: spatial axes: 1, 2 or 3; the leading one is what blocks follow each other on.
        load: imports and returns its backend.
        position: the word for a position of the leading axis: row, sample, frame, slice.
        several: the word for its files: images, audio files, videos.
        one: the word for one of them.
        formats: suffixes that outputs can have, without the dots, for completion.
        timed: the leading axis is time.
        centred: samples lie on both sides of zero, and -1…1 is their range; else 0…1.
        aligned: kernels can be causal, and results longer than their input.
        coloured: colours can be filtered in linear light, or their brightness alone.
        banded: one file can hold any number of channels as the bands of one image.
        overlapped: decoding, filtering and encoding are each worth a thread; one file keeps all
            cores busy.
        padding_mode: how inputs go on beyond their ends.
        random_channels: output channels of a random layer; None for as many as the input has.
        usual: the rule of `--normalize auto`; None for the kernels' own.
        sampling: of so many positions, one is measured where a sample will do.
        single: the name of a channel that is made of all others.
        reading: the class of its reading options.
        output: the class of its output options.
        help: the texts of its command.
    """

    name: str
    dims: int
    load: Callable[[], "Backend"]
    position: str
    several: str
    one: str = "file"
    formats: tuple[str, ...] = ()
    timed: bool = False
    centred: bool = False
    aligned: bool = False
    coloured: bool = False
    banded: bool = False
    overlapped: bool = False
    padding_mode: str = "replicate"
    random_channels: int | None = 4
    usual: str | None = None
    sampling: int = 1
    single: str = "l"
    reading: type[Reading] = Reading
    output: type[Output] = Output
    help: Help = Help()

    @property
    def backend(self) -> "Backend":
        """How its files are read and written."""
        return self.load()

    def options(self, values: Mapping[str, object]) -> Options:
        """Return its options from flat values by their names.

        Raises:
            UsageError: a value is wrong, or the medium has no such option.
        """
        options = Options.of(self.groups, values)
        if self.centred and options.result.normalize == "centred":
            raise UsageError(
                "--normalize centred is for images and video; audio lies around zero as it is",
                hint="--normalize minmax scales them to full scale",
            )
        return options

    @property
    def groups(self) -> dict[str, type]:
        """The classes of its option groups, by the fields of `Options`."""
        kinds = {name: type(default) for name, default in vars(Options()).items()}
        kinds |= {"reading": self.reading, "output": self.output}
        if not self.aligned:
            del kinds["alignment"]
        if not self.coloured:
            del kinds["colour"]
        return kinds


def _builtin(name: str) -> "Backend":
    backend: Backend = importlib.import_module(f"convtool.media.{name}").BACKEND
    return backend


MEDIA: dict[str, Medium] = {}


def register(medium: Medium) -> None:
    """Add a medium; the first one with as many axes is that of tensors.

    Raises:
        ValueError: there is one of that name.
    """
    if medium.name in MEDIA:
        raise ValueError(f"there is a medium '{medium.name}' already")
    MEDIA[medium.name] = medium


def medium_of_tensor(dims: int) -> Medium:
    """Return the medium of tensors with as many spatial axes.

    Raises:
        UsageError: there is none.
    """
    for medium in MEDIA.values():
        if medium.dims == dims:
            return medium
    raise UsageError(f"a tensor is NCL, NCHW or NCDHW, not of {dims + 2} axes")


register(
    Medium(
        "image",
        2,
        partial(_builtin, "image"),
        position="row",
        several="images",
        coloured=True,
        banded=True,
        one="image",
        formats=("avif", "bmp", "gif", "heic", "jpg", "npy", "png", "ppm", "tif", "webp"),
        reading=ImageReading,
        output=ImageOutput,
        help=Help(
            "Filter images with a Conv2d layer. Blurs filter transparency with the colours; other "
            "kernels leave it alone. One number per axis, in PyTorch's order: height, width.",
            (
                ("in.jpg out.png -k blur", "One image, all channels."),
                ("in.jpg out/ -k sobel-x", "One grey image per channel."),
                ("photos/ out/ -k sharpen --merge", "All images of a folder."),
            ),
            "Images, folders of images, or - for standard input.",
            "An image: all channels, in grey, in colour, or as a grid of feature maps. A folder: "
            "one grey image per channel, STEM_KERNEL_CHANNEL. Or - for standard output.",
        ),
    )
)
register(
    Medium(
        "audio",
        1,
        partial(_builtin, "audio"),
        position="sample",
        several="audio files",
        one="audio file",
        formats=("aiff", "au", "caf", "flac", "m4a", "mp3", "ogg", "opus", "rf64", "w64", "wav"),
        timed=True,
        centred=True,
        aligned=True,
        padding_mode="zeros",
        random_channels=None,
        usual="clamp",  # keeps the loudness
        single="mono",
        reading=AudioReading,
        output=AudioOutput,
        help=Help(
            "Filter audio with a Conv1d layer.",
            (
                ("talk.flac out.flac -k highpass:cutoff=80", "Remove rumble."),
                ("dry.wav wet.wav -k hall.wav --wet 30%", "Reverberate as in a hall."),
                ("songs/ out/ -k lowpass --merge", "All audio files of a folder."),
            ),
            "Audio files, videos with audio, folders of audio files, or - for standard input.",
            "An audio file: all channels. A folder: one audio file per channel, "
            "STEM_KERNEL_CHANNEL. Or - for standard output.",
        ),
    )
)
register(
    Medium(
        "video",
        3,
        partial(_builtin, "video"),
        position="frame",
        several="videos",
        one="video",
        formats=("avi", "gif", "mkv", "mov", "mp4", "png", "webm"),
        timed=True,
        overlapped=True,
        random_channels=3,
        # About a tenth, and prime: cadences such as each drawing for two frames, or three and two,
        # would else hide the motion, or the rests between.
        sampling=11,
        reading=VideoReading,
        output=VideoOutput,
        help=Help(
            "Filter video with a Conv3d layer. Kernels for images filter each frame. One number "
            "per axis, in PyTorch's order: time, height, width.",
            (
                ("in.mp4 out.mp4 -k sobel", "Every frame; the audio is kept."),
                ("in.mp4 out.mkv -k temporal-blur", "Blur along time."),
                ("in.mp4 out/ -k blur --format png --merge", "A folder of frames."),
            ),
            "Videos, folders of videos, or - for standard input.",
            "A video: all channels, in grey, in colour, or as a grid of feature maps. A folder: "
            "one grey video per channel, STEM_KERNEL_CHANNEL. Or - for standard output.",
        ),
    )
)
