"""A part as a later step of a chain sees it: what an earlier step has made of another part.

Its samples are floats in units of the levels of the input. Nothing is rounded or clipped.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from convtool.block import AXIS, Block
from convtool.convolve.geometry import Composed, Placement
from convtool.convolve.stream import Stream
from convtool.layers.layer import Layer
from convtool.layers.plain import Plain
from convtool.levels import Levels
from convtool.media.contract import Part, tick, weighted
from convtool.outputs.targets import channel_names

Filtered = Callable[..., Generator[Block]]  # of a layer, a part and levels; and of `company`


class Stepped:
    """What a step makes of a part.

    Args:
        part: the part.
        step: the step.
        single: the name of a channel that is made of all channels of the part.
        dtype: of the samples.
        filtered: yields the result of a layer on a part.
        memory: what the step needs while it runs.

    Attributes:
        base: the part of the input that all began with.
        weighted: the last channel is the weight of the others.
        tick: the seconds per tick of the times of its blocks.
        placement: the size of it, and where its positions lie on `base`.
    """

    def __init__(
        self,
        part: Part,
        step: Layer | Plain,
        *,
        single: str,
        dtype: torch.dtype,
        filtered: Filtered,
        memory: int,
    ) -> None:
        self.base: Part = getattr(part, "base", part)
        self.weighted, self.tick = weighted(part), tick(part)
        self._part, self._step, self._filtered = part, step, filtered
        own = step.placement(part.size)
        self.placement: Placement = placement_on_base(part, own)
        self._channels = _names(step, part.channels, single)
        self._levels = Levels(dtype, part.levels.scale, part.levels.signed)
        self._memory = memory

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels' names: those of the input where the step keeps channels apart."""
        return self._channels

    @property
    def size(self) -> tuple[int, ...]:
        """The spatial size, leading axis first; its first number may be an estimate."""
        return self.placement.size

    @property
    def levels(self) -> Levels:
        """How its samples are stored: as floats, in units of the input's."""
        return self._levels

    @property
    def rate(self) -> float | None:
        """Positions per second along the leading axis; None where there is no time."""
        rate = self._part.rate
        return None if rate is None else rate / float(self._step.stride[0])

    @property
    def memory(self) -> int:
        """An estimate of the bytes held while it is read, beside its blocks."""
        return self._part.memory + self._memory

    def blocks(self, length: int, *, company: bool = False) -> Iterator[Block]:
        """Yield it in blocks; `length` is for parts that are read, this one is made as it comes."""
        if isinstance(self._step, Layer):
            return self._filtered(self._step, self._part, self._levels, company=company)
        return self._plain(self._step, length, company=company)

    def _plain(self, step: Plain, length: int, *, company: bool) -> Iterator[Block]:
        blocks = (self._as_floats(block) for block in self._part.blocks(length, company=company))
        unit = self._levels.scale
        if step.window is not None:
            pool = Stream(step.window, lambda pieces, _: step(torch.cat([*pieces], AXIS), unit))
            yield from pool.blocks(blocks, self._levels)
            return
        first = True
        for block in blocks:
            if not len(block):  # only company is left
                yield block
                continue
            yield replace(block, tensor=step(block.tensor, unit, first=first))
            first = False

    def _as_floats(self, block: Block) -> Block:
        tensor = block.tensor.to(self._levels.dtype)
        return replace(block, tensor=tensor, levels=self._levels)

    def tail(self, length: int) -> Tensor:
        """Return the last `length` positions along the leading axis: all are made for them."""
        kept: list[Tensor] = []
        for block in self.blocks(2**16):
            kept.append(block.tensor)
            while sum(each.shape[AXIS] for each in kept[1:]) >= length:
                kept.pop(0)
        joined = torch.cat(kept, AXIS)
        skipped = max(0, joined.shape[AXIS] - length)
        return joined.narrow(AXIS, skipped, joined.shape[AXIS] - skipped)


def _names(step: Layer | Plain, names: Sequence[str], single: str) -> tuple[str, ...]:
    """Return the names of the channels that a step makes of those with some names."""
    if isinstance(step, Plain):
        return tuple(names)
    found = [""] * step.channels
    for output in step.outputs:
        own = channel_names(output, names, single)
        for channel, name in zip(output.channels, own, strict=True):
            found[channel] = name if len(step.outputs) == 1 else f"{output.label}-{name}"
    return tuple(found)


def placement_on_base(part: Part, last: Placement) -> Placement:
    """Return where the result of the last layer lies on the part of the input.

    Args:
        part: what the last layer sees.
        last: where its result lies on that.
    """
    return Composed(part.placement, last) if isinstance(part, Stepped) else last
