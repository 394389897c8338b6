"""Map a layer's raw results to 0…1, the range that can be seen; one small function a rule.

It never looks at stored integers (`levels` does) and never decides when a file is over (`pipeline` does).
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from convtool.layers import Layer, Result

Rule = Callable[[Tensor, Tensor, Tensor], Tensor]


def _stretch(values: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Map low…high to 0…1, and a range of no width to the middle."""
    width = high - low
    stretched = (values - low) / torch.where(width > 0, width, 1.0)
    return torch.where(width > 0, stretched, 0.5).clamp_(0, 1)


# values of shape (N, C, *S), with low and high of shape (C, 1, …) where a rule needs a range
RULES: dict[str, Rule] = {
    "sigmoid": lambda values, low, high: values.sigmoid(),
    "minmax": _stretch,
    "bounds": _stretch,
    "clamp": lambda values, low, high: values.clamp(0, 1),
    "abs": lambda values, low, high: values.abs().clamp_(0, 1),
    "none": lambda values, low, high: values,
}
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
    """

    def __init__(self, layer: Layer, name: str, *, independent: bool = False, floats: bool = False) -> None:
        self._rules = [(choose(name, result, floats=floats), result.channels) for result in layer.results]
        self._independent = independent
        self._low, self._high = self._linked(*layer.reach())

    @property
    def needs_range(self) -> bool:
        """True where `measure` must see the whole input before the first call."""
        return any(rule == "minmax" for rule, _ in self._rules)

    def measure(self, blocks: Iterable[Tensor]) -> None:
        """Find the smallest and largest value of each channel in all of `blocks`.

        Shape: blocks (N, C, *S)
        """
        lows, highs = [], []
        for block in blocks:
            low, high = torch.aminmax(block.transpose(0, 1).flatten(1), dim=1)
            lows.append(low)
            highs.append(high)
        low, high = torch.stack(lows).amin(0).cpu(), torch.stack(highs).amax(0).cpu()
        measured_low, measured_high = self._linked(low, high)
        for rule, channels in self._rules:
            if rule == "minmax":
                index = list(channels)
                self._low[index], self._high[index] = measured_low[index], measured_high[index]

    def __call__(self, block: Tensor) -> Tensor:
        """Map one block.

        Shape: (N, C, *S) → (N, C, *S)
        """
        low, high = (end.to(block).reshape(-1, *(1,) * (block.ndim - 2)) for end in (self._low, self._high))
        if len({rule for rule, _ in self._rules}) == 1:
            return RULES[self._rules[0][0]](block, low, high)
        mapped = torch.empty_like(block)
        for rule, channels in self._rules:
            index = list(channels)
            mapped[:, index] = RULES[rule](block[:, index], low[index], high[index])
        return mapped

    def _linked(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Give all channels of a result the same range, unless each is measured by itself."""
        low, high = low.clone(), high.clone()
        if not self._independent:
            for _, channels in self._rules:
                index = list(channels)
                low[index], high[index] = low[index].amin(), high[index].amax()
        return low, high
