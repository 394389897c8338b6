"""Map a layer's raw results to the range that can be seen or heard; one small function a rule.

Pictures and film end at 0 and 1; sound lies around 0, which stays where it is, and ends at -1 and 1. It never
looks at stored integers (`levels` does) and never decides when a file is over (`pipeline` does).
"""

import math
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from convtool.layers.build import Layer
from convtool.layers.outputs import Result

Rule = Callable[[Tensor, Tensor, Tensor, float, float], Tensor]


def _scaled(values: Tensor, unit: float, full: float) -> Tensor:
    return values if unit == full else values.mul_(full / unit)


def _stretch(values: Tensor, low: Tensor, high: Tensor, unit: float, full: float) -> Tensor:  # noqa: ARG001
    """Map low…high to 0…full, and a range of no width to the middle. Dividing last keeps whole numbers exact."""
    width = high - low
    middle = torch.where(width > 0, 0, 0.5 * full)
    stretched = values.sub_(low).mul_(full).div_(torch.where(width > 0, width, math.inf))
    return stretched.add_(middle) if bool(middle.any()) else stretched


def _loudest(values: Tensor, low: Tensor, high: Tensor, unit: float, full: float) -> Tensor:  # noqa: ARG001
    """Map the value that is farthest from zero to ± full, and zero to zero."""
    peak = torch.maximum(low.abs(), high.abs())
    return values.mul_(torch.where(peak > 0, full / peak, 0))


# values of shape (N, C, *S) in units of `unit`, which rules may write to; low and high of shape (C, 1, …)
RULES: dict[str, Rule] = {
    "sigmoid": lambda values, low, high, unit, full: values.div_(unit).sigmoid_().mul_(full),
    "minmax": _stretch,
    "bounds": _stretch,
    "clamp": lambda values, low, high, unit, full: _scaled(values, unit, full),
    "abs": lambda values, low, high, unit, full: _scaled(values.abs_(), unit, full),
    "none": lambda values, low, high, unit, full: _scaled(values, unit, full),
}
# sound: the same rules, around zero; 2σ(y) - 1 = tanh(y / 2)
SIGNED_RULES = RULES | {
    "sigmoid": lambda values, low, high, unit, full: values.div_(2 * unit).tanh_().mul_(full),
    "minmax": _loudest,
    "bounds": _loudest,
}
CLIPPED = ("minmax", "bounds", "clamp", "abs")  # rules whose results end where the range does
RANGED = ("minmax", "bounds")  # rules that look at the range
WHOLE = ("clamp", "abs")  # rules that keep whole numbers whole where unit and full are the same
AUTOMATIC = {  # by dimension: a film looked at twice would only stay as it is, a sound is better left as loud as it is
    1: {"random": "clamp", "signed": "clamp", "unsigned": "clamp"},
    2: {"random": "sigmoid", "signed": "minmax", "unsigned": "clamp"},
    3: {"random": "sigmoid", "signed": "bounds", "unsigned": "clamp"},
}


def choose(name: str, result: Result, dims: int, *, floats: bool) -> str:
    """Return the rule that `name` means for a result.

    Args:
        name: a rule, or `auto`: clamp for sound; else sigmoid for random weights, clamp for unsigned kernels, and
            for signed ones minmax, or bounds in film.
        result: what is to be seen or heard.
        dims: 1 for sound, 2 for pictures, 3 for film.
        floats: it is stored as floats, which need no clamping.
    """
    if name != "auto":
        return name
    rule = AUTOMATIC[dims][result.kind]
    return "none" if floats and rule == "clamp" else rule


class Normalizer:
    """The mapping of all of a layer's results, each by its own rule and range.

    Args:
        layer: whose results are mapped.
        name: a rule for all, or `auto`.
        independent: measure each channel by itself; together, colours keep their balance.
        floats: the mapped results are stored as floats.
        full: the value that 1 is mapped to.
        clip: cut what is beyond the range; False where `levels` will.
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
        dims = layer.conv.weight.ndim - 2
        self._rules = [
            (choose(name, result, dims, floats=floats), result.channels) for result in layer.results
        ]
        self._signed = dims == 1
        self._independent = independent
        self._full, self._clip = full, clip
        self._low, self._high = self._linked(*layer.reach(signed=self._signed))
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
            low, high = (
                torch.minimum(low, self._measured[0]),
                torch.maximum(high, self._measured[1]),
            )
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
        rules = SIGNED_RULES if self._signed else RULES
        mapped = rules[rule](values, low, high, unit, self._full)
        return (
            mapped.clamp_(-self._full if self._signed else 0, self._full)
            if self._clip and rule in CLIPPED
            else mapped
        )

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
    low, high = (
        rows.amin(0).reshape(-1, channels).amin(0),
        rows.amax(0).reshape(-1, channels).amax(0),
    )
    return low.double(), high.double()
