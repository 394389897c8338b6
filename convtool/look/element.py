"""Work out one element of a result in float64: window, weights, products, sum, and what follows.

The window and the stored sample are the run's own; everything between is computed here once more,
by the same steps, so that each can be shown. It must not print.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from convtool.convolve import Step
from convtool.layers.combine import combined
from convtool.layers.layer import Layer
from convtool.levels import Levels, to_levels
from convtool.look.region import Region
from convtool.look.witness import View
from convtool.media.contract import weighted
from convtool.options.kernel import Combine
from convtool.results.normalize import Mapping
from convtool.results.weighted import Weighted
from convtool.run.filter import Filter


@dataclass(frozen=True, eq=False)
class Response:
    """The response of one output channel of the layer, before banks are combined.

    Attributes:
        channel: of the layer's output.
        inputs: the input channels that it depends on.
        window: their samples under the kernel, as they are stored. Shape: (C, *K), of float64
        weights: of the same shape.
        bias: that is added.
        unit: the stored sample that stands for 1.
    """

    channel: int
    inputs: tuple[int, ...]
    window: Tensor
    weights: Tensor
    bias: float
    unit: float

    @property
    def products(self) -> Tensor:
        """Each sample times its weight, in units of stored samples. Shape: (C, *K)"""
        return self.window * self.weights

    @property
    def total(self) -> float:
        """The sum of the products, in units of stored samples."""
        return float(self.products.sum())

    @property
    def value(self) -> float:
        """The response: the sum where 1 is 1, with the bias."""
        return self.total / self.unit + self.bias


@dataclass(frozen=True)
class Fold:
    """A step that makes one response of several.

    Attributes:
        how: they are combined.
        values: that are combined.
        value: the result.
    """

    how: Combine
    values: tuple[float, ...]
    value: float


@dataclass(frozen=True, eq=False)
class Element:
    """One element of a result, worked out.

    Attributes:
        channel: of the result.
        place: its position on each axis of the result.
        sources: for each axis and each tap, the input position whose sample is under it, or
            PADDED for a number that is added.
        outside: for each axis and each tap, whether it lies in the padding.
        responses: of the kernels that it is made of.
        folds: how they are combined, in order.
        weight: of a colour that is weighted by its opacity, the filtered opacity; else None.
        raw: the response that is mapped.
        mapping: how.
        number: the mapped response in units of stored samples, before it is rounded.
        expected: what `number` is stored as.
        stored: the sample as the run stored it.
        levels: how it is stored.
    """

    channel: int
    place: tuple[int, ...]
    sources: tuple[Tensor, ...]
    outside: tuple[Tensor, ...]
    responses: tuple[Response, ...]
    folds: tuple[Fold, ...]
    weight: Response | None
    raw: float
    mapping: Mapping
    number: float
    expected: float
    stored: float
    levels: Levels

    @property
    def padding(self) -> Tensor:
        """Whether each tap lies in the padding. Shape: (*K)"""
        outside = self.outside[0]
        for axis in self.outside[1:]:
            outside = outside[..., None] | axis
        return outside

    @property
    def differs(self) -> bool:
        """True where the run's arithmetic led to another stored integer than float64 does."""
        return not self.levels.floats and self.stored != self.expected


def element(view: View, filter_: Filter, channel: int, place: Sequence[int]) -> Element:
    """Return an element of a result, worked out.

    Args:
        view: what was kept of the run, its region with everything that the element depends on.
        filter_: of the run.
        channel: of the result.
        place: a position of the result, inside the region.
    """
    region = view.region
    assert region is not None
    seen, levels = view.work.seen, view.work.encoding.levels
    layer = filter_.layer_of(seen)
    taps = _Taps(layer, region, view.padded, place, seen.levels.scale)
    members = [one for _, group in layer.members(channel) for one in group]
    responses = {one: taps.response(one) for one in members}
    last = layer.conv.out_channels - 1
    weight = taps.response(last) if weighted(seen) else None
    known = responses if weight is None else {**responses, last: weight}
    steps = _Steps(view, layer, known)
    inside = [at - first for at, first in zip(place, region.origin, strict=True)]
    folds = _folds(layer, channel, responses)
    raw = folds[-1].value if folds else responses[members[0]].value
    if weight is not None:
        raw /= max(weight.value, torch.finfo(torch.float32).tiny)
    number = steps.number(channel)
    return Element(
        channel,
        tuple(place),
        taps.sources,
        taps.outside,
        tuple(responses.values()),
        folds,
        weight,
        raw,
        view.normalizer.mapping(channel),
        float(number),
        to_levels(number.clone(), levels).item(),
        view.stored[(channel, *inside)].item(),
        levels,
    )


class _Taps:
    """The samples under the kernel at one position of the result."""

    def __init__(
        self, layer: Layer, region: Region, padded: Tensor, place: Sequence[int], unit: float
    ) -> None:
        self._conv, self._unit = layer.conv, unit
        box = region.part(place, (1,) * len(place), layer)
        every = [slice(s.start, s.stop, d) for s, d in zip(box, layer.conv.dilation, strict=True)]
        self.sources = tuple(axis[s] for axis, s in zip(region.sources, every, strict=True))
        self.outside = tuple(axis[s] for axis, s in zip(region.outside, every, strict=True))
        self._window = padded[(slice(None), *every)].double()

    def response(self, channel: int) -> Response:
        """Return the response of an output channel of the layer."""
        conv = self._conv
        each = conv.in_channels // conv.groups
        first = channel // (conv.out_channels // conv.groups) * each
        bias = 0.0 if conv.bias is None else float(conv.bias[channel])
        return Response(
            channel,
            tuple(range(first, first + each)),
            self._window[first : first + each],
            conv.weight[channel].detach().cpu().double(),
            bias,
            self._unit,
        )


class _Steps:
    """The run's own steps behind the layer, in float64, at one position."""

    def __init__(self, view: View, layer: Layer, responses: dict[int, Response]) -> None:
        unit, levels = view.work.seen.levels.scale, view.work.encoding.levels
        flat = torch.zeros(layer.conv.out_channels, dtype=torch.float64)
        for channel, response in responses.items():
            flat[channel] = response.total + response.bias * unit
        self._responses = flat.reshape(1, layer.conv.groups, -1, 1)
        step: Step = partial(view.normalizer, unit=unit)
        self._step = Weighted(step, levels.scale) if weighted(view.work.seen) else step
        self._fold = layer.fold

    def number(self, channel: int) -> Tensor:
        """Return the mapped response in units of stored samples. Shape: ()"""
        return self._step(self._fold(self._responses))[0, channel, 0]


def _folds(layer: Layer, channel: int, responses: dict[int, Response]) -> tuple[Fold, ...]:
    """Return how responses are combined into a channel of the result."""
    folds: list[Fold] = []
    values: list[float] = []
    for how, channels in layer.members(channel):
        found = tuple(responses[one].value for one in channels)
        if how is None:
            values += found
        else:
            folds.append(Fold(how, found, _combined(how, found)))
            values.append(folds[-1].value)
    if layer.combine is not None:
        folds.append(Fold(layer.combine, tuple(values), _combined(layer.combine, values)))
    return tuple(folds)


def _combined(how: Combine, values: Sequence[float]) -> float:
    return float(combined(how, torch.tensor(values, dtype=torch.float64), 0))
