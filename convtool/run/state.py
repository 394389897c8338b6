"""What the jobs of a worker share, the work on one part, and the witness that may watch it.

Values only: `work` plans them, `pipeline` and `observe` run them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from convtool.block import Block
from convtool.convolve.geometry import Placement
from convtool.layers.layer import Layer
from convtool.limits import Budget
from convtool.media.contract import Encoding, Part, Source
from convtool.outputs.atomic import Publisher
from convtool.outputs.identities import Identities
from convtool.outputs.job import Job
from convtool.outputs.manifest import Manifest
from convtool.outputs.targets import Target
from convtool.places.names import Place
from convtool.places.stores import is_file
from convtool.results.normalize import Normalizer
from convtool.run.filter import Filter
from convtool.run.outcomes import Progress
from convtool.run.processes import Each, each


@dataclass(frozen=True)
class Run:
    """What all jobs of one worker share.

    Attributes:
        filter: the layers, the options and the medium.
        inputs: identities of files that must not be replaced.
        progress: called with how far long inputs have come.
        publisher: publishes the outputs; the run's own.
        manifest: the record of outputs in the folder; None where none is kept.
        skip: skip inputs whose outputs are up to date.
        budget: the memory of all jobs of all workers; None where one job runs at a time.
        witness: makes somebody who watches a job; None where nobody does.
        drawn: names the files that are drawn of a job, beside its outputs.
        again: the jobs have begun before, in a process that died.
        each: runs the segments of a job, in processes of this machine or elsewhere.
    """

    filter: Filter
    inputs: Identities = field(default_factory=Identities)
    progress: Callable[[Progress], None] | None = None
    publisher: Publisher = field(default_factory=Publisher)
    manifest: Manifest | None = None
    skip: bool = False
    budget: Budget | None = None
    witness: Callable[[Job], "Witness"] | None = None
    drawn: Callable[[Job], Sequence[Place]] = lambda _: ()
    again: bool = False
    each: Each = each

    def watching(self, job: Job) -> "Witness | None":
        """Return who watches a job."""
        return None if self.witness is None else self.witness(job)

    def skips(self, job: Job) -> bool:
        """Return whether a job is skipped: its outputs are up to date, no drawing is missing.

        Where it is not, what a killed run left half-written beside its outputs is removed.
        """
        if not self.skip or self.manifest is None:
            return False
        if self.manifest.is_up_to_date(job) and all(map(is_file, self.drawn(job))):
            return True
        self.manifest.sweep(job.folder)
        return False

    def replaces(self, job: Job, path: Place) -> bool:
        """Return whether an existing output is replaced: as asked, or as our own earlier one."""
        if self.filter.options.output.overwrite:
            return True
        if self.manifest is None:
            return False
        if self.skip and self.manifest.made(job, path):
            return True
        return self.again and self.manifest.made(job, path, now=True)


@dataclass(frozen=True)
class Work:
    """The work of a job, once its input is open, on one part of it: mostly the first.

    Attributes:
        source: the input.
        part: the part; of a chain, what its last layer sees of it, as `seen`.
        seen: the same as the layer sees it, with what transparency asks for.
        base: the part as the first layer of a chain sees it; else `seen`.
        layer: the layer that runs on it; of a chain, the last one.
        placement: the size of the result, and where its positions lie on `base`.
        targets: the outputs.
        encoding: how they are stored.
        memory: an estimate of the bytes that it needs.
        pads: samples added before and behind where `seen` is a stretch of the part.
    """

    source: Source
    part: Part
    seen: Part
    base: Part
    layer: Layer
    placement: Placement
    targets: list[Target]
    encoding: Encoding
    memory: int
    pads: tuple[int, int] | None = None


class Witness(Protocol):
    """Somebody who sees what a run reads and makes, part by part.

    The blocks of a part arrive in order. `read` and `made` may be called in threads of their own,
    so that one is ahead of the other; whoever keeps a tensor copies it.

    Attributes:
        content: it has seen all that it wants, and what follows need not be made for it.
    """

    content: bool

    @property
    def whole(self) -> bool:
        """Whether it sees the input of a chain, rather than that of its last layer."""

    def begin(self, page: Work, normalizer: Normalizer) -> None:
        """Learn which part comes next.

        Args:
            page: the work on the part; `page.seen` is what the layer sees.
            normalizer: maps its responses; its ranges are known.
        """

    def read(self, block: Block) -> None:
        """See the next block of the part, as the layer sees it."""

    def made(self, block: Block) -> None:
        """See the next block of its result, as it is stored, all channels of the layer."""
