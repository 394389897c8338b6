"""What stands beyond the ends of an input, by padding mode: along one axis, and around blocks.

    zeros       0 0 0 | a b c d | 0 0 0        reflect     d c b | a b c d | c b a
    constant:V  V V V | a b c d | V V V        symmetric   c b a | a b c d | d c b
    replicate   a a a | a b c d | d d d        circular    b c d | a b c d | a b c

The last three go on beyond that by the same rule, however short the input is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from convtool.block import AXIS
from convtool.errors import LayerError
from convtool.levels import Levels
from convtool.padding import CONSTANT, Mode, Modes

PADDED = -1  # in place of an input position: a number that is added, which is nowhere


def sources(places: Tensor, length: int, mode: Mode) -> Tensor:
    """Return the input position whose sample stands at each position of the padded input.

    Args:
        places: positions that are negative before the input, and from `length` after it.
        length: of the input along the axis.
        mode: of the axis.

    Shape: (L,) → (L,), of int64; PADDED where a number is added

    >>> sources(torch.arange(-4, 6), 3, Mode("reflect")).tolist()
    [0, 1, 2, 1, 0, 1, 2, 1, 0, 1]
    >>> sources(torch.arange(-4, 6), 3, Mode("symmetric")).tolist()
    [2, 2, 1, 0, 0, 1, 2, 2, 1, 0]
    >>> sources(torch.arange(-1, 4), 3, Mode("zeros")).tolist()
    [-1, 0, 1, 2, -1]
    """
    if mode.fills:
        return torch.where((places < 0) | (places >= length), PADDED, places)
    if mode.name == "circular":
        return places % length
    if mode.name == "reflect" and length > 1:
        period = 2 * (length - 1)
        within = places % period
        return torch.minimum(within, period - within)
    if mode.name == "symmetric":
        within = places % (2 * length)
        return torch.minimum(within, 2 * length - 1 - within)
    return places.clamp(0, length - 1)


def picked(samples: Tensor, axis: int, positions: Tensor) -> Tensor:
    """Return the samples at positions of an axis, in any order."""
    if samples.dtype == torch.uint16:  # for which torch lacks most operations
        return picked(samples.view(torch.int16), axis, positions).view(torch.uint16)
    return samples.index_select(axis, positions.to(samples.device))


def fill(target: Tensor, mode: Mode, axis: int = 0) -> None:
    """Write the number that a mode adds.

    Args:
        target: what is filled.
        mode: as `stored` has it.
        axis: that of channels.
    """
    target.fill_(mode.value)
    if mode.last is not None:
        target.select(axis, -1).fill_(mode.last)


def blanked(samples: Tensor, axes: Iterable[tuple[Tensor, Mode]]) -> Tensor:
    """Return samples with the numbers written to them that modes add where there is no sample.

    Args:
        samples: channels first.
        axes: of each spatial axis, its places as `sources` has them, and its mode as `stored` has
            it; where several add a number, it is the last one's.
    """
    numbers = samples
    if samples.dtype == torch.uint16:  # for which torch lacks most operations
        numbers = samples.view(torch.int16)
    for axis, (places, mode) in enumerate(axes, 1):
        nowhere = (places == PADDED).nonzero().flatten()
        value = mode.value
        if numbers is not samples and value >= 2**15:
            value -= 2**16
        numbers.index_fill_(axis, nowhere, value)
        if mode.last is not None:
            numbers[-1:].index_fill_(axis, nowhere, mode.last)
    return samples


def stored(modes: Modes, levels: Levels, unit: float | None = None) -> Modes:
    """Return modes whose numbers are in units of stored samples, integers rounded to a level.

    Args:
        modes: with numbers of which 1 is white, or full scale.
        levels: of the samples.
        unit: the sample that stands for 1; None for that of levels.

    Raises:
        LayerError: a number is none that these samples can have.
    """
    scale = levels.scale if unit is None else unit
    return tuple(_stored(mode, levels, scale) if mode.name == CONSTANT else mode for mode in modes)


def _stored(mode: Mode, levels: Levels, scale: float) -> Mode:
    last = None if mode.last is None else mode.last * scale
    if levels.floats:
        return replace(mode, value=mode.value * scale, last=last)
    lowest = -1 if levels.signed else 0
    if not lowest <= mode.value <= 1:
        raise LayerError(
            f"padding mode '{mode}' adds a number outside {lowest}…1, the range of {levels} samples"
        )
    return replace(mode, value=min(levels.high, round(mode.value * scale)), last=last)


def padded(
    blocks: Iterable[Tensor], before: int, after: int, mode: Mode, last: Tensor | None
) -> Iterator[Tensor]:
    """Yield blocks with `before` samples before them and `after` behind, in blocks as long.

    No more is held than the samples that are added are copies of.

    Args:
        blocks: the input in order, along AXIS.
        before: samples to add before the first.
        after: samples to add behind the last.
        mode: of the axis, as `stored` has it.
        last: the last samples of the input, as many as are added before the first, or all that
            there are, where the mode is `circular`, which begins with them.

    Raises:
        LayerError: the input has no samples, or `last` holds too few.
    """
    blocks = iter(blocks)
    # reflect and symmetric begin with the first samples, circular ends with them
    needed = {"reflect": before + 1, "symmetric": before, "circular": after}.get(mode.name, 1)
    head = _take(blocks, max(1, needed))
    step = head.shape[AXIS]
    if before:
        beside = head
        if mode.name == "circular":
            beside, head = _wrapped(last, before, head, blocks)
        yield from _added(beside, torch.arange(-before, 0), mode, step)
    yield head
    kept, reach = head, after + 1
    if mode.name != "circular":
        del head
    for block in blocks:
        yield block
        kept = block if block.shape[AXIS] >= reach else torch.cat([kept, block], AXIS)
        length = kept.shape[AXIS]
        kept = kept.narrow(AXIS, max(0, length - reach), min(length, reach))
    if after and mode.name == "circular":
        yield from _added(head, torch.arange(after), mode, step)
    elif after:
        length = kept.shape[AXIS]
        yield from _added(kept, torch.arange(length, length + after), mode, step)


def _take(blocks: Iterator[Tensor], length: int) -> Tensor:
    """Return the first blocks, joined until they hold `length` samples or there are no more."""
    taken: list[Tensor] = []
    while sum(block.shape[AXIS] for block in taken) < length:
        block = next(blocks, None)
        if block is None:
            break
        taken.append(block)
    if not sum(block.shape[AXIS] for block in taken):
        raise LayerError("the input has no samples")
    return torch.cat(taken, AXIS) if len(taken) > 1 else taken[0]


def _wrapped(
    last: Tensor | None, before: int, head: Tensor, blocks: Iterator[Tensor]
) -> tuple[Tensor, Tensor]:
    """Return the samples that a circular input begins with, and its head.

    Fewer samples than are added must be the whole input, which the head is then, too.
    """
    if last is None:
        raise TypeError("padding mode 'circular' begins with the input's last samples: pass them")
    count = last.shape[AXIS]
    if count < before:
        head = _take(_chained(head, blocks), before)
        if head.shape[AXIS] != count:
            raise LayerError(
                f"padding mode 'circular' needs the input's last {before} samples, not {count}"
            )
    return last, head


def _chained(first: Tensor, others: Iterator[Tensor]) -> Iterator[Tensor]:
    yield first
    yield from others


def _added(beside: Tensor, places: Tensor, mode: Mode, step: int) -> Iterator[Tensor]:
    """Yield what stands at places beyond samples beside them, at most `step` of it at once."""
    for some in places.split(step):
        if mode.fills:
            size = list(beside.shape)
            size[AXIS] = len(some)
            block = beside.new_empty([size[0], *size[2:], size[1]]).movedim(-1, 1)
            fill(block, mode, 1)
            yield block
        elif mode.name == "replicate":
            edge = beside.narrow(AXIS, 0 if int(some[0]) < 0 else beside.shape[AXIS] - 1, 1)
            shape: Sequence[int] = [-1] * beside.ndim
            yield edge.expand([*shape[:AXIS], len(some), *shape[AXIS + 1 :]])
        else:
            yield picked(beside, AXIS, sources(some, beside.shape[AXIS], mode))
