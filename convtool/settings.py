"""What a run is asked for: every option once, with its default, its help and its bounds.

The command line makes its flags from these fields and `convtool.apply` takes them as keywords, so the names
are the same everywhere. It must not import torch; whether an option fits an input is the layer's business.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from convtool.errors import UsageError

MAX_KERNEL_SIZE = 2**16
MAX_STEP = 2**20  # torch takes strides and dilations up to 2^63 and silently returns nonsense for large ones
MAX_CHANNELS = 2**12
MAX_SEED = 2**63 - 1
MAX_NAN = 1e12

Combine = Literal["magnitude", "max", "sum", "mean"]
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
Normalize = Literal["auto", "sigmoid", "minmax", "clamp", "bounds", "abs", "none"]
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
Axes = int | tuple[int, ...]
Padding = Literal["same", "valid"] | Axes


def parse_axes(text: str) -> Axes:
    """Read `3` or `3,5`: one number for every axis, or one an axis."""
    if not re.fullmatch(r"\s*-?\d{1,30}\s*(,\s*-?\d{1,30}\s*)*", text):
        raise UsageError(f"'{text}' is neither a whole number nor a comma list of them")
    numbers = tuple(int(part) for part in text.split(","))
    return numbers[0] if len(numbers) == 1 else numbers


def parse_padding(text: str) -> Padding:
    """Read `same`, `valid`, or what `parse_axes` reads."""
    return text if text in ("same", "valid") else parse_axes(text)  # type: ignore[return-value]  # narrowed


def parse_groups(text: str) -> int | Literal["depthwise"]:
    """Read `depthwise` or a whole number."""
    groups = "depthwise" if text == "depthwise" else parse_axes(text)
    if isinstance(groups, tuple):
        raise UsageError(f"'{text}' is neither 'depthwise' nor one whole number")
    return groups  # type: ignore[return-value]  # an int or the one word


def option(default: Any, help: str, panel: str, *flags: str, **extra: Any) -> Any:  # typer's word
    """Declare a field with what the command line shows of it.

    Args:
        default: the value when it is not given.
        help: one line for `--help`.
        panel: the group of options it is shown in.
        flags: its spelling, where that is not `--name`.
        extra: further arguments of `typer.Option`.
    """
    return field(default=default, metadata={"help": help, "panel": panel, "flags": flags, "extra": extra})


def _axes(parse: Callable[[str], Any] = parse_axes, metavar: str = "N[,N]") -> dict[str, Any]:
    return {"parser": parse, "metavar": metavar}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is computed: the kernel, the layer, and how its result becomes visible.

    Raises:
        UsageError: a value is out of bounds, whatever the input.
    """

    kernel: tuple[str, ...] = option(
        (),
        "Preset name, NAME:PARAMETER=VALUE, YAML file, or a grid such as '0 -1 0; -1 5 -1; 0 -1 0'. "
        "Repeat it for a bank. Without it, weights are random.",
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
    kernel_size: Axes = option(3, "Size of random kernels.", "Kernel", **_axes())
    out_channels: int | None = option(
        None, "Output channels. Random weights: pictures 4, film 3, sound as many as the input.", "Kernel"
    )
    init: Init = option("default", "Random weights: PyTorch's own rule, or a name from torch.nn.init.", "Kernel")
    seed: int | None = option(None, "Seed of random weights; chosen and printed when not given.", "Kernel")

    stride: Axes = option(1, "Step between outputs.", "Layer", **_axes())
    padding: Padding = option(
        "same", "Samples added on both sides: a number, 'same' or 'valid'.", "Layer",
        **_axes(parse_padding, "N[,N]|same|valid"),
    )  # fmt: skip
    padding_mode: PaddingMode | None = option(
        None, "What is added. Pictures and film: replicate; sound: zeros.", "Layer", show_default="by medium"
    )
    dilation: Axes = option(1, "Distance between the kernel's taps.", "Layer", **_axes())
    groups: int | Literal["depthwise"] | None = option(
        None,
        "Channel groups that do not mix. Kernels: depthwise; random weights: 1.",
        "Layer",
        parser=parse_groups,
        metavar="N|depthwise",
    )
    bias: bool = option(True, "Let the layer have a bias: a kernel's own, or a random one.", "Layer")

    normalize: Normalize = option(
        "auto",
        "How results become visible. auto: random sigmoid, signed kernels minmax, others clamp.",
        "Result",
    )
    independent: bool = option(False, "minmax for each channel by itself.", "Result", "--independent")
    nan: float | None = option(
        None,
        "Read NaN and infinite samples as this value; they are refused otherwise.",
        "Result",
        metavar="VALUE",
    )

    device: str = option("auto", "auto, cpu, cuda, cuda:N or mps.", "Run", metavar="DEVICE")
    dtype: DType = option("float32", "Arithmetic on floats; the shorter ones are for GPUs.", "Run")
    algorithm: Algorithm = option("auto", "How the layer is run; the result is the same. auto plans by cost.", "Run")
    compile: bool = option(
        False,
        "Compile shifted multiply-adds: seconds once, then up to twice as fast. For long batches.",
        "Run",
        "--compile",
    )
    max_pixels: int = option(2**28, "Refuse pictures with more pixels, all frames together.", "Run", metavar="N")
    allow_truncated: bool = option(False, "Read what there is of a cut file.", "Run", "--allow-truncated")

    def __post_init__(self) -> None:
        _check_axes("kernel size", self.kernel_size, 1, MAX_KERNEL_SIZE)
        _check_axes("stride", self.stride, 1, MAX_STEP)
        _check_axes("dilation", self.dilation, 1, MAX_STEP)
        if not isinstance(self.padding, str):
            _check_axes("padding", self.padding, 0, MAX_STEP)
        elif self.padding not in ("same", "valid"):
            raise UsageError(f"padding is a number, 'same' or 'valid', not '{self.padding}'")
        if isinstance(self.groups, int):
            _check_axes("groups", self.groups, 1, MAX_CHANNELS)
        elif self.groups not in (None, "depthwise"):
            raise UsageError(f"groups is a number or 'depthwise', not '{self.groups}'")
        if self.out_channels is not None:
            _check_axes("out channels", self.out_channels, 1, MAX_CHANNELS)
        if self.seed is not None:
            _check_axes("seed", self.seed, 0, MAX_SEED)
        _check_axes("max pixels", self.max_pixels, 1, 2**40)
        self._check_choices()
        if self.nan is not None and not abs(self.nan) <= MAX_NAN:
            raise UsageError(f"--nan takes a number up to {MAX_NAN:g} in size, not {self.nan}")
        if self.kernel and (self.kernel_size != 3 or self.init != "default"):
            raise UsageError("--kernel-size and --init make random weights, and there is a --kernel")
        if self.combine and not self.kernel:
            raise UsageError("--combine folds a bank of kernels, and there is no --kernel")

    def _check_choices(self) -> None:
        for name, value, choices in (
            ("padding mode", self.padding_mode, PaddingMode),
            ("init", self.init, Init),
            ("normalize", self.normalize, Normalize),
            ("combine", self.combine, Combine),
        ):
            if value is not None and value not in get_args(choices):
                raise UsageError(f"{name} is one of {', '.join(get_args(choices))}, not '{value}'")


@dataclass(frozen=True, kw_only=True)
class OutputSettings:
    """Where results go and as what.

    Raises:
        UsageError: a value is out of bounds, or two contradict each other.
    """

    split: bool = option(False, "One file a channel, also where OUTPUT is a file.", "Output", "--split")
    merge: bool = option(False, "One file for all channels, also where OUTPUT is a folder.", "Output", "--merge")
    sheet: bool = option(
        False, "Show the input and every result side by side in one picture, labelled.", "Output", "--sheet"
    )
    format: str | None = option(
        None,
        "Type of the outputs, such as png; else OUTPUT's or the input's suffix says.",
        "Output",
        metavar="TYPE",
    )
    quality: int = option(90, "Quality of JPEG, WebP and AVIF, 1 to 100.", "Output", metavar="N")
    overwrite: bool = option(False, "Replace outputs that exist.", "Output", "--overwrite")

    def __post_init__(self) -> None:
        _check_axes("quality", self.quality, 1, 100)
        if self.split and (self.merge or self.sheet):
            raise UsageError("--split writes one file a channel, --merge and --sheet one for all")

    @property
    def one_file_a_channel(self) -> bool | None:
        """True or False where a flag says so, None for what OUTPUT suggests."""
        return False if self.merge or self.sheet else self.split or None


def _check_axes(name: str, value: Axes, low: int, high: int) -> None:
    for number in value if isinstance(value, tuple) else (value,):
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
            raise UsageError(f"{name} is a whole number from {low} to {high}, not {number}")


def per_axis(name: str, value: Axes, dims: int) -> tuple[int, ...]:
    """Spread one number over `dims` axes, or check that a tuple has one an axis.

    Raises:
        UsageError: the tuple is of another length.
    """
    if isinstance(value, int):
        return (value,) * dims
    if len(value) != dims:
        raise UsageError(f"{name} has {len(value)} numbers, and there are {dims} axes")
    return value
