"""Read BEFORE and AFTER in step: the same positions of both, block by block, in units of 1."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

import torch
from torch import Tensor

from convtool.errors import ReadError
from convtool.fit.model import Model
from convtool.media.contract import Part, Source
from convtool.media.registry import Medium
from convtool.sizes import counted, size_text

POSITIONS = 2**18  # of a block
SAME_RATE = 1e-3  # rates that differ by less are the same, rounded otherwise by a container

Ends = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of BEFORE, and the sample of AFTER that belongs to each.

    Attributes:
        before: the samples that the windows lie on. Shape: (C, L + k - 1, *(S + k - 1))
        after: one sample per window. Shape: (C', L, *S)
        kept: where AFTER is not clipped; of the same shape.
        start: the position of the first window along the leading axis, among windows.
    """

    before: Tensor
    after: Tensor
    kept: Tensor
    start: int


class Pairs:
    """Two files of a medium.

    Args:
        medium: of both.
        names: of BEFORE and AFTER.
        sources: the same, opened.
        ends: the responses that AFTER shows as the ends of its range; None for those themselves.
    """

    def __init__(
        self,
        medium: Medium,
        names: tuple[str, str],
        sources: tuple[Source, Source],
        ends: Ends | None,
    ) -> None:
        self.medium, self.names = medium, names
        self._sources, self._ends = sources, ends
        self._see_through: dict[str, None] = {}

    @property
    def notes(self) -> list[str]:
        """What a user should know of the files."""
        names = zip(self.names, self._sources, strict=True)
        notes = [f"{name}: {note}" for name, source in names for note in source.notes]
        see_through = [f"{name}: its transparency is left aside" for name in self._see_through]
        return notes + see_through

    def parts(self) -> Iterator[tuple[Part, Part]]:
        """Yield the parts of both files in step.

        Raises:
            ReadError: they differ in number, size or rate.
        """
        before, after = self.names
        found = False
        for one, other in zip_longest(*(source.parts() for source in self._sources)):
            found = True
            if one is None or other is None:
                more, fewer = (before, after) if other is None else (after, before)
                raise ReadError(f"{more} has more images than {fewer}", named=True)
            self._check(one, other)
            yield one, other
        if not found:
            raise ReadError(f"{before}: holds no samples", named=True)

    def _check(self, one: Part, other: Part) -> None:
        before, after = self.names
        for name, part in zip(self.names, (one, other), strict=True):
            if not getattr(part, "opaque", True):
                self._see_through[name] = None
        exact = 1 if self.medium.timed else 0  # the length of what has time may be an estimate
        sizes = [size_text(part.size[:0:-1] if exact else part.size[::-1]) for part in (one, other)]
        if sizes[0] != sizes[1]:
            raise ReadError(f"{before} has {sizes[0]} pixels, and {after} {sizes[1]}", named=True)
        rates = one.rate or 0, other.rate or 0
        if abs(rates[0] - rates[1]) > SAME_RATE * max(rates):
            what = f"{self.medium.position}s per second"
            raise ReadError(
                f"{before} has {rates[0]:g} {what}, and {after} {rates[1]:g}", named=True
            )

    def unit(self, after: Part) -> float:
        """Return the responses from one level of AFTER to the next; full scale of floats."""
        return self._stretch[0] / after.levels.scale

    @property
    def _stretch(self) -> tuple[float, float]:
        """Return the factor and the offset from AFTER in units of 1 to responses."""
        if self._ends is None:
            return 1.0, 0.0
        low, high = self._ends
        black = -1.0 if self.medium.centred else 0.0
        factor = (high - low) / (1.0 - black)
        return factor, low - black * factor

    def windows(self, one: Part, other: Part, model: Model) -> Iterator[Windows]:
        """Yield all windows that lie inside a part, in order.

        Args:
            one: of BEFORE.
            other: of AFTER.
            model: whose windows.

        Raises:
            ReadError: one part ends before the other.
            LayerError: no window lies inside.
        """
        taps, origin = model.size, model.origin
        name = self.names[0]
        length = taps[0] if self.medium.timed else one.size[0]  # that of time is known at its end
        across = model.valid((length, *one.size[1:]), name)[1:]
        inner = [slice(at, at + n) for at, n in zip(origin[1:], across, strict=True)]
        levels, start = other.levels, 0
        factor, offset = self._stretch
        held: tuple[Tensor, Tensor] | None = None
        for pair in self._blocks(one, other):
            held = pair if held is None else _joined(held, pair)
            count = held[0].shape[1] - taps[0] + 1
            if count < 1:
                continue
            stored = held[1][:, origin[0] : origin[0] + count, *inner]
            kept = torch.ones_like(stored, dtype=torch.bool)
            if not levels.floats:
                kept = (stored > levels.low) & (stored < levels.high)
            after = stored * (factor / levels.scale) + offset
            yield Windows(held[0] / one.levels.scale, after, kept, start)
            start += count
            held = held[0][:, count:], held[1][:, count:]
        if not start:
            length = 0 if held is None else held[0].shape[1]
            model.valid((length, *one.size[1:]), name)

    def _blocks(self, one: Part, other: Part) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield stored samples of both parts, as long as each other. Shape: (C, L, *S)"""
        length = max(1, POSITIONS // math.prod(one.size[1:]))
        counts = [0, 0]
        for pair in zip_longest(_even(one, length), _even(other, length)):
            counts = [n if t is None else n + t.shape[1] for n, t in zip(counts, pair, strict=True)]
            if counts[0] != counts[1]:
                raise self._uneven(one, other)
            yield pair

    def _uneven(self, one: Part, other: Part) -> ReadError:
        """Return the error of parts that differ in length, which are read to their ends."""
        texts = []
        for part in (one, other):
            length = sum(len(block) for block in part.blocks(POSITIONS))
            texts.append(counted(length, self.medium.position))
        before, after = self.names
        return ReadError(f"{before} has {texts[0]}, and {after} {texts[1]}", named=True)


def _joined(held: tuple[Tensor, Tensor], pair: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    return torch.cat([held[0], pair[0]], 1), torch.cat([held[1], pair[1]], 1)


def _even(part: Part, length: int) -> Iterator[Tensor]:
    """Yield stored samples as float64, in blocks of one length; the last may be shorter."""
    held: list[Tensor] = []
    for block in part.blocks(length):
        held.append(block.tensor[0].double())
        if sum(piece.shape[1] for piece in held) >= length:
            *whole, rest = torch.cat(held, 1).split(length, 1)
            yield from whole
            if rest.shape[1] == length:
                yield rest
            held = [rest] if rest.shape[1] < length else []
    rest = torch.cat(held, 1) if held else None
    if rest is not None and rest.shape[1]:
        yield rest
