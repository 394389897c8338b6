"""Map a layer's raw responses to the range that can be seen or heard; one small class per rule.

Images and video end at 0 and 1. Audio is centred: it lies around 0, which stays where it is, and
ends at -1 and 1. Nothing here knows stored integers (`levels` does), and nothing decides when a
file is complete (`pipeline` does).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from convtool.layers.layer import Layer


@dataclass(frozen=True)
class Span:
    """The units of responses and of results, and the range of responses.

    Attributes:
        unit: the response that stands for 1.
        scale: the result that 1 is mapped to.
        low: the smallest response of each channel, shape (C, 1, …).
        high: the largest, of the same shape.
    """

    unit: float
    scale: float
    low: Tensor
    high: Tensor


Mapped = Callable[[Tensor, Span], Tensor]  # may write into the responses, shape (N, C, *S)


@dataclass(frozen=True)
class Rule:
    """One rule of normalization.

    Attributes:
        map: the mapping of uncentred media.
        map_centred: the mapping of centred media.
        ranged: it uses the range of the responses.
        measured: that range is measured on the whole input, instead of derived from the weights.
        ends: results end where the range does: what lies beyond it is clipped.
        whole: whole numbers stay whole where unit and scale are equal.
    """

    map: Mapped
    map_centred: Mapped
    ranged: bool = False
    measured: bool = False
    ends: bool = True
    whole: bool = False


def _scale(values: Tensor, span: Span) -> Tensor:
    return values if span.unit == span.scale else values.mul_(span.scale / span.unit)


def _scale_magnitude(values: Tensor, span: Span) -> Tensor:
    return _scale(values.abs_(), span)


def _sigmoid(values: Tensor, span: Span) -> Tensor:
    return values.div_(span.unit).sigmoid_().mul_(span.scale)


def _tanh(values: Tensor, span: Span) -> Tensor:
    """The sigmoid around zero: 2σ(y) - 1 = tanh(y / 2)."""
    return values.div_(2 * span.unit).tanh_().mul_(span.scale)


def _stretch(values: Tensor, span: Span) -> Tensor:
    """Map low…high to 0…scale, and a range of no width to the middle.

    Dividing last keeps whole numbers exact.
    """
    width = span.high - span.low
    middle = torch.where(width > 0, 0, 0.5 * span.scale)
    divisor = torch.where(width > 0, width, math.inf)
    stretched = values.sub_(span.low).mul_(span.scale).div_(divisor)
    return stretched.add_(middle) if bool(middle.any()) else stretched


def _stretch_centred(values: Tensor, span: Span) -> Tensor:
    """Map the value farthest from zero to ± scale, and zero to zero."""
    peak = torch.maximum(span.low.abs(), span.high.abs())
    return values.mul_(torch.where(peak > 0, span.scale / peak, 0))


RULES: dict[str, Rule] = {
    "sigmoid": Rule(_sigmoid, _tanh, ends=False),
    "minmax": Rule(_stretch, _stretch_centred, ranged=True, measured=True),
    "bounds": Rule(_stretch, _stretch_centred, ranged=True),
    "clamp": Rule(_scale, _scale, whole=True),
    "abs": Rule(_scale_magnitude, _scale_magnitude, whole=True),
    "none": Rule(_scale, _scale, ends=False),
}


def rule_name(asked: str, kind: str, automatic: Mapping[str, str], *, floats: bool) -> str:
    """Return the name of the rule for an output.

    Args:
        asked: a rule, or `auto`.
        kind: of the output: random, signed or unsigned.
        automatic: the rules of `auto` by kind, as the medium has them.
        floats: results are stored as floats, which need no clamping.
    """
    if asked != "auto":
        return asked
    name = automatic[kind]
    return "none" if floats and name == "clamp" else name


class Normalizer:
    """The mapping of all of a layer's outputs, each by its own rule and range.

    Args:
        layer: whose responses are mapped.
        asked: a rule for all outputs, or `auto`.
        automatic: the rules of `auto` by kind.
        centred: the medium lies around zero.
        independent: measure each channel separately; together, colours keep their balance.
        floats: the results are stored as floats.
        scale: the result that 1 is mapped to.
        clip: clip what lies beyond the range; False where quantizing does.
    """

    def __init__(
        self,
        layer: Layer,
        asked: str,
        automatic: Mapping[str, str],
        *,
        centred: bool = False,
        independent: bool = False,
        floats: bool = False,
        scale: float = 1,
        clip: bool = True,
    ) -> None:
        self._rules = [
            (RULES[rule_name(asked, output.kind, automatic, floats=floats)], list(output.channels))
            for output in layer.outputs
        ]
        self._centred, self._independent = centred, independent
        self._scale, self._clip = scale, clip
        self._low, self._high = self._linked(*layer.output_range(centred=centred))
        self._measured: tuple[Tensor, Tensor] | None = None

    @property
    def needs_range(self) -> bool:
        """True where `measure` must be given the whole input before the first mapping."""
        return any(rule.measured for rule, _ in self._rules)

    def measure(self, blocks: Iterable[Tensor], unit: float = 1) -> None:
        """Find the range of each channel in all of `blocks`, and in any measured before.

        Args:
            blocks: responses.
            unit: the response that stands for 1.

        Shape: blocks (N, C, *S)
        """
        lows, highs = zip(*map(extremes, blocks), strict=True)
        low = torch.stack(lows).amin(0).cpu() / unit
        high = torch.stack(highs).amax(0).cpu() / unit
        if self._measured is not None:
            low = torch.minimum(low, self._measured[0])
            high = torch.maximum(high, self._measured[1])
        self._measured = low, high
        low, high = self._linked(low, high)
        for rule, channels in self._rules:
            if rule.measured:
                self._low[channels], self._high[channels] = low[channels], high[channels]

    def __call__(self, block: Tensor, unit: float = 1) -> Tensor:
        """Map one block of responses, which may be written to.

        Args:
            block: responses.
            unit: the response that stands for 1.

        Shape: (N, C, *S) → (N, C, *S)
        """
        stays_whole = unit == self._scale and all(rule.whole for rule, _ in self._rules)
        if not block.is_floating_point() and not stays_whole:
            block = block.float()
        first = self._rules[0][0]
        if all(rule is first for rule, _ in self._rules):
            return self._map(first, block, unit, range(len(self._low)))
        mapped = torch.empty_like(block)
        for rule, channels in self._rules:
            mapped[:, channels] = self._map(rule, block[:, channels], unit, channels)
        return mapped

    def _map(self, rule: Rule, values: Tensor, unit: float, channels: Sequence[int]) -> Tensor:
        low, high = self._range(values, unit, channels) if rule.ranged else (values, values)
        span = Span(unit, self._scale, low, high)
        mapped = rule.map_centred(values, span) if self._centred else rule.map(values, span)
        if self._clip and rule.ends:
            mapped = mapped.clamp_(-self._scale if self._centred else 0, self._scale)
        return mapped

    def _range(self, values: Tensor, unit: float, channels: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return the range of each channel, or of all where it is the same, which is faster."""
        limits = torch.stack([self._low, self._high])[:, list(channels)] * unit
        if bool((limits == limits[:, :1]).all()):
            limits = limits[:, :1]
        axes = (1,) * (values.ndim - 2)
        low, high = limits.to(values.device, values.dtype).reshape(2, -1, *axes)
        return low, high

    def _linked(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Give all channels of an output the same range, unless each is measured separately."""
        low, high = low.double(), high.double()  # exact in other units, too
        if not self._independent:
            for _, channels in self._rules:
                low[channels], high[channels] = low[channels].amin(), high[channels].amax()
        return low, high


def extremes(block: Tensor) -> tuple[Tensor, Tensor]:
    """Return the smallest and the largest value of each channel.

    It goes along memory where channels are innermost.

    Shape: (N, C, *S) → two tensors (C,) of float64
    """
    channels = block.shape[1]
    last = block.movedim(1, -1)
    if not last.is_contiguous():
        low, high = torch.aminmax(block.transpose(0, 1).flatten(1), dim=1)
        return low.double(), high.double()
    rows = last.reshape(-1, last.shape[-2] * channels)
    low = rows.amin(0).reshape(-1, channels).amin(0)
    high = rows.amax(0).reshape(-1, channels).amax(0)
    return low.double(), high.double()
