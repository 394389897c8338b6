"""Finish the results of a job: the steps that follow the layer, and the range that they need.

It must not write anything: `pipeline` does.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing

from convtool.layers.layer import Layer
from convtool.levels import Levels
from convtool.outputs.job import Job
from convtool.results.choice import Choice
from convtool.results.normalize import Normalizer
from convtool.results.quantize import Quantizer
from convtool.results.ranges import Found
from convtool.run.progress import reported
from convtool.run.state import Run, Work
from convtool.run.work import page_of


def pages(job: Job, work: Work, shared: Run) -> Iterator[Work]:
    """Yield the work of each part of a job's input."""
    return (page_of(work, job, part, shared) for part in work.source.parts())


class Finishes:
    """How the results of a job's parts are finished: parts that are alike share it.

    A range is measured over all parts that are alike: of one layer, and stored alike.

    Args:
        job: the job.
        work: its work.
        shared: what the jobs of a worker share.
        found: what segments of its only part have measured; None to measure here.
    """

    def __init__(
        self, job: Job, work: Work, shared: Run, found: Sequence[Found] | None = None
    ) -> None:
        self._shared = shared
        self._made: dict[tuple[Layer, Levels, bool], tuple[Normalizer, Quantizer]] = {}
        normalizer, _ = self.of(work)
        if found is not None:
            normalizer.take(found)
        elif normalizer.needs_range:
            for page in pages(job, work, shared):
                _measure(self.of(page)[0], job, page, shared)

    def of(self, page: Work) -> tuple[Normalizer, Quantizer]:
        """Return the last steps of a part's epilogue."""
        levels, unbounded = page.encoding.levels, page.base.levels.floats
        key = page.layer, levels, unbounded
        if key not in self._made:
            quantizer = Quantizer(levels, unbounded=unbounded)
            self._made[key] = normalizer_of(page, self._shared), quantizer
        return self._made[key]

    @property
    def notes(self) -> list[str]:
        """What a user should know of them."""
        return [note for steps in self._made.values() for step in steps for note in step.notes]


def normalizer_of(work: Work, shared: Run) -> Normalizer:
    """Return the normalizer of a part and of those that are alike."""
    medium, options = shared.filter.medium, shared.filter.options
    levels, asked = work.encoding.levels, options.result
    sheet = options.output.sheet
    return Normalizer(
        work.layer,
        Choice(asked.normalize, medium.usual, asked.independent, asked.percentile, sheet),
        centred=medium.centred,
        floats=levels.floats,
        scale=levels.scale,
        clip=levels.floats,
    )


def _measure(normalizer: Normalizer, job: Job, page: Work, shared: Run) -> None:
    """Run the layer over a part once, or over a sample of it, to find the range of responses."""
    seen = page.seen
    every = normalizer.every(shared.filter.medium.sampling, seen.size[0])
    responses = shared.filter.responses(seen, shared.filter.folded(seen), every=every)
    told = reported(responses, "measuring", job, seen, shared, every=every)
    with closing(told) as blocks:
        normalizer.measure(blocks, seen.levels.scale)
