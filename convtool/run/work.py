"""Open the input of a job and plan its work: layer, targets, encoding, memory.

It makes every check that can be made before work; failures become outcomes. It runs no layer and
writes nothing.
"""

import math
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from typing import Any, BinaryIO

from convtool.errors import (
    ConvtoolError,
    LimitError,
    ReadError,
    UsageError,
    WriteError,
    internal,
)
from convtool.limits import MEBI, refuse_larger
from convtool.media.contract import Part, Source, Wanted
from convtool.media.inputs import PIPE, opened
from convtool.media.mistaken import open_source
from convtool.options.reading import Reading, TimedReading
from convtool.outputs.existing import refuse_existing, refuse_existing_folder
from convtool.outputs.identities import refuse_input
from convtool.outputs.job import Job
from convtool.outputs.targets import Target, plan_targets
from convtool.places.names import shown
from convtool.places.reading import held
from convtool.run.outcomes import Outcome
from convtool.run.prefetch import DEPTH
from convtool.run.state import Run, Work
from convtool.run.stepped import placement_on_base
from convtool.sizes import size_text

# Blocks held at once where steps overlap: those that wait, the one made and the one consumed.
OVERLAPPED_BLOCKS = DEPTH + 2


def attempt(job: Job, shared: Run, finish: Callable[[Work], Outcome]) -> Outcome:
    """Open a job's input, plan its work, and return what `finish` makes of it, or the failure.

    Raises:
        UsageError: the call itself is wrong.
    """
    if job.problem:
        return failed(job, job.problem)
    try:
        with _opened(job, shared) as file:
            reading = shared.filter.options.reading
            source = open_source(shared.filter.medium, file, shown(job.input), reading)
            return finish(planned(job, source, shared))
    except (UsageError, BrokenPipeError):
        raise
    except ConvtoolError as exc:
        return failed(job, exc)
    except OSError as exc:
        return failed(job, WriteError(f"the output cannot be written: {exc.strerror or exc}"))
    except Exception as exc:  # noqa: BLE001  # a fault of ours costs this input only, and is seen
        return replace(
            failed(job, ConvtoolError(internal(exc), hint="--verbose shows where")),
            traceback="".join(traceback.format_exception(exc)),
        )


def succeeded(job: Job, work: Work, shared: Run, **more: Any) -> Outcome:
    """Return the outcome of a job that went well.

    Args:
        job: the job.
        work: its work.
        shared: the seed is taken from its options.
        more: further fields; `notes` are those that the work itself does not have.
    """
    notes = [*work.source.notes, *work.layer.notes, *work.encoding.notes, *more.pop("notes", ())]
    return Outcome(
        job.input,
        outputs=tuple(str(target.path) for target in work.targets),
        notes=tuple(dict.fromkeys(notes)),
        seed=shared.filter.options.kernel.seed,
        **more,
    )


@contextmanager
def _opened(job: Job, shared: Run) -> Iterator[BinaryIO]:
    """Open the input of a job; what is fetched waits until the budget of the run has room."""
    ranged, limit = shared.filter.medium.timed, shared.filter.options.reading.max_memory
    fetched = min(held(job.input, job.known, ranged=ranged), limit * MEBI)
    with ExitStack() as open_:
        with shared.budget.taken(fetched) if shared.budget and fetched else nullcontext():
            file = open_.enter_context(opened(job.input, job.known, ranged=ranged, limit=limit))
        yield file


def failed(job: Job, error: ConvtoolError) -> Outcome:
    """Return the outcome of a job that raised; its message begins with the input's name."""
    name = shown(job.input)
    named = error.named or error.message.startswith(f"{name}:")
    message = error.message if named else f"{name}: {error.message}"
    return Outcome(job.input, "failed", error=message, hint=error.hint)


def planned(job: Job, source: Source, shared: Run) -> Work:
    """Return the work of a job, after every check that can be made before it.

    Args:
        job: the job.
        source: its input, opened.
        shared: what the jobs of a worker share.

    Raises:
        ConvtoolError: a check fails.
    """
    part = next(source.parts())
    targets = _targets(job, part, shared)
    check_duration(part, shared.filter.options.reading)
    for target in targets:
        _check_target(job, target, shared)
    return _sized(job, source, part, targets, shared)


