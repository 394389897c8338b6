"""A convolution layer with the folding of its banks, and what its channels mean.

It does not run the layer: `convolve` does.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from convtool.convolve.geometry import Conv, Placement, window
from convtool.kernels import heat, table
from convtool.layers.combine import combined, combined_range
from convtool.layers.fold import Fold
from convtool.layers.outputs import NamedOutput
from convtool.layers.plain import Plain
from convtool.layers.weighing import is_mean, reaches_neighbours
from convtool.options.kernel import Combine
from convtool.padding import Modes, text_of
from convtool.sizes import Pads, Window, counted, sides_text


@dataclass(frozen=True, eq=False)
class Layer:
    """A convolution layer, the folding of its banks, and the names of its outputs.

    Attributes:
        conv: the layer itself.
        folds: for each `-k`, how many kernels it has and how they are combined.
        combine: how what is left after `folds` is combined.
        outputs: the meaning of the output channels, after folding.
        pads: samples to add before and after on each axis where nn.Conv cannot; it adds 0 then.
        padding_modes: of each axis, where nn.Conv cannot express them; None for its own.
        centre: the tap of the leading axis on which the first kernel alone is aligned with the
            current sample.
        notes: what was done to make the kernels.
        before: the steps before it, where it is the last layer of a chain.
        reach: the range of each input channel; None for that of the medium.
        transposed: the layer as PyTorch has it, where it is transposed, and runs behind a step that
            puts zeros between samples.
        ends_chain: it changes nothing: the last step of its chain is one without weights.
    """

    conv: Conv
    folds: tuple[tuple[int, Combine | None], ...]
    combine: Combine | None
    outputs: tuple[NamedOutput, ...]
    pads: Pads | None = None
    centre: int = 0
    notes: tuple[str, ...] = ()
    before: "tuple[Layer | Plain, ...]" = ()
    reach: tuple[Tensor, Tensor] | None = None
    transposed: nn.Module | None = None
    ends_chain: bool = False
    padding_modes: Modes | None = None
    spreads: ClassVar = False  # zeros between samples: it does not

    @property
    def steps(self) -> "tuple[Layer | Plain, ...]":
        """All steps of its chain, in order: itself alone where there are no others."""
        return self.before if self.ends_chain else (*self.before, self)

    @property
    def module(self) -> nn.Module:
        """What PyTorch calls it: the layer, or the sequence of its chain."""
        modules = [step.named for step in self.steps if not step.spreads]
        return modules[0] if len(modules) == 1 else nn.Sequential(*modules)

    @property
    def named(self) -> nn.Module:
        """What PyTorch calls this step alone."""
        return self.conv if self.transposed is None else self.transposed

    @property
    def stride(self) -> tuple[int, ...]:
        """Input positions from one position of its result to the next, per axis."""
        return tuple(self.conv.stride)

    @property
    def channels(self) -> int:
        """The number of output channels after folding."""
        return sum(len(output.channels) for output in self.outputs)

    @property
    def window(self) -> Window:
        """How the kernel moves over an input, and what is added around that."""
        return window(self.conv, self.pads, self.padding_modes)

    @property
    def ends(self) -> Pads:
        """The samples added before and after on each axis."""
        return self.window.pads

    @property
    def modes(self) -> Modes:
        """The padding mode of each axis."""
        return self.window.modes

    @property
    def latency(self) -> int:
        """Samples of the leading axis by which results are later than the kernel alone has it."""
        return self.ends[0][0] - self.conv.dilation[0] * self.centre

    @property
    def sees_neighbours(self) -> bool:
        """True where results depend on more than the sample at their own place."""
        return reaches_neighbours(self.conv.weight)

    @property
    def smooths(self) -> bool:
        """True for a weighted mean of each channel's neighbours, as a blur is."""
        return not self.folds_anything and is_mean(self.conv) and self.sees_neighbours

    @property
    def planes(self) -> list[heat.Plane]:
        """The weights as planes, to be drawn."""
        weight = self.conv.weight.detach().cpu().numpy().astype(np.float64)
        return heat.planes(weight, weight.ndim - 2)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the line of PyTorch, and the weights as heat maps."""
        conv = self.conv
        bias = [] if conv.bias is None else conv.bias.detach().tolist()
        facts = (
            f"weight {tuple(conv.weight.shape)}",
            f"bias {table.spread(bias)}" if bias else "no bias",
            f"{counted(conv.weight.numel() + len(bias), 'parameter')}",
            *([f"padded by {sides_text(self.pads)}; {text_of(self.modes)}"] if self.pads else []),
            f"outputs: {', '.join(output.title for output in self.outputs)}",
            *self.notes,
        )
        return table.figure(str(conv), facts, table.tables(self.planes))

    def _repr_png_(self) -> bytes:
        """Return the heat maps as one picture, for notebooks that are printed."""
        return heat.png(self.planes)

    def conv_size(self, size: Sequence[int]) -> tuple[int, ...]:
        """Return an input's size as `conv` receives it, with the samples it does not add itself."""
        return tuple(size) if self.pads is None else self.window.padded(size)

    def placement(self, size: Sequence[int]) -> Placement:
        """Return the size of the result of an input, and where its positions lie on it.

        Raises:
            LayerError: the layer does not fit the input.
        """
        return Placement(self.window, size)

    def thinned(self, every: int) -> "Layer":
        """Return the layer that makes one of `every` positions along the leading axis."""
        conv = copy.copy(self.conv)
        first, *others = conv.stride
        conv.stride = (first * every, *others)
        return replace(self, conv=conv)

    @property
    def fold(self) -> Fold:
        """The step that folds the layer's output channels by the banks' combinations."""
        return Fold(self.folded, self.folds_anything)

    def folded(self, responses: Tensor) -> Tensor:
        """Fold the layer's output channels by the banks' combinations.

        Shape: (N, groups, outputs per group, *S) → (N, channels, *S)
        """
        if not self.folds_anything:
            return responses.flatten(1, 2)
        exact = responses if responses.dtype == torch.float64 else responses.float()
        joined = self._folded(exact, lambda how, part: combined(how, part, 2))
        if self.combine is None:
            return joined.flatten(1, 2)
        return combined(self.combine, joined, 2)

    def output_range(self, *, centred: bool = False) -> tuple[Tensor, Tensor]:
        """Return the smallest and largest value that each folded channel can have.

        Args:
            centred: inputs lie in -1…1, instead of 0…1.

        Shape: two tensors (channels,)
        """
        weight = self.conv.weight.detach().flatten(1).cpu()
        bias = 0 if self.conv.bias is None else self.conv.bias.detach().cpu()
        if self.reach is not None:
            low, high = self._limits(*self.reach)
        else:
            low, high = weight.clamp(max=0).sum(1), weight.clamp(min=0).sum(1)
            if centred:
                low, high = low - high, high - low
        limits = torch.stack([low + bias, high + bias])
        if self.folds_anything:
            joined = self._folded(limits.reshape(2, self.conv.groups, -1), combined_range)
            if self.combine is None:
                limits = joined.flatten(1)
            else:
                limits = combined_range(self.combine, joined)
        return limits[0], limits[1]

    def _limits(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Return the range of each response without its bias, by that of each input channel."""
        conv, groups = self.conv, self.conv.groups
        weight = conv.weight.detach().cpu().flatten(2)
        down, up = weight.clamp(max=0).sum(2), weight.clamp(min=0).sum(2)
        added = [0.0, *(mode.value for mode in self.modes)]  # by padding
        ends = torch.stack([low.clamp(max=min(added)), high.clamp(min=max(added))]).to(weight.dtype)
        least, most = ends.reshape(2, groups, -1).repeat_interleave(conv.out_channels // groups, 1)
        return (up * least + down * most).sum(1), (up * most + down * least).sum(1)

    def members(self, channel: int) -> list[tuple[Combine | None, list[int]]]:
        """Return which channels of `conv` a channel of the result is made of.

        They stand together by the `-k` that they belong to, with how those are combined. What is
        left is combined by `combine`.

        Args:
            channel: of the result.
        """
        if not self.folds_anything:
            return [(None, [channel])]
        parts: list[tuple[Combine | None, list[int]]] = []  # of the first group
        start = 0
        for count, how in self.folds:
            channels = list(range(start, start + count))
            parts += [(how, channels)] if how else [(None, [one]) for one in channels]
            start += count
        group, place = (channel, 0) if self.combine else divmod(channel, len(parts))
        first = group * (self.conv.out_channels // self.conv.groups)
        chosen = parts if self.combine else [parts[place]]
        return [(how, [first + one for one in channels]) for how, channels in chosen]

    @property
    def folds_anything(self) -> bool:
        """True where output channels are combined."""
        return self.combine is not None or any(how for _, how in self.folds)

    def _folded(self, grouped: Tensor, fold: Callable[[Combine, Tensor], Tensor]) -> Tensor:
        """Return the results of each `-k` side by side along axis 2, those of a fold being one."""
        parts = torch.split(grouped, [count for count, _ in self.folds], 2)
        folded = [
            part if how is None else fold(how, part).unsqueeze(2)
            for part, (_, how) in zip(parts, self.folds, strict=True)
        ]
        return torch.cat(folded, 2)
