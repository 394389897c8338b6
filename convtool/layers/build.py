"""Make one `nn.Conv1d/2d/3d` from kernels and layer options, and say what its channels mean.

It does not run the layer: `convolve` does for a block, `stream` for many.
"""

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from convtool.convolve.geometry import Conv, Pads, ends, output_size, padded_size
from convtool.errors import LayerError, UsageError
from convtool.kernels.resolve import Bank, Kernel
from convtool.layers import alignment
from convtool.layers.combine import COMBINES, combine_reach
from convtool.layers.outputs import Result, results_of
from convtool.options.declare import per_axis
from convtool.options.settings import Combine, Settings

CONVS: dict[int, Callable[..., Conv]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
MAX_WEIGHTS = 2**26
_drawing = threading.Lock()  # all threads draw from the same generator


@dataclass(frozen=True, eq=False)
class Layer:
    """A convolution layer, the folding of its banks, and the names of its results.

    Attributes:
        conv: the layer itself.
        folds: for each `-k`, how many kernels it has and how they are combined.
        combine: how what is left after `folds` is combined.
        results: what the folded output channels mean.
        pads: samples to add before and after on each axis where nn.Conv cannot say them, whose own padding is 0 then.
        centre: the tap of the leading axis on which the first kernel itself lies on the current sample.
        notes: what was done to make the kernels, for people.
    """

    conv: Conv
    folds: tuple[tuple[int, Combine | None], ...]
    combine: Combine | None
    results: tuple[Result, ...]
    pads: Pads | None = None
    centre: int = 0
    notes: tuple[str, ...] = ()

    @property
    def channels(self) -> int:
        """How many output channels are left after folding."""
        return sum(len(result.channels) for result in self.results)

    @property
    def ends(self) -> Pads:
        """How many samples are added before and after on each axis."""
        return self.pads or ends(self.conv)

    @property
    def latency(self) -> int:
        """By how many samples of the leading axis results come later than the kernel by itself has them."""
        return self.ends[0][0] - self.conv.dilation[0] * self.centre

    def bare_size(self, size: Sequence[int]) -> tuple[int, ...]:
        """Return an input's size as `conv` takes it, with the samples that nn.Conv does not add itself."""
        return tuple(size) if self.pads is None else padded_size(self.conv, size, self.pads)

    def output_size(self, size: Sequence[int]) -> tuple[int, ...]:
        """Return the result's spatial size for an input's.

        Raises:
            LayerError: the layer does not fit the input.
        """
        return output_size(self.conv, size, self.ends)

    def fold(self, responses: Tensor) -> Tensor:
        """Fold the layer's output channels by the banks' combinations.

        Shape: (N, groups, outputs of a group, *S) → (N, channels, *S)
        """
        if not self._folds_anything:
            return responses.flatten(1, 2)
        parts = self._split(responses if responses.dtype == torch.float64 else responses.float())
        folded = [
            part if how is None else COMBINES[how](part, 2).unsqueeze(2)
            for part, (_, how) in zip(parts, self.folds, strict=True)
        ]
        joined = torch.cat(folded, 2)
        return joined.flatten(1, 2) if self.combine is None else COMBINES[self.combine](joined, 2)

    def reach(self, *, signed: bool = False) -> tuple[Tensor, Tensor]:
        """Return the smallest and largest value of each folded channel for inputs in 0…1, or in -1…1 where signed.

        Shape: two tensors (channels,)
        """
        weight = self.conv.weight.detach().flatten(1).cpu()
        bias = 0 if self.conv.bias is None else self.conv.bias.detach().cpu()
        low, high = weight.clamp(max=0).sum(1), weight.clamp(min=0).sum(1)
        if signed:
            low, high = low - high, high - low
        ends = torch.stack([low + bias, high + bias])
        if self._folds_anything:
            parts = self._split(ends.reshape(2, self.conv.groups, -1))
            folded = [
                part if how is None else combine_reach(how, part).unsqueeze(2)
                for part, (_, how) in zip(parts, self.folds, strict=True)
            ]
            joined = torch.cat(folded, 2)
            ends = (
                joined.flatten(1) if self.combine is None else combine_reach(self.combine, joined)
            )
        return ends[0], ends[1]

    @property
    def _folds_anything(self) -> bool:
        return self.combine is not None or any(how for _, how in self.folds)

    def _split(self, grouped: Tensor) -> tuple[Tensor, ...]:
        return torch.split(grouped, [count for count, _ in self.folds], 2)


def build(
    banks: Sequence[Bank],
    settings: Settings,
    *,
    dims: int,
    in_channels: int,
    random_channels: int,
    padding_mode: str,
) -> Layer:
    """Make the layer that runs `banks`, or random weights where there are none.

    Args:
        banks: what each `-k` stands for.
        settings: the layer's options.
        dims: 1, 2 or 3.
        in_channels: channels of the input.
        random_channels: output channels of random weights where the settings name none.
        padding_mode: used where the settings name none.

    Raises:
        LayerError: the options do not fit the input.
        UsageError: the options do not fit each other.
    """
    alignment.refuse_sound_options(settings, dims)
    if not banks:
        return _random_layer(settings, dims, in_channels, random_channels, padding_mode)
    kernels = [
        kernel.flipped() if settings.flip else kernel for bank in banks for kernel in bank.kernels
    ]
    if any(kernel.full for kernel in kernels):
        return _full_layer(kernels, settings, in_channels, padding_mode)
    groups = _groups(settings, in_channels, in_channels)
    each = _kernels_per_group(banks, len(kernels), settings, groups)
    spread = in_channels // groups
    if settings.wet != 1 and spread != 1:
        raise LayerError("--wet mixes each channel with itself, and --groups mixes the channels")
    if settings.wet != 1:
        kernels = [alignment.mixed(kernel, settings.wet, in_channels) for kernel in kernels]
    size, place = alignment.frame(kernels, settings.align)
    conv, pads = _conv(settings, size, place, in_channels, each * groups, groups, padding_mode)
    framed = [alignment.embedded(kernel, size, place, settings.align) for kernel in kernels]
    stack = torch.from_numpy(np.stack(framed) / spread).unsqueeze(1)
    biases = torch.tensor([kernel.bias for kernel in kernels], dtype=torch.float64)
    repeats = each // len(kernels) * groups
    _set(conv, stack.repeat(repeats, spread, *(1,) * dims), biases.repeat(repeats))
    folds = tuple((len(bank.kernels), bank.combine) for bank in banks)
    results = results_of(banks, settings, groups, each, in_channels)
    return Layer(
        conv,
        folds,
        settings.combine,
        results,
        pads,
        _centre(kernels[0], place, settings),
        _notes(kernels),
    )


def _centre(kernel: Kernel, place: Sequence[int], settings: Settings) -> int:
    """Return the tap of the frame on which a kernel by itself lies on the current sample."""
    own, asked = (
        alignment.origin(kernel.size, align)
        for align in (kernel.align, settings.align or kernel.align)
    )
    return place[0] - asked[0] + own[0]


def _notes(kernels: Sequence[Kernel]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(note for kernel in kernels for note in kernel.notes))


def _groups(settings: Settings, in_channels: int, default: int) -> int:
    asked = default if settings.groups is None else settings.groups
    groups = in_channels if asked == "depthwise" else asked
    if in_channels % groups:
        raise LayerError(f"groups {groups} do not divide the input's {in_channels} channels")
    return groups


def _kernels_per_group(banks: Sequence[Bank], count: int, settings: Settings, groups: int) -> int:
    if settings.out_channels is None:
        return count
    if settings.combine or any(bank.combine for bank in banks):
        raise UsageError(
            "--out-channels repeats kernels, and a bank that is combined has one result"
        )
    if settings.out_channels % (count * groups):
        raise LayerError(
            f"out channels {settings.out_channels}: {count} kernels in {groups} groups give a multiple of "
            f"{count * groups}"
        )
    return settings.out_channels // groups


def _full_layer(
    kernels: Sequence[Kernel], settings: Settings, in_channels: int, padding_mode: str
) -> Layer:
    kernel, *others = kernels
    if others:
        raise UsageError(f"kernel '{kernel.label}' names its channels and cannot share a bank")
    if settings.out_channels not in (None, len(kernel.weights)) or settings.combine:
        raise UsageError(
            f"kernel '{kernel.label}' names its own output channels: {len(kernel.weights)}"
        )
    if in_channels % kernel.weights.shape[1]:
        raise LayerError(
            f"kernel '{kernel.label}' is for {kernel.weights.shape[1]} channels, the input has {in_channels}"
        )
    groups = in_channels // kernel.weights.shape[1]
    if _groups(settings, in_channels, groups) != groups or len(kernel.weights) % groups:
        raise LayerError(
            f"kernel '{kernel.label}' of shape {kernel.weights.shape} does not fit these groups"
        )
    if settings.wet != 1:
        kernel = alignment.mixed(kernel, settings.wet, in_channels)
    place = alignment.origin(kernel.size, settings.align or kernel.align)
    conv, pads = _conv(
        settings, kernel.size, place, in_channels, len(kernel.weights), groups, padding_mode
    )
    bias = torch.full((len(kernel.weights),), kernel.bias, dtype=torch.float64)
    _set(conv, torch.from_numpy(np.ascontiguousarray(kernel.weights)), bias)
    channels = tuple(range(len(kernel.weights)))
    kind = "signed" if kernel.signed else "unsigned"
    result = Result(kernel.label, channels, natural=len(channels) == in_channels, kind=kind)
    centre = _centre(kernel, place, settings)
    return Layer(conv, ((len(channels), None),), None, (result,), pads, centre, _notes(kernels))


def _random_layer(
    settings: Settings, dims: int, in_channels: int, random_channels: int, padding_mode: str
) -> Layer:
    out = settings.out_channels or random_channels
    groups = _groups(settings, in_channels, 1)
    if out % groups:
        raise LayerError(f"groups {groups} do not divide the {out} output channels")
    size = per_axis("kernel size", settings.kernel_size, dims)
    place = alignment.origin(size, settings.align or "centre")
    with _drawing, torch.random.fork_rng(devices=[], enabled=settings.seed is not None):
        if settings.seed is not None:
            torch.manual_seed(settings.seed)
        conv, pads = _conv(settings, size, place, in_channels, out, groups, padding_mode)
        if settings.init != "default":
            arguments = {"groups": groups} if settings.init == "dirac" else {}
            getattr(nn.init, f"{settings.init}_")(conv.weight, **arguments)
            if conv.bias is not None:
                nn.init.zeros_(conv.bias)
    if settings.flip:
        _set(conv, conv.weight.flip(tuple(range(2, conv.weight.ndim))), conv.bias)
    if settings.wet != 1:
        drawn = Kernel("random", dims, conv.weight.double().numpy())
        _set(
            conv,
            torch.from_numpy(alignment.mixed(drawn, settings.wet, in_channels).weights),
            conv.bias,
        )
        if conv.bias is not None:
            conv.bias.mul_(settings.wet)
    result = Result("random", tuple(range(out)), False, "random")
    return Layer(conv, ((out, None),), None, (result,), pads, (size[0] - 1) // 2)


def _conv(
    settings: Settings,
    size: tuple[int, ...],
    place: tuple[int, ...],
    in_channels: int,
    out_channels: int,
    groups: int,
    padding_mode: str,
) -> tuple[Conv, Pads | None]:
    dims = len(size)
    stride = per_axis("stride", settings.stride, dims)
    dilation = per_axis("dilation", settings.dilation, dims)
    weights = math.prod(size) * (in_channels // groups) * out_channels
    if weights > MAX_WEIGHTS:
        raise LayerError(f"{weights} weights, at most {MAX_WEIGHTS} are allowed")
    padding, pads = alignment.padding(settings, size, stride, dilation, place)
    conv = CONVS[dims](
        in_channels,
        out_channels,
        size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=settings.bias,
        padding_mode=settings.padding_mode or padding_mode,
    )
    return conv.requires_grad_(False), pads


def _set(conv: Conv, weight: Tensor, bias: Tensor | None) -> None:
    conv.weight.copy_(weight)
    if conv.bias is not None and bias is not None:
        conv.bias.copy_(bias)
