"""What a layer of a trained network brings beside its weights: how it moves, and what it is fed.

Numbers only, as its network states them. Whether options override them is the layer's business.
It must not import NumPy before it computes: lists of layers are instant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from convtool.sizes import Pads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Own:
    """How a layer moves over its input in its network: one number per axis.

    Attributes:
        stride: samples from one place to the next.
        padding: samples that are added before and after; or `same`, or None where it depends on
            the input's size.
        dilation: samples from one tap to the next.
        groups: of channels; None where only the input tells.
        mode: what is added.
        bias: it has one.
        stated: its network says so; otherwise it is what is usual.
    """

    stride: tuple[int, ...]
    padding: Literal["same"] | Pads | None
    dilation: tuple[int, ...]
    groups: int | None = None
    mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros"
    bias: bool = True
    stated: bool = True

    @classmethod
    def usual(cls, dims: int, *, bias: bool) -> "Own":
        """Return how nn.Conv moves by itself, padded to keep the size."""
        return cls((1,) * dims, "same", (1,) * dims, bias=bias, stated=False)

    def __str__(self) -> str:
        """Return it in words, as options are written.

        >>> str(Own((2, 2), ((3, 3), (3, 3)), (1, 1), 1))
        'stride 2, padding 3 (zeros), dilation 1, groups 1'
        """
        padding = words_of(self.padding)
        mode = "" if padding == "0" else f" ({self.mode})"
        groups = "by the input" if self.groups is None else self.groups
        said = (
            f"stride {short(self.stride)}, padding {padding}{mode}, "
            f"dilation {short(self.dilation)}, groups {groups}"
        )
        return said if self.stated else f"{said}; its file does not say it"

    def lifted(self, dims: int) -> "Own":
        """Return the same for an input with further axes before its own, along which it steps by 1.

        >>> Own((2, 2), ((3, 3), (3, 3)), (1, 1)).lifted(3).padding
        ((0, 0), (3, 3), (3, 3))
        """
        more = dims - len(self.stride)
        ones = (1,) * more
        padding = self.padding
        if not (padding is None or isinstance(padding, str)):
            padding = (*((0, 0),) * more, *padding)
        return replace(
            self, stride=ones + self.stride, padding=padding, dilation=ones + self.dilation
        )

    def rests(self, axis: int, taps: int) -> bool:
        """Return whether the layer leaves an axis of the input's as it is, having one tap there."""
        padding = self.padding
        padded = not isinstance(padding, str) and (padding is None or any(padding[axis]))
        return taps == 1 and not padded

    def without(self, axis: int) -> "Own":
        """Return the same without an axis along which the layer has one tap."""
        kept = [place for place in range(len(self.stride)) if place != axis]
        padding = self.padding
        if not (padding is None or isinstance(padding, str)):
            padding = tuple(padding[place] for place in kept)
        stride, dilation = (
            [each[place] for place in kept] for each in (self.stride, self.dilation)
        )
        return replace(self, stride=tuple(stride), padding=padding, dilation=tuple(dilation))


def words_of(padding: Literal["same"] | Pads | None) -> str:
    """Return a padding as short as it can be said.

    >>> words_of(((1, 1), (1, 1))), words_of(((0, 1), (2, 2)))
    ('1', '0:1,2')
    """
    if padding is None:
        return "by size"
    if isinstance(padding, str):
        return padding
    sides = (f"{before}" if before == after else f"{before}:{after}" for before, after in padding)
    return short(tuple(sides))


def short(values: Sequence[object]) -> str:
    """Return one value where all are equal."""
    return str(values[0]) if len(set(values)) == 1 else ",".join(map(str, values))


@dataclass(frozen=True)
class Preprocess:
    """What a network's input goes through before its first layer: (x − mean) / std.

    Attributes:
        mean: of each channel, for samples in 0…1.
        std: of each channel.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def folded(self, weights: "Numbers", bias: "Numbers") -> "tuple[Numbers, Numbers]":
        """Return weights and bias that do the same to samples as they are, edges apart.

        Args:
            weights: shape (out, in, *K).
            bias: shape (out,).

        >>> import numpy as np
        >>> Preprocess((0.5,), (0.25,)).folded(np.ones((1, 1, 1)), np.zeros(1))[1]
        array([-2.])
        """
        import numpy as np  # noqa: PLC0415  # see above

        mean, std = (
            np.reshape(each, (-1, *(1,) * (weights.ndim - 2))) for each in (self.mean, self.std)
        )
        scaled = weights / std
        return scaled, bias - (scaled * mean).reshape(len(weights), -1).sum(1)

    def __str__(self) -> str:
        """Return it in words.

        >>> str(Preprocess((0.5,), (0.25,)))
        '(x − 0.5) / 0.25'
        """
        mean, std = (", ".join(f"{n:.4g}" for n in numbers) for numbers in (self.mean, self.std))
        several = len(self.mean) > 1
        return f"(x − ({mean})) / ({std})" if several else f"(x − {mean}) / {std}"
