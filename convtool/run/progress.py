"""Report how far the blocks of a long input have come; nothing is printed here."""

from collections.abc import Generator
from contextlib import closing
from typing import Any

from torch import Tensor

from convtool.block import AXIS
from convtool.media.contract import Part
from convtool.outputs.job import Job
from convtool.run.outcomes import Progress
from convtool.run.state import Run


def reported(
    blocks: Generator[Any], doing: str, job: Job, part: Part, shared: Run, *, every: int = 1
) -> Generator[Any]:
    """Yield the blocks of a result, and report how far they have come.

    Args:
        blocks: of type Block, or their tensors.
        doing: `measuring` or `filtering`.
        job: whose input it is.
        part: the input.
        shared: whose `progress` is called.
        every: of so many positions of the result, one is made.
    """
    medium = shared.filter.medium
    stride = shared.filter.layer_of(part).conv.stride[0] * every
    whole, done = part.size[0], 0
    rate = part.rate if medium.position == "sample" else None
    with closing(blocks):
        for block in blocks:
            yield block
            done += stride * (block.shape[AXIS] if isinstance(block, Tensor) else len(block))
            if shared.progress is not None and part.rate is not None:
                shared.progress(Progress(job.input, doing, min(done, whole), whole, rate))
