"""Map a layer's raw results to the range that can be seen; one small function a rule.

It never looks at stored integers (`levels` does) and never decides when a file is over (`pipeline` does).
"""

import math
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from convtool.layers import Layer, Result

Rule = Callable[[Tensor, Tensor, Tensor, float, float], Tensor]


def _scaled(values: Tensor, unit: float, full: float) -> Tensor:
    return values if unit == full else values.mul_(full / unit)


def _stretch(values: Tensor, low: Tensor, high: Tensor, unit: float, full: float) -> Tensor:  # noqa: ARG001
    """Map low…high to 0…full, and a range of no width to the middle. Dividing last keeps whole numbers exact."""
    width = high - low
    middle = torch.where(width > 0, 0, 0.5 * full)
    stretched = values.sub_(low).mul_(full).div_(torch.where(width > 0, width, math.inf))
    return stretched.add_(middle) if bool(middle.any()) else stretched


# values of shape (N, C, *S) in units of `unit`, which rules may write to; low and high of shape (C, 1, …)
RULES: dict[str, Rule] = {
    "sigmoid": lambda values, low, high, unit, full: values.div_(unit).sigmoid_().mul_(full),
    "minmax": _stretch,
    "bounds": _stretch,
    "clamp": lambda values, low, high, unit, full: _scaled(values, unit, full),
    "abs": lambda values, low, high, unit, full: _scaled(values.abs_(), unit, full),
    "none": lambda values, low, high, unit, full: _scaled(values, unit, full),
}
CLIPPED = ("minmax", "bounds", "clamp", "abs")  # rules whose results end at 0 and full
RANGED = ("minmax", "bounds")  # rules that look at the range
WHOLE = ("clamp", "abs")  # rules that keep whole numbers whole where unit and full are the same
AUTOMATIC = {"random": "sigmoid", "signed": "minmax", "unsigned": "clamp"}


def choose(name: str, result: Result, *, floats: bool) -> str:
    """Return the rule that `name` means for a result.

    Args:
        name: a rule, or `auto`: sigmoid for random weights, minmax for signed kernels, clamp for others.
        result: what is to be seen.
        floats: it is stored as floats, which need no clamping.
    """
    if name != "auto":
        return name
    rule = AUTOMATIC[result.kind]
    return "none" if floats and rule == "clamp" else rule


class Normalizer:
    """The mapping of all of a layer's results, each by its own rule and range.

    Args:
        layer: whose results are mapped.
        name: a rule for all, or `auto`.
        independent: measure each channel by itself; together, colours keep their balance.
        floats: the mapped results are stored as floats.
        full: the value that 1 is mapped to.
        clip: cut what is beyond 0 and full; False where `levels` will.
    """

    def __init__(
        self,
        layer: Layer,
        name: str,
        *,
        independent: bool = False,
        floats: bool = False,
        full: float = 1,
        clip: bool = True,
    ) -> None:
        self._rules = [(choose(name, result, floats=floats), result.channels) for result in layer.results]
        self._independent = independent
        self._full, self._clip = full, clip
        self._low, self._high = self._linked(*layer.reach())
        self._measured: tuple[Tensor, Tensor] | None = None

    @property
    def needs_range(self) -> bool:
        """True where `measure` must see the whole input before the first call."""
        return any(rule == "minmax" for rule, _ in self._rules)

    def measure(self, blocks: Iterable[Tensor], unit: float = 1) -> None:
        """Find the smallest and largest value of each channel in all of `blocks`, and of any measured before.

        Args:
            blocks: responses, in units of `unit`.
            unit: the number that stands for 1.

        Shape: blocks (N, C, *S)
        """
        lows, highs = zip(*map(extremes, blocks), strict=True)
        low, high = torch.stack(lows).amin(0).cpu() / unit, torch.stack(highs).amax(0).cpu() / unit
        if self._measured is not None:
            low, high = torch.minimum(low, self._measured[0]), torch.maximum(high, self._measured[1])
        self._measured = low, high
        measured_low, measured_high = self._linked(low, high)
        for rule, channels in self._rules:
            if rule == "minmax":
                index = list(channels)
                self._low[index], self._high[index] = measured_low[index], measured_high[index]

    def __call__(self, block: Tensor, unit: float = 1) -> Tensor:
        """Map one block, whose values may be written to.

        Args:
            block: responses, in units of `unit`.
            unit: the number that stands for 1.

        Shape: (N, C, *S) → (N, C, *S)
        """
        whole = unit == self._full and all(rule in WHOLE for rule, _ in self._rules)
        if not block.is_floating_point() and not whole:
            block = block.float()
        if len({rule for rule, _ in self._rules}) == 1:
            return self._map(self._rules[0][0], block, unit, range(len(self._low)))
        mapped = torch.empty_like(block)
        for rule, channels in self._rules:
            index = list(channels)
            mapped[:, index] = self._map(rule, block[:, index], unit, index)
        return mapped

    def _map(self, rule: str, values: Tensor, unit: float, channels: Sequence[int]) -> Tensor:
        low, high = self._ends(values, unit, channels) if rule in RANGED else (values, values)
        mapped = RULES[rule](values, low, high, unit, self._full)
        return mapped.clamp_(0, self._full) if self._clip and rule in CLIPPED else mapped

    def _ends(self, values: Tensor, unit: float, channels: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return the range of each channel, or of all where it is one, which is faster."""
        ends = torch.stack([self._low, self._high])[:, list(channels)] * unit
        if bool((ends == ends[:, :1]).all()):
            ends = ends[:, :1]
        low, high = ends.to(values.device, values.dtype).reshape(2, -1, *(1,) * (values.ndim - 2))
        return low, high

    def _linked(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Give all channels of a result the same range, unless each is measured by itself."""
        low, high = low.double(), high.double()  # exact also in other units
        if not self._independent:
            for _, channels in self._rules:
                index = list(channels)
                low[index], high[index] = low[index].amin(), high[index].amax()
        return low, high


def extremes(block: Tensor) -> tuple[Tensor, Tensor]:
    """Return the smallest and the largest value of each channel, along memory where channels are innermost.

    Shape: (N, C, *S) → two tensors (C,) of float64
    """
    channels = block.shape[1]
    last = block.movedim(1, -1)
    if not last.is_contiguous():
        low, high = torch.aminmax(block.transpose(0, 1).flatten(1), dim=1)
        return low.double(), high.double()
    rows = last.reshape(-1, last.shape[-2] * channels)
    low, high = rows.amin(0).reshape(-1, channels).amin(0), rows.amax(0).reshape(-1, channels).amax(0)
    return low.double(), high.double()
