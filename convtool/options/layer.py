"""Options of the layer: the parameters of `nn.Conv`, and for audio the alignment in time."""

from dataclasses import dataclass
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
from convtool.options.kernel import MAX_CHANNELS

MAX_STEP = (
    2**20
)  # torch takes strides and dilations up to 2^63, and computes nonsense for large ones

PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
Length = Literal["same", "full", "valid"]
Align = Literal["centre", "causal"]


@dataclass(frozen=True, kw_only=True)
class LayerOptions:
    """The parameters of `nn.Conv1d/2d/3d` beside its weights.

    Raises:
        UsageError: a value is out of bounds.
    """

    stride: Axes = option(1, "Distance between outputs, in samples.", "Layer", **axes())
    padding: Padding = option(
        "same",
        "Samples added on each side: a number, 'same' or 'valid'.",
        "Layer",
        **axes(parse_padding, "N[,N]|same|valid"),
    )
    padding_mode: PaddingMode | None = option(
        None,
        "Values of the padding. Images and video: replicate; audio: zeros.",
        "Layer",
        show_default="by medium",
    )
    dilation: Axes = option(
        1, "Distance between the taps of the kernel, in samples.", "Layer", **axes()
    )
    groups: int | Literal["depthwise"] | None = option(
        None,
        "Groups of channels that are not mixed. Kernels: depthwise; random weights: 1.",
        "Layer",
        parser=parse_groups,
        metavar="N|depthwise",
    )
    bias: bool = option(True, "Use a bias: the kernel's own, or a random one.", "Layer")

    def __post_init__(self) -> None:
        check_whole("stride", self.stride, 1, MAX_STEP)
        check_whole("dilation", self.dilation, 1, MAX_STEP)
        check_choice("padding-mode", self.padding_mode, PaddingMode)
        if not isinstance(self.padding, str):
            check_whole("padding", self.padding, 0, MAX_STEP)
        elif self.padding not in ("same", "valid"):
            raise UsageError(f"--padding takes a number, 'same' or 'valid', not '{self.padding}'")
        if not isinstance(self.groups, str):
            check_whole("groups", self.groups, 1, MAX_CHANNELS)
        elif self.groups != "depthwise":
            raise UsageError(f"--groups takes a number or 'depthwise', not '{self.groups}'")


@dataclass(frozen=True, kw_only=True)
class AlignmentOptions:
    """Where the kernel of an audio layer lies in time.

    Raises:
        UsageError: a value is out of bounds.
    """

    length: Length = option(
        "same",
        "Length of the result: that of the input, with the tail of the kernel, or without padding.",
        "Audio",
    )
    align: Align | None = option(
        None,
        "Centre the kernel on the sample, or use past samples only. "
        "Default: centre; causal for echoes and impulse responses.",
        "Audio",
        show_default="by kernel",
    )
    wet: float = option(
        1.0,
        "Share of the result in a mix with the input, 0 to 1; the input is delayed to match.",
        "Audio",
        metavar="SHARE",
    )

    def __post_init__(self) -> None:
        check_choice("length", self.length, Length)
        check_choice("align", self.align, Align)
        if not 0 <= self.wet <= 1:
            raise UsageError(f"--wet takes a number from 0 to 1, not {self.wet}")
