"""Take the blocks of a result into encoders: filtering, preparing and writing overlap."""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, closing
from typing import Any

from convtool.block import Block
from convtool.media.contract import Encoder
from convtool.run.prefetch import prefetch

Between = Callable[[Iterable[Any]], Generator[Any]]  # runs a step in a thread of its own, or not


def drain(blocks: Generator[Block], encoders: Sequence[Encoder], *, overlapped: bool) -> None:
    """Take the blocks of a result into all encoders.

    The threads end before the files are closed.

    Args:
        blocks: the result.
        encoders: each takes all blocks.
        overlapped: filtering, preparing and writing are each run in a thread.
    """
    between: Between = prefetch if overlapped else _here
    with ExitStack() as steps:
        filtered = steps.enter_context(closing(between(blocks)))
        ready = ([encoder.prepare(block) for encoder in encoders] for block in filtered)
        for prepared in steps.enter_context(closing(between(ready))):
            for encoder, each in zip(encoders, prepared, strict=True):
                encoder.write(each)


def _here(items: Iterable[Any]) -> Generator[Any]:
    yield from items
