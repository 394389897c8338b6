"""Make the stored results of a part, where a witness may look on, or for that witness alone.

Witnesses change nothing, and nothing is written here: `pipeline` does.
"""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from convtool.block import Block
from convtool.convolve import Step
from convtool.media.contract import Part, weighted
from convtool.outputs.job import Job
from convtool.results.scaled import Scaled
from convtool.results.weighted import Weighted
from convtool.run.finish import Finishes, pages
from convtool.run.outcomes import Outcome
from convtool.run.progress import reported
from convtool.run.state import Run, Witness, Work
from convtool.run.work import attempt, succeeded


def stored(
    job: Job, page: Work, finishes: Finishes, shared: Run, witness: Witness | None
) -> Generator[Block]:
    """Yield the result of a part as it is stored, block by block, all channels of the layer.

    Args:
        job: the job.
        page: the work on the part.
        finishes: of the job.
        shared: what the jobs of a worker share.
        witness: sees what is read and made.
    """
    levels, part = page.encoding.levels, page.seen
    normalizer, quantizer = finishes.of(page)
    step: Step = Scaled(normalizer, part.levels.scale)
    if weighted(part):
        step = Weighted(step, levels.scale)
    epilogue: list[Step] = [shared.filter.layer_of(part).fold, step, quantizer]
    if witness is not None:
        witness.begin(page, normalizer)
        if witness.whole:
            part = shared.filter.stepped(Watched(page.base, witness))
        else:
            part = Watched(part, witness)
    blocks = shared.filter.blocks(part, epilogue, levels, pads=page.pads)
    with closing(reported(blocks, "filtering", job, page.seen, shared)) as result:
        for block in result:
            if witness is not None:
                witness.made(block)
            yield block


class Watched:
    """A part whose blocks a witness sees as they are read; everything else is the part's own."""

    def __init__(self, part: Part, witness: Witness) -> None:
        self._part, self._witness = part, witness

    def __getattr__(self, name: str) -> Any:
        return getattr(self._part, name)

    def blocks(self, length: int, *, company: bool = False) -> Iterator[Block]:
        """Yield the part in blocks of at most `length` positions."""
        for block in self._part.blocks(length, company=company):
            self._witness.read(block)
            yield block


def watch(job: Job, work: Work, shared: Run, witness: Witness | None) -> None:
    """Make the results of all parts for a witness, until it has seen all that it wants."""
    finishes = Finishes(job, work, shared)
    for page in pages(job, work, shared):
        with closing(stored(job, page, finishes, shared, witness)) as blocks:
            for _ in blocks:
                if witness is not None and witness.content:
                    return


def observe(job: Job, shared: Run) -> Outcome:
    """Run a job for its witness alone: everything is read, filtered and stored, nothing written.

    Args:
        job: the input; its suffix decides how results would be stored.
        shared: with the witness.

    Raises:
        UsageError: the call itself is wrong.
    """
    witness = shared.watching(job)

    def finish(work: Work) -> Outcome:
        watch(job, work, shared, witness)
        plan = shared.filter.convolution(work.seen).plan
        done = succeeded(job, work, shared, status="done", algorithm=plan.algorithm)
        return replace(done, outputs=(), witness=witness)

    return attempt(job, shared, finish)
