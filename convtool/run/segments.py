"""Segments of a long input: plain values, and how each is measured or filtered, wherever that is.

A segment names its input and numbers its part of the result, so that any process that can open the
input can run it: `measure` what responses it has, `filter_segment` into pieces.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from convtool.convolve.stretch import Along, Stretch
from convtool.media.divisible import Divisible, Joined, Piece
from convtool.media.inputs import opened
from convtool.media.mistaken import open_source
from convtool.media.registry import MEDIA
from convtool.options.options import Options
from convtool.outputs.job import Job
from convtool.places.names import shown
from convtool.results.ranges import Found
from convtool.run.drain import drain
from convtool.run.filter import Filter
from convtool.run.finish import Finishes, normalizer_of
from convtool.run.observe import stored
from convtool.run.outcomes import Progress
from convtool.run.progress import reported
from convtool.run.state import Run, Work
from convtool.run.work import sized

Tell = Callable[[int], None]  # takes how many positions of a segment are done


@dataclass(frozen=True)
class Segment:
    """A part of the result of a job, and what it is made of.

    Attributes:
        job: whose result it is.
        medium: the name of its input's medium.
        options: of the filter, with the device that was chosen for the whole.
        along: the layer along the whole input.
        first: the number of its first position of the result.
        end: the one behind its last.
        reach: what the medium needs to know to read its part of the input.
    """

    job: Job
    medium: str
    options: Options
    along: Along
    first: int
    end: int
    reach: Any

    @property
    def stretch(self) -> Stretch:
        """Its positions of the result, and those of the input that they depend on."""
        return self.along.stretch(self.first, self.end)


@dataclass(frozen=True)
class Places:
    """A segment that is to be filtered.

    Attributes:
        segment: the segment.
        paths: the files, there already, that take its pieces: one per output of the job.
        found: what all segments have measured; None where nothing needs to be.
    """

    segment: Segment
    paths: tuple[Path, ...]
    found: tuple[Found, ...] | None


@dataclass(frozen=True)
class Filtered:
    """What came of a segment.

    Attributes:
        pieces: one per output of the job.
        prints: checksums of some positions of the input.
        notes: what a user should know.
    """

    pieces: tuple[Piece, ...]
    prints: Mapping[int, int]
    notes: tuple[str, ...]


def measure(segment: Segment, tell: Tell) -> Found:
    """Measure the responses of a segment: those that are measured of the whole.

    Args:
        segment: the segment.
        tell: told how far it has come.

    Raises:
        ConvtoolError: the input cannot be read.
        IndivisibleError: it cannot be read from there.
    """
    with _begun(segment, tell) as (work, shared):
        normalizer, part = normalizer_of(work, shared), work.part
        every = normalizer.every(shared.filter.medium.sampling, part.size[0])
        first, end = (-(-number // every) for number in (segment.first, segment.end))
        if first == end:
            return normalizer.found
        stretch = segment.along.thinned(every).stretch(first, end)
        reach = segment.reach.narrowed(stretch.start, stretch.stop)
        seen = _backend(segment).stretch(part, reach)
        responses = shared.filter.responses(
            seen, shared.filter.folded(seen), every=every, pads=stretch.pads
        )
        told = reported(responses, "measuring", segment.job, seen, shared, every=every)
        with closing(told) as blocks:
            normalizer.measure(blocks, seen.levels.scale)
        return normalizer.found


def filter_segment(places: Places, tell: Tell) -> Filtered:
    """Filter a segment into a piece for each output.

    Args:
        places: the segment, and where its pieces go.
        tell: told how far it has come.

    Raises:
        ConvtoolError: the input cannot be read, or a piece cannot be written.
        IndivisibleError: the input cannot be read from there.
    """
    segment = places.segment
    with _begun(segment, tell) as (work, shared), ExitStack() as files:
        seen = _backend(segment).stretch(work.part, segment.reach)
        page = replace(work, seen=seen, pads=segment.stretch.pads)
        finishes = Finishes(segment.job, page, shared, places.found)
        encoding = cast("Joined", page.encoding)
        encoders = []
        for path, target in zip(places.paths, page.targets, strict=True):
            file = files.enter_context(path.open("r+b"))
            file.truncate()  # what a process that died has left
            encoder = encoding.piece(file, target.tiles)
            files.callback(encoder.drop)
            encoder.begin(seen, page.placement, encoding.levels, target.tiles)
            encoders.append(encoder)
        result = stored(segment.job, page, finishes, shared, None)
        drain(result, encoders, overlapped=shared.filter.medium.overlapped)
        for encoder in encoders:
            encoder.close()
        count = segment.end - segment.first
        pieces = tuple(
            Piece(path, count, encoder.facts)
            for path, encoder in zip(places.paths, encoders, strict=True)
        )
        notes = (*page.source.notes, *shared.filter.notes)
        return Filtered(pieces, seen.prints, notes)


def _backend(segment: Segment) -> Divisible:
    backend = MEDIA[segment.medium].backend
    assert isinstance(backend, Divisible)
    return backend


@contextmanager
def _begun(segment: Segment, tell: Tell) -> Iterator[tuple[Work, Run]]:
    """Open the input of a segment; yield the work of its job, and what that is done with."""
    medium, job = MEDIA[segment.medium], segment.job

    def told(progress: Progress) -> None:
        tell(progress.done)

    shared = Run(Filter(segment.options, medium), progress=told)
    with opened(job.input, job.known, ranged=medium.timed) as file:
        source = open_source(medium, file, shown(job.input), segment.options.reading)
        yield sized(job, source, next(source.parts()), shared), shared


def agree(results: Sequence[Filtered]) -> bool:
    """Return whether what two neighbours have read alike is the same: each has begun rightly."""
    for before, after in pairwise(results):
        common = before.prints.keys() & after.prints.keys()
        if not common or any(before.prints[key] != after.prints[key] for key in common):
            return False
    return True