def sized(job: Job, source: Source, part: Part, shared: Run) -> Work:
    """Return the work of a job on one part, without a look at what its outputs would replace.

    Raises:
        ConvtoolError: a check fails.
    """
    return _sized(job, source, part, _targets(job, part, shared), shared)


def page_of(work: Work, job: Job, part: Part, shared: Run) -> Work:
    """Return the work of another part of a job's input, which goes into the same outputs.

    Raises:
        LimitError: it needs too much memory.
        ReadError: the outputs of the job cannot hold it.
    """
    if part is work.part:
        return work
    targets = _targets(job, part, shared)
    if [target.path for target in targets] != [target.path for target in work.targets]:
        raise ReadError(
            f"{shown(job.input)}: its pages are partly grey and partly colour, and do not make the "
            "same files",
            hint="a file as OUTPUT holds pages of both kinds",
        )
    return _sized(job, work.source, part, targets, shared)


def _targets(job: Job, part: Part, shared: Run) -> list[Target]:
    medium, options = shared.filter.medium, shared.filter.options
    return plan_targets(
        job,
        shared.filter.layer_of(part),
        shared.filter.stepped(part).channels,
        single=medium.single,
        sheet=options.output.sheet,
        banded=medium.banded,
    )


def _check_target(job: Job, target: Target, shared: Run) -> None:
    """Refuse an output that is an input, or exists and must stay."""
    if job.merged == PIPE:
        return
    refuse_input(target.path, shared.inputs)
    refuse = refuse_existing_folder if job.makes_folders else refuse_existing
    refuse(target.path, overwrite=shared.replaces(job, target.path))


def _sized(job: Job, source: Source, part: Part, targets: list[Target], shared: Run) -> Work:
    """Return the work on a part: how its result is stored, and the bytes that it all needs.

    Raises:
        LayerError: the layer does not fit the part.
        LimitError: it needs too much memory.
        UsageError: an output option does not fit the format.
        WriteError: the format cannot hold what is wanted.
    """
    medium, options = shared.filter.medium, shared.filter.options
    layer, base = shared.filter.layer_of(part), shared.filter.seen(part)
    stepped, seen = shared.filter.stepped(part), shared.filter.stepped(base)
    convolution = shared.filter.convolution(seen)
    placement = placement_on_base(seen, layer.placement(seen.size))
    size = placement.size
    raw = options.result.normalize == "none"
    wanted = Wanted(job.suffix, options.output, raw, size, targets[0].tiles)
    encoding = medium.backend.encoding(source, part, wanted)
    rows = min(convolution.length, seen.size[0])
    row = math.prod(seen.size[1:]) * len(seen.channels) * seen.levels.dtype.itemsize
    result_row = math.prod(size[1:]) * layer.channels * encoding.levels.dtype.itemsize
    block = rows * row + 2 * (rows // layer.conv.stride[0]) * result_row
    blocks = OVERLAPPED_BLOCKS if medium.overlapped else 1
    needed = seen.memory + convolution.memory + blocks * block + len(targets) * encoding.memory
    needed += held(job.input, job.known, ranged=medium.timed)
    refuse_larger(
        f"filtering {size_text((len(part.channels), *part.size))} samples "
        f"into {size_text((layer.channels, *size))}",
        needed,
        options.reading.max_memory,
    )
    return Work(source, stepped, seen, base, layer, placement, targets, encoding, needed)


def check_duration(part: Part, reading: Reading) -> None:
    """Check the duration of a part.

    Raises:
        LimitError: it is too long.
    """
    if part.rate is None or not isinstance(reading, TimedReading):
        return
    seconds = part.size[0] / part.rate
    if seconds > reading.max_seconds:
        raise LimitError(
            f"{seconds:.0f} s exceed the limit of {reading.max_seconds} s",
            hint="raise it with --max-seconds",
        )
