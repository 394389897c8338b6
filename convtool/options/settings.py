"""What a run is asked for: every option once, with its default, its help and its bounds.

The command line makes its flags from these fields and `convtool.apply` takes them as keywords, so the names
are the same everywhere. It must not import torch; whether an option fits an input is the layer's business.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from convtool.errors import UsageError
from convtool.options.declare import (
    Axes,
    Padding,
    axes,
    check_choice,
    check_whole,
    option,
    parse_groups,
    parse_padding,
)

MAX_KERNEL_SIZE = 2**16
MAX_STEP = (
    2**20
)  # torch takes strides and dilations up to 2^63 and silently returns nonsense for large ones
MAX_CHANNELS = 2**12
MAX_SEED = 2**63 - 1
MAX_NAN = 1e12
MAX_SECONDS = 1e9
MAX_FRAMES = 2**40
MIN_RATE, MAX_RATE = 1, 2**24  # samples a second

PICTURES, SOUND, FILM = ("image",), ("audio",), ("video",)

Combine = Literal["magnitude", "max", "sum", "mean"]
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
Normalize = Literal["auto", "sigmoid", "minmax", "clamp", "bounds", "abs", "none"]
Length = Literal["same", "full", "valid"]
Align = Literal["centre", "causal"]
DType = Literal["float32", "float16", "bfloat16"]
Algorithm = Literal["auto", "direct", "taps", "separable", "fft"]
Init = Literal[
    "default",
    "uniform",
    "normal",
    "trunc_normal",
    "ones",
    "zeros",
    "dirac",
    "xavier_uniform",
    "xavier_normal",
    "kaiming_uniform",
    "kaiming_normal",
    "orthogonal",
]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is computed: the kernel, the layer, and how its result becomes visible.

    Raises:
        UsageError: a value is out of bounds, whatever the input.
    """

    kernel: tuple[str, ...] = option(
        (),
        "Preset name, NAME:PARAMETER=VALUE, YAML file, a grid such as '0 -1 0; -1 5 -1; 0 -1 0', or for sound an "
        "impulse response such as hall.wav. Repeat it for a bank. Without it, weights are random.",
        "Kernel",
        "--kernel",
        "-k",
        metavar="KERNEL",
    )
    kernel_path: tuple[Path, ...] = option(
        (), "Folder of kernel files, searched first. Repeatable.", "Kernel", metavar="FOLDER"
    )
    combine: Combine | None = option(None, "Fold the bank into one result.", "Kernel")
    flip: bool = option(
        False,
        "Flip the kernel on every axis: true convolution. Layers compute cross-correlation, without a flip.",
        "Kernel",
        "--flip",
    )
    kernel_size: Axes = option(3, "Size of random kernels.", "Kernel", **axes())
    out_channels: int | None = option(
        None,
        "Output channels. Random weights: pictures 4, film 3, sound as many as the input.",
        "Kernel",
    )
    init: Init = option(
        "default", "Random weights: PyTorch's own rule, or a name from torch.nn.init.", "Kernel"
    )
    seed: int | None = option(
        None, "Seed of random weights; chosen and printed when not given.", "Kernel"
    )

    stride: Axes = option(1, "Step between outputs.", "Layer", **axes())
    padding: Padding = option(
        "same", "Samples added on both sides: a number, 'same' or 'valid'.", "Layer",
        **axes(parse_padding, "N[,N]|same|valid"),
    )  # fmt: skip
    padding_mode: PaddingMode | None = option(
        None,
        "What is added. Pictures and film: replicate; sound: zeros.",
        "Layer",
        show_default="by medium",
    )
    dilation: Axes = option(1, "Distance between the kernel's taps.", "Layer", **axes())
    groups: int | Literal["depthwise"] | None = option(
        None,
        "Channel groups that do not mix. Kernels: depthwise; random weights: 1.",
        "Layer",
        parser=parse_groups,
        metavar="N|depthwise",
    )
    bias: bool = option(
        True, "Let the layer have a bias: a kernel's own, or a random one.", "Layer"
    )

    normalize: Normalize = option(
        "auto",
        "How results fit the output's range. auto: sound clamp; else random sigmoid, signed kernels minmax, "
        "others clamp.",
        "Result",
    )
    independent: bool = option(
        False, "minmax for each channel by itself.", "Result", "--independent"
    )
    nan: float | None = option(
        None,
        "Read NaN and infinite samples as this value; they are refused otherwise.",
        "Result",
        metavar="VALUE",
    )

    length: Length = option(
        "same",
        "Length of the result: the input's, with the kernel's tail, or without padding.",
        "Sound",
        media=SOUND,
    )
    align: Align | None = option(
        None,
        "Let the kernel look both ways, or only back. Echoes and impulse responses look back by themselves.",
        "Sound",
        media=SOUND,
        show_default="by kernel",
    )
    wet: float = option(
        1.0, "Share of the result in a mix with the input, 0 to 1; the input is delayed to match.", "Sound",
        media=SOUND, metavar="SHARE",
    )  # fmt: skip
    rate: int | None = option(
        None, "Resample to this many samples a second, first.", "Sound", media=SOUND, metavar="HZ"
    )
    mono: bool = option(False, "Mix all channels to one, first.", "Sound", "--mono", media=SOUND)

    start: float | None = option(
        None, "Begin at this second.", "Film", media=FILM, metavar="SECONDS"
    )
    duration: float | None = option(
        None, "Stop after so many seconds.", "Film", media=FILM, metavar="SECONDS"
    )
    frames: int | None = option(None, "Stop after so many frames.", "Film", media=FILM, metavar="N")

    device: str = option("auto", "auto, cpu, cuda, cuda:N or mps.", "Run", metavar="DEVICE")
    dtype: DType = option("float32", "Arithmetic on floats; the shorter ones are for GPUs.", "Run")
    algorithm: Algorithm = option(
        "auto", "How the layer is run; the result is the same. auto plans by cost.", "Run"
    )
    compile: bool = option(
        False,
        "Compile shifted multiply-adds: seconds once, then up to twice as fast. For long batches.",
        "Run",
        "--compile",
    )
    max_pixels: int = option(
        2**28,
        "Refuse pictures with more pixels, all frames together, and films with larger frames.",
        "Run",
        media=PICTURES + FILM,
        metavar="N",
    )
    max_memory: int = option(
        8192,
        "Refuse inputs that would take more memory, and let others wait for each other; in MiB.",
        "Run",
        metavar="MIB",
    )
    max_seconds: int = option(
        86_400, "Refuse longer sounds and films.", "Run", media=SOUND + FILM, metavar="SECONDS"
    )
    allow_truncated: bool = option(
        False, "Read what there is of a cut file.", "Run", "--allow-truncated"
    )

    def __post_init__(self) -> None:
        self._check_numbers()
        self._check_choices()
        self._check_pairs()

    def _check_numbers(self) -> None:
        for name, value, low, high in (
            ("kernel size", self.kernel_size, 1, MAX_KERNEL_SIZE),
            ("stride", self.stride, 1, MAX_STEP),
            ("dilation", self.dilation, 1, MAX_STEP),
            ("padding", None if isinstance(self.padding, str) else self.padding, 0, MAX_STEP),
            ("groups", None if isinstance(self.groups, str) else self.groups, 1, MAX_CHANNELS),
            ("out channels", self.out_channels, 1, MAX_CHANNELS),
            ("seed", self.seed, 0, MAX_SEED),
            ("rate", self.rate, MIN_RATE, MAX_RATE),
            ("frames", self.frames, 1, MAX_FRAMES),
            ("max pixels", self.max_pixels, 1, 2**40),
            ("max memory", self.max_memory, 1, 2**40),
            ("max seconds", self.max_seconds, 1, 2**40),
        ):
            if value is not None:
                check_whole(name, value, low, high)
        for name, seconds in (("start", self.start), ("duration", self.duration)):
            if seconds is not None and not 0 <= seconds <= MAX_SECONDS:
                raise UsageError(f"--{name} is a number of seconds, not {seconds}")
        if not 0 <= self.wet <= 1:
            raise UsageError(f"--wet is a share from 0 to 1, not {self.wet}")
        if self.nan is not None and not abs(self.nan) <= MAX_NAN:
            raise UsageError(f"--nan takes a number up to {MAX_NAN:g} in size, not {self.nan}")

    def _check_pairs(self) -> None:
        if isinstance(self.padding, str) and self.padding not in ("same", "valid"):
            raise UsageError(f"padding is a number, 'same' or 'valid', not '{self.padding}'")
        if isinstance(self.groups, str) and self.groups != "depthwise":
            raise UsageError(f"groups is a number or 'depthwise', not '{self.groups}'")
        if self.padding != "same" and (self.length != "same" or self.align):
            raise UsageError("--padding and --length or --align say the same in two ways: give one")
        if self.wet != 1 and self.combine:
            raise UsageError(
                "--wet mixes each result with the input, and --combine folds them into one"
            )
        if self.kernel and (self.kernel_size != 3 or self.init != "default"):
            raise UsageError(
                "--kernel-size and --init make random weights, and there is a --kernel"
            )
        if self.combine and not self.kernel:
            raise UsageError("--combine folds a bank of kernels, and there is no --kernel")

    def _check_choices(self) -> None:
        check_choice("padding mode", self.padding_mode, PaddingMode)
        check_choice("init", self.init, Init)
        check_choice("normalize", self.normalize, Normalize)
        check_choice("combine", self.combine, Combine)
        check_choice("length", self.length, Length)
        check_choice("align", self.align, Align)


