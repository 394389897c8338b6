"""Make one `nn.Conv1d/2d/3d` from kernels and layer options, and say what its channels mean.

It does not run the layer: `convolve` does for a block, `stream` for many.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from convtool.banks import COMBINES, combine_reach
from convtool.errors import LayerError, UsageError
from convtool.geometry import Conv, shown
from convtool.kernels import Bank, Kernel
from convtool.settings import Combine, Settings, per_axis

CONVS: dict[int, Callable[..., Conv]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
MAX_LABEL = 80
MAX_WEIGHTS = 2**26


@dataclass(frozen=True)
class Result:
    """One named result of a layer: which of its (folded) output channels it is made of.

    Attributes:
        label: the kernel's name, or `random`.
        channels: indices of output channels, in the order of the input's channels where `natural`.
        natural: each channel is the filtered input channel of the same place.
        kind: `random`, `signed` or `unsigned`; chooses the default mapping.
    """

    label: str
    channels: tuple[int, ...]
    natural: bool
    kind: str


@dataclass(frozen=True, eq=False)
class Layer:
    """A convolution layer, the folding of its banks, and the names of its results.

    Attributes:
        conv: the layer itself.
        folds: for each `-k`, how many kernels it has and how they are combined.
        combine: how what is left after `folds` is combined.
        results: what the folded output channels mean.
    """

    conv: Conv
    folds: tuple[tuple[int, Combine | None], ...]
    combine: Combine | None
    results: tuple[Result, ...]

    @property
    def channels(self) -> int:
        """How many output channels are left after folding."""
        return sum(len(result.channels) for result in self.results)

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

    def reach(self) -> tuple[Tensor, Tensor]:
        """Return the smallest and largest value of each folded channel for inputs in 0…1.

        Shape: two tensors (channels,)
        """
        weight = self.conv.weight.detach().flatten(1).cpu()
        bias = 0 if self.conv.bias is None else self.conv.bias.detach().cpu()
        ends = torch.stack([weight.clamp(max=0).sum(1) + bias, weight.clamp(min=0).sum(1) + bias])
        if self._folds_anything:
            parts = self._split(ends.reshape(2, self.conv.groups, -1))
            folded = [
                part if how is None else combine_reach(how, part).unsqueeze(2)
                for part, (_, how) in zip(parts, self.folds, strict=True)
            ]
            joined = torch.cat(folded, 2)
            ends = joined.flatten(1) if self.combine is None else combine_reach(self.combine, joined)
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
    if not banks:
        return _random_layer(settings, dims, in_channels, random_channels, padding_mode)
    kernels = [kernel for bank in banks for kernel in bank.kernels]
    if any(kernel.full for kernel in kernels):
        return _full_layer(kernels, settings, in_channels, padding_mode)
    groups = _groups(settings, in_channels, in_channels)
    each = _kernels_per_group(banks, len(kernels), settings, groups)
    size = tuple(max(kernel.size[axis] for kernel in kernels) for axis in range(dims))
    conv = _conv(settings, size, in_channels, each * groups, groups, padding_mode)
    spread = in_channels // groups
    stack = torch.from_numpy(np.stack([kernel.embedded(size) for kernel in kernels]) / spread).unsqueeze(1)
    biases = torch.tensor([kernel.bias for kernel in kernels], dtype=torch.float64)
    repeats = each // len(kernels) * groups
    _set(conv, stack.repeat(repeats, spread, *(1,) * dims), biases.repeat(repeats), flip=settings.flip)
    folds = tuple((len(bank.kernels), bank.combine) for bank in banks)
    return Layer(conv, folds, settings.combine, _results(banks, settings, groups, each, in_channels))


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
        raise UsageError("--out-channels repeats kernels, and a bank that is combined has one result")
    if settings.out_channels % (count * groups):
        raise LayerError(
            f"out channels {settings.out_channels}: {count} kernels in {groups} groups give a multiple of "
            f"{count * groups}"
        )
    return settings.out_channels // groups


def _results(banks: Sequence[Bank], settings: Settings, groups: int, each: int, in_channels: int) -> tuple[Result, ...]:
    named: list[tuple[str, bool]] = []
    for bank in banks:
        named += [(bank.label, bank.signed)] if bank.combine else [(k.label, k.signed) for k in bank.kernels]
    if settings.combine:
        label = "+".join(name for name, _ in named)
        named = [(label if len(label) <= MAX_LABEL else settings.combine, any(signed for _, signed in named))]
        each = 1
    elif any(bank.combine for bank in banks):
        each = len(named)
    natural = groups == in_channels and each == len(named)
    return tuple(
        Result(
            label,
            tuple(group * each + m for group in range(groups) for m in range(place, each, len(named))),
            natural,
            "signed" if signed else "unsigned",
        )
        for place, (label, signed) in enumerate(_distinct(named))
    )


def _distinct(named: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    seen: dict[str, int] = {}
    distinct = []
    for label, signed in named:
        seen[label] = seen.get(label, 0) + 1
        distinct.append((label if seen[label] == 1 else f"{label}-{seen[label]}", signed))
    return distinct


def _full_layer(kernels: Sequence[Kernel], settings: Settings, in_channels: int, padding_mode: str) -> Layer:
    kernel, *others = kernels
    if others:
        raise UsageError(f"kernel '{kernel.label}' names its channels and cannot share a bank")
    if settings.out_channels not in (None, len(kernel.weights)) or settings.combine:
        raise UsageError(f"kernel '{kernel.label}' names its own output channels: {len(kernel.weights)}")
    if in_channels % kernel.weights.shape[1]:
        raise LayerError(
            f"kernel '{kernel.label}' is for {kernel.weights.shape[1]} channels, the input has {in_channels}"
        )
    groups = in_channels // kernel.weights.shape[1]
    if _groups(settings, in_channels, groups) != groups or len(kernel.weights) % groups:
        raise LayerError(f"kernel '{kernel.label}' of shape {kernel.weights.shape} does not fit these groups")
    conv = _conv(settings, kernel.size, in_channels, len(kernel.weights), groups, padding_mode)
    bias = torch.full((len(kernel.weights),), kernel.bias, dtype=torch.float64)
    _set(conv, torch.from_numpy(np.ascontiguousarray(kernel.weights)), bias, flip=settings.flip)
    channels = tuple(range(len(kernel.weights)))
    kind = "signed" if kernel.signed else "unsigned"
    result = Result(kernel.label, channels, natural=len(channels) == in_channels, kind=kind)
    return Layer(conv, ((len(channels), None),), None, (result,))


def _random_layer(settings: Settings, dims: int, in_channels: int, random_channels: int, padding_mode: str) -> Layer:
    out = settings.out_channels or random_channels
    groups = _groups(settings, in_channels, 1)
    if out % groups:
        raise LayerError(f"groups {groups} do not divide the {out} output channels")
    size = per_axis("kernel size", settings.kernel_size, dims)
    with torch.random.fork_rng(devices=[], enabled=settings.seed is not None):
        if settings.seed is not None:
            torch.manual_seed(settings.seed)
        conv = _conv(settings, size, in_channels, out, groups, padding_mode)
        if settings.init != "default":
            arguments = {"groups": groups} if settings.init == "dirac" else {}
            getattr(nn.init, f"{settings.init}_")(conv.weight, **arguments)
            if conv.bias is not None:
                nn.init.zeros_(conv.bias)
    if settings.flip:
        _set(conv, conv.weight.detach(), conv.bias, flip=True)
    return Layer(conv, ((out, None),), None, (Result("random", tuple(range(out)), False, "random"),))


def _conv(
    settings: Settings,
    size: tuple[int, ...],
    in_channels: int,
    out_channels: int,
    groups: int,
    padding_mode: str,
) -> Conv:
    dims = len(size)
    stride = per_axis("stride", settings.stride, dims)
    dilation = per_axis("dilation", settings.dilation, dims)
    weights = math.prod(size) * (in_channels // groups) * out_channels
    if weights > MAX_WEIGHTS:
        raise LayerError(f"{weights} weights, at most {MAX_WEIGHTS} are allowed")
    conv = CONVS[dims](
        in_channels,
        out_channels,
        size,
        stride=stride,
        padding=_padding(settings, size, stride, dilation),
        dilation=dilation,
        groups=groups,
        bias=settings.bias,
        padding_mode=settings.padding_mode or padding_mode,
    )
    return conv.requires_grad_(False)


def _padding(
    settings: Settings, size: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> str | tuple[int, ...]:
    """Return what nn.Conv takes. It refuses 'same' with a stride, where half the span on both sides is meant."""
    if settings.padding == "valid":
        return "valid"
    if settings.padding != "same":
        return per_axis("padding", settings.padding, len(size))
    if set(stride) == {1}:
        return "same"
    totals = [d * (k - 1) for k, d in zip(size, dilation, strict=True)]
    if any(total % 2 for total in totals):
        raise LayerError(
            f"padding 'same' with stride {shown(stride)} needs an odd kernel, not {shown(size)}",
            hint="give --padding a number or 'valid'",
        )
    return tuple(total // 2 for total in totals)


def _set(conv: Conv, weight: Tensor, bias: Tensor | None, *, flip: bool) -> None:
    spatial = tuple(range(2, weight.ndim))
    conv.weight.copy_(weight.flip(spatial) if flip else weight)
    if conv.bias is not None and bias is not None:
        conv.bias.copy_(bias)
