"""Divide a job into segments, or say why it is not: numbers, found without decoding anything."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import cast

from convtool.block import Moment
from convtool.convolve.stretch import Along
from convtool.errors import IndivisibleError
from convtool.limits import MEBI
from convtool.media.divisible import Divisible, Joined, Marks
from convtool.media.inputs import PIPE
from convtool.outputs.job import Job
from convtool.run.segments import Segment
from convtool.run.state import Run, Work

LEAST = 8  # positions of the result of a segment


@dataclass(frozen=True)
class Division:
    """A job as segments.

    Attributes:
        segments: in order, at least two; none where the job is not divided.
        moments: when the positions of the result are shown.
        at_once: how many can be filtered at once within the limit of memory.
        notes: why there are fewer than wanted, or none.
    """

    segments: tuple[Segment, ...] = ()
    moments: tuple[Moment, ...] = ()
    at_once: int = 1
    notes: tuple[str, ...] = ()


def divided(job: Job, work: Work, shared: Run) -> Division:
    """Return a job as the segments that are asked for, as far as its input allows it.

    Raises:
        ReadError: the input is truncated.
    """
    wanted = shared.filter.options.output.segments
    if wanted == 1:
        return Division()
    try:
        return _divided(job, work, shared, wanted)
    except IndivisibleError as exc:
        return Division(notes=(whole(exc),))


def whole(reason: IndivisibleError) -> str:
    """Return the note that an input is filtered whole."""
    return f"not divided into segments: {reason.message}"


def _divided(job: Job, work: Work, shared: Run, wanted: int) -> Division:
    """Return the segments of a job.

    Raises:
        IndivisibleError: there are none.
    """
    backend, layer = shared.filter.medium.backend, work.layer
    if job.input == PIPE:
        raise IndivisibleError("standard input is read once")
    if shared.witness is not None:
        raise IndivisibleError("--plot, --report and --preview watch one process")
    if not isinstance(backend, Divisible):
        raise IndivisibleError(f"{shared.filter.medium.several} are not")
    if layer.before:
        raise IndivisibleError("a chain runs from the beginning")
    if layer.modes[0].name == "circular" and any(layer.ends[0]):
        raise IndivisibleError("circular padding joins its end and its beginning")
    marks = backend.marks(work.source)
    along = Along.of(layer.conv, len(marks.moments), layer.ends)
    moments = _moments(along, marks.moments)
    stride = layer.conv.stride[0]
    cast("Joined", work.encoding).check_moments(work.part, stride, moments)
    ends = [0, *_cuts(along, marks, wanted), along.count]
    if len(ends) == 2:
        raise IndivisibleError(
            "it has no second key frame" if len(marks.starts) < 2 else "it is short"
        )
    options = shared.filter.options
    engine = replace(options.engine, device=shared.filter.device)
    stretches = [along.stretch(*pair) for pair in pairwise(ends)]
    reaches = marks.reaches([(each.start, each.stop) for each in stretches])
    segments = tuple(
        Segment(
            job,
            shared.filter.medium.name,
            replace(options, engine=engine),
            along,
            each.first,
            each.end,
            reach,
        )
        for each, reach in zip(stretches, reaches, strict=True)
    )
    at_once = max(1, min(len(segments), options.reading.max_memory * MEBI // work.memory))
    return Division(segments, moments, at_once, _notes(segments, wanted, at_once))


def _notes(segments: Sequence[Segment], wanted: int, at_once: int) -> tuple[str, ...]:
    """Return why there are fewer segments than wanted, and fewer at once than there are."""
    notes = []
    if len(segments) < wanted:
        notes.append(f"divided into {len(segments)} segments: it has no key frames for more")
    if at_once < len(segments):
        notes.append(f"{at_once} of {len(segments)} segments at once: --max-memory allows no more")
    return tuple(notes)


def _moments(along: Along, moments: Sequence[Moment]) -> tuple[Moment, ...]:
    """Return when each position of the result is shown, as `Stream` has it."""
    first, last = (along.extent - 1) // 2 - along.before, along.length - 1
    centres = (number * along.stride + first for number in range(along.count))
    shown = (moments[min(max(0, centre), last)] for centre in centres)
    return tuple(Moment(start, duration * along.stride) for start, duration in shown)


def _cuts(along: Along, marks: Marks, wanted: int) -> list[int]:
    """Return the first positions of all segments but the first, about as long as each other.

    Each depends on no more of the input before a start than it must, so that little is decoded
    twice.
    """
    least = max(LEAST, -(-along.extent // along.stride))
    possible = [
        first
        for first in sorted({along.first_from(start) for start in marks.starts})
        if along.stretch(0, first).stop > along.before  # which padding may need to be reflected
        and along.length - along.stretch(first, along.count).start > along.after
    ]
    cuts = [0]
    for number in range(1, wanted):
        ideal, earliest = along.count * number / wanted, cuts[-1] + least
        good = [first for first in possible if earliest <= first <= along.count - least]
        if not good:
            break
        cuts.append(min(good, key=lambda first: abs(first - ideal)))
    return cuts[1:]