@dataclass(frozen=True, kw_only=True)
class OutputSettings:
    """Where results go and as what.

    Raises:
        UsageError: a value is out of bounds, or two contradict each other.
    """

    split: bool = option(
        False, "One file a channel, also where OUTPUT is a file.", "Output", "--split"
    )
    merge: bool = option(
        False, "One file for all channels, also where OUTPUT is a folder.", "Output", "--merge"
    )
    sheet: bool = option(
        False, "Show the input and every result side by side in one picture, labelled.", "Output", "--sheet",
        media=PICTURES,
    )  # fmt: skip
    format: str | None = option(
        None,
        "Type of the outputs, such as png; else OUTPUT's or the input's suffix says.",
        "Output",
        metavar="TYPE",
    )
    quality: int = option(
        90, "Quality of JPEG, WebP and AVIF, 1 to 100.", "Output", media=PICTURES, metavar="N"
    )
    subtype: str | None = option(
        None,
        "How samples are stored: pcm_u8, pcm_s8, pcm_16, pcm_24, pcm_32, float, double, ulaw, vorbis, ….",
        "Output",
        media=SOUND,
        show_default="the input's, or the nearest",
        metavar="NAME",
    )
    codec: str | None = option(
        None,
        "h264, hevc, av1, vp9, ffv1, mjpeg.",
        "Output",
        media=FILM,
        show_default="by container",
        metavar="NAME",
    )
    crf: int | None = option(
        None, "Constant quality, smaller is better; 0 is lossless for h264.", "Output", media=FILM,
        show_default="by codec", metavar="N",
    )  # fmt: skip
    preset: str | None = option(
        None,
        "Speed of the encoder, by its own names.",
        "Output",
        media=FILM,
        show_default="by codec",
        metavar="NAME",
    )
    pix_fmt: str | None = option(
        None, "Pixel format, by FFmpeg's names.", "Output", media=FILM, show_default="the input's, or the nearest",
        metavar="NAME",
    )  # fmt: skip
    overwrite: bool = option(False, "Replace outputs that exist.", "Output", "--overwrite")

    def __post_init__(self) -> None:
        check_whole("quality", self.quality, 1, 100)
        if self.split and (self.merge or self.sheet):
            raise UsageError("--split writes one file a channel, --merge and --sheet one for all")

    @property
    def one_file_a_channel(self) -> bool | None:
        """True or False where a flag says so, None for what OUTPUT suggests."""
        return False if self.merge or self.sheet else self.split or None
