"""The rules of normalization: how responses become what can be seen or heard, one per name.

Images and video end at 0 and 1. Audio is centred: it lies around 0, which stays where it is, and
ends at -1 and 1. Nothing here knows where a range comes from (`ranges` does), nor stored integers.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from convtool.convolve.pointwise import Pointwise


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
        map_centred: the mapping of centred media; the same where the medium refuses the rule.
        ranged: it uses the range of the responses.
        measured: what that range is measured by: the extremes of the whole input, or the sizes of
            its responses, for which a sample will do; None where it follows from the weights.
        ends: results end where the range does: what lies beyond it is clipped.
        whole: whole numbers stay whole where unit and scale are equal.
        affine: adds the mapping of uncentred media to what was done before, where it is affine.
    """

    map: Mapped
    map_centred: Mapped
    ranged: bool = False
    measured: Literal["extremes", "sizes"] | None = None
    ends: bool = True
    whole: bool = False
    affine: Callable[[Pointwise, Span], Pointwise | None] | None = None


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


def _told_scale(before: Pointwise, span: Span) -> Pointwise:
    return replace(before, scale=_float(span.scale / span.unit))


def _told_magnitude(before: Pointwise, span: Span) -> Pointwise:
    return replace(_told_scale(before, span), magnitude=True)


def _told_stretch(before: Pointwise, span: Span) -> Pointwise | None:
    width = float(span.high - span.low)
    if width <= 0:
        return None
    return replace(before, low=float(span.low), scale=_float(span.scale), width=width)


def _float(number: float) -> float:
    """Return a number as a float32 has it."""
    return float(torch.tensor(number, dtype=torch.float32))


RULES: dict[str, Rule] = {
    "sigmoid": Rule(_sigmoid, _tanh, ends=False),
    "centred": Rule(
        _stretch, _stretch_centred, ranged=True, measured="sizes", affine=_told_stretch
    ),
    "minmax": Rule(
        _stretch, _stretch_centred, ranged=True, measured="extremes", affine=_told_stretch
    ),
    "bounds": Rule(_stretch, _stretch_centred, ranged=True, affine=_told_stretch),
    "clamp": Rule(_scale, _scale, whole=True, affine=_told_scale),
    "abs": Rule(_scale_magnitude, _scale_magnitude, whole=True, affine=_told_magnitude),
    "none": Rule(_scale, _scale, ends=False, affine=_told_scale),
}
