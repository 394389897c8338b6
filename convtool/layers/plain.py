"""The steps of a chain that have no weights: functions of single samples, pooling, enlarging.

Each is a module of PyTorch, with what a stream needs to know of it. It does not run them:
`run.stepped` does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor, nn

from convtool.convolve.geometry import Enlarged, Placement, Spread
from convtool.errors import KernelError, LayerError, UsageError
from convtool.kernels.chain import FUNCTIONS
from convtool.kernels.grammar import split_head
from convtool.layers.modules import Abs, ToLinear, ToSrgb, ZerosBetween
from convtool.options.axes import PerAxis
from convtool.options.declare import per_axis
from convtool.sizes import Window

BENDING = ("sigmoid", "tanh", "to-linear", "to-srgb")
MOST = PerAxis(1, 64)  # samples that become one, or that one becomes


MODULES: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "abs": Abs,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "to-linear": ToLinear,
    "to-srgb": ToSrgb,
}
POOLS: dict[tuple[str, int], Callable[..., nn.Module]] = {
    ("max-pool", 1): nn.MaxPool1d,
    ("max-pool", 2): nn.MaxPool2d,
    ("max-pool", 3): nn.MaxPool3d,
    ("avg-pool", 1): nn.AvgPool1d,
    ("avg-pool", 2): nn.AvgPool2d,
    ("avg-pool", 3): nn.AvgPool3d,
}


@dataclass(frozen=True, eq=False)
class Plain:
    """A step without weights.

    Attributes:
        label: its name in names of outputs.
        module: the module.
        window: how it moves over its input; None where each sample is changed by itself.
        factor: samples that each one becomes, per axis; all 1 where it does not enlarge.
        bends: what it makes of a sample depends on which one stands for 1.
    """

    label: str
    module: nn.Module
    window: Window | None
    factor: tuple[int, ...]
    bends: bool = False

    @property
    def sees_neighbours(self) -> bool:
        """True where results depend on more than the sample at their own place."""
        return self.window is not None or self.spreads

    @property
    def stride(self) -> tuple[int | Fraction, ...]:
        """Input positions from one position of its result to the next, per axis."""
        if self.window is not None:
            return self.window.stride
        return tuple(Fraction(1, times) for times in self.factor)

    def placement(self, size: tuple[int, ...]) -> Placement:
        """Return the size of the result of an input, and where its positions lie on it.

        Raises:
            LayerError: it is too small.
        """
        if self.window is not None:
            return Placement(self.window, size)
        return (Spread if self.spreads else Enlarged)(size, self.factor)

    @property
    def named(self) -> nn.Module:
        """What PyTorch calls it."""
        return self.module

    @property
    def spreads(self) -> bool:
        """True for zeros between samples, which belong to the transposed layer behind them."""
        return isinstance(self.module, ZerosBetween)

    def __call__(self, samples: Tensor, unit: float, *, first: bool = True) -> Tensor:
        """Return what it makes of samples.

        Args:
            samples: floats.
            unit: the number that stands for 1.
            first: no samples came before.

        Shape: (N, C, *S) → (N, C, *S')
        """
        if self.spreads:
            return self.module(samples, first=first)  # type: ignore[no-any-return]  # as below
        if not self.bends or unit == 1:
            return self.module(samples)  # type: ignore[no-any-return]  # as modules are typed
        return self.module(samples / unit).mul_(unit)  # type: ignore[no-any-return]  # the same

    def range(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Return the smallest and largest result of each channel, by those of its samples.

        Shape: (C,) each
        """
        if isinstance(self.module, Abs):
            most = torch.maximum(low.abs(), high.abs())
            return torch.zeros_like(most), most
        if self.spreads:
            return low.clamp(max=0), high.clamp(min=0)
        if self.window is None and not isinstance(self.module, nn.Upsample):
            return self.module(low), self.module(high)
        return low, high

    def rule(self, rule: str) -> str:
        """Return the rule that shows the results of what is shown by a rule."""
        one_sided = isinstance(self.module, Abs | nn.ReLU | nn.Sigmoid)
        return "clamp" if one_sided and rule == "centred" else rule


def plain_step(text: str, dims: int) -> Plain:
    """Return a step by its text.

    Args:
        text: `relu`, `max-pool:2`, `upsample:1,2,2`.
        dims: spatial axes of the input.

    Raises:
        KernelError: its number is missing or wrong, or it takes none.
        LayerError: frames would be shown between others.
    """
    name, number = split_head(text)
    ones = (1,) * dims
    if name in FUNCTIONS:
        if number is not None:
            raise KernelError(f"step '{text}': {name} takes no number")
        label = "" if name.startswith("to-") else name  # what a result is called does not change
        return Plain(label, MODULES[name](), None, ones, bends=name in BENDING)
    if number is None:
        raise KernelError(f"step '{text}': {name} takes a number, as in {name}:2")
    try:
        value: Any = MOST.allowed(MOST.read(number))
        each = per_axis(name, value, dims)
    except (ValueError, UsageError) as exc:
        expected = f"whole numbers from {MOST.low} to {MOST.high}, one or one per axis"
        raise KernelError(f"step '{text}': {name} takes {expected}") from exc
    label = f"{name}-{number.replace(',', 'x').replace(' ', '')}"
    if name != "upsample":
        module = POOLS[name, dims](value)
        return Plain(label, module, Window(each, each, ones, ((0, 0),) * dims), ones)
    if dims == 3 and each[0] > 1:
        raise LayerError(
            "upsample makes no frames between others", hint=f"upsample:1,{each[1]},{each[2]}"
        )
    return Plain(label, nn.Upsample(scale_factor=tuple(map(float, each))), None, each)
