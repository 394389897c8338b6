"""Run one job: read its parts, filter them, normalize and quantize the results, write its outputs.

The order of the data's path is the order of this module. It prints nothing; errors become part of
the outcome.
"""

import time
from contextlib import ExitStack, nullcontext
from dataclasses import replace

from convtool.errors import IndivisibleError, ReadError
from convtool.outputs.job import Job
from convtool.places.names import is_remote
from convtool.places.stores import found
from convtool.run.dividing import Division, divided, whole
from convtool.run.drain import drain
from convtool.run.finish import Finishes, pages
from convtool.run.joining import write_joined
from convtool.run.observe import stored
from convtool.run.opening import open_outputs, record
from convtool.run.outcomes import Outcome
from convtool.run.state import Run, Witness, Work
from convtool.run.work import attempt, failed, succeeded


def run(job: Job, shared: Run) -> Outcome:
    """Filter one input and write its outputs.

    Raises:
        UsageError: the call itself is wrong.
    """
    started = time.perf_counter()
    try:
        job = _located(job)
        if shared.skips(job):
            return Outcome(job.input, "skipped")
    except ReadError as exc:
        return failed(job, exc)

    def finish(work: Work) -> Outcome:
        division = divided(job, work, shared)
        memory = work.memory * division.at_once
        witness = shared.watching(job)
        with shared.budget.taken(memory) if shared.budget else nullcontext():
            notes, segments = _written(job, work, shared, division, witness)
        plan = shared.filter.convolution(work.seen).plan
        return succeeded(
            job,
            work,
            shared,
            notes=[*notes, *shared.filter.notes],
            status="done",
            seconds=round(time.perf_counter() - started, 3),
            bytes=job.bytes,
            algorithm=plan.algorithm,
            estimates=str(plan),
            segments=segments,
            witness=witness,
        )

    return attempt(job, shared, finish)


def _located(job: Job) -> Job:
    """Return a job, with what a store knows of its input: the store is asked once.

    Raises:
        ReadError: it is not there, or the store does not answer.
    """
    if job.known is not None or job.problem is not None or not is_remote(job.input):
        return job
    return replace(job, known=found(job.input))


def _written(
    job: Job, work: Work, shared: Run, division: Division, witness: Witness | None
) -> tuple[list[str], int | None]:
    """Write the outputs of a job, whole where it cannot be divided.

    Returns:
        What a user should know of them, and the number of segments; None for the whole.
    """
    notes = list(division.notes)
    if division.segments:
        try:
            made = write_joined(job, work, shared, division)
        except IndivisibleError as exc:
            notes = [whole(exc)]
        else:
            return [*notes, *made], len(division.segments)
    return [*notes, *_write(job, work, shared, witness)], None


def _write(job: Job, work: Work, shared: Run, witness: Witness | None) -> list[str]:
    """Filter all parts into the outputs of a job, and return what a user should know of them."""
    finishes = Finishes(job, work, shared)
    noted: dict[str, None] = {}  # of all pages, each once
    with ExitStack() as files:
        outputs = open_outputs(job, work, shared, files, work.encoding.open)
        encoders = [output.encoder for output in outputs]
        for page in pages(job, work, shared):
            levels = page.encoding.levels
            noted |= dict.fromkeys([*page.layer.notes, *page.encoding.notes])
            result = stored(job, page, finishes, shared, witness)
            for encoder, target in zip(encoders, page.targets, strict=True):
                encoder.begin(page.base, page.placement, levels, target.tiles)
            drain(result, encoders, overlapped=shared.filter.medium.overlapped)
        for encoder in encoders:
            encoder.close()
        record(job, outputs, shared)
    return [*noted, *finishes.notes, *(note for encoder in encoders for note in encoder.notes)]
