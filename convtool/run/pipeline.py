"""Run one job: read its parts, filter them, normalize and quantize the results, write its outputs.

The order of the data's path is the order of this module. It prints nothing; errors become part of
the outcome.
"""

import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from convtool.errors import WriteError
from convtool.media.contract import Encoder
from convtool.media.inputs import PIPE, spool
from convtool.outputs.job import Job
from convtool.outputs.targets import Target
from convtool.run.drain import drain
from convtool.run.finish import Finishes, pages
from convtool.run.observe import stored
from convtool.run.outcomes import Outcome
from convtool.run.state import Run, Witness, Work
from convtool.run.work import attempt, succeeded


def run(job: Job, shared: Run) -> Outcome:
    """Filter one input and write its outputs.

    Raises:
        UsageError: the call itself is wrong.
    """
    started = time.perf_counter()
    if shared.skips(job):
        return Outcome(job.input, "skipped")

    def finish(work: Work) -> Outcome:
        witness = shared.watching(job)
        with shared.budget.taken(work.memory) if shared.budget else nullcontext():
            notes = _write(job, work, shared, witness)
        plan = shared.filter.convolution(work.seen).plan
        return succeeded(
            job,
            work,
            shared,
            notes=[*notes, *shared.filter.notes],
            status="done",
            seconds=round(time.perf_counter() - started, 3),
            bytes=0 if job.input == PIPE else Path(job.input).stat().st_size,
            algorithm=plan.algorithm,
            estimates=str(plan),
            witness=witness,
        )

    return attempt(job, shared, finish)


def _write(job: Job, work: Work, shared: Run, witness: Witness | None) -> list[str]:
    """Filter all parts into the outputs of a job, and return what a user should know of them."""
    finishes = Finishes(job, work, shared)
    noted: dict[str, None] = {}  # of all pages, each once
    with ExitStack() as files:
        outputs = _open(job, work, shared, files)
        encoders = [output.encoder for output in outputs]
        for page in pages(job, work, shared):
            levels = page.encoding.levels
            noted |= dict.fromkeys([*page.layer.notes, *page.encoding.notes])
            result = stored(job, page, finishes, shared, witness)
            placement = page.layer.placement(page.part.size)
            for encoder, target in zip(encoders, page.targets, strict=True):
                encoder.begin(page.seen, placement, levels, target.tiles)
            drain(result, encoders, overlapped=shared.filter.medium.overlapped)
        for encoder in encoders:
            encoder.close()
        _record(job, outputs, shared)
    return [*noted, *finishes.notes, *(note for encoder in encoders for note in encoder.notes)]


@dataclass(frozen=True)
class _Output:
    """One output being made: its target, the file or folder that it is made in, its encoder."""

    target: Target
    place: BinaryIO | Path
    encoder: Encoder


def _open(job: Job, work: Work, shared: Run, files: ExitStack) -> list[_Output]:
    """Begin all outputs of a job; they are released, and published or removed, by `files`."""
    outputs = []
    for target in work.targets:
        place = files.enter_context(_place(target, job, shared))
        encoder = work.encoding.open(place, target.tiles)
        files.callback(encoder.drop)
        outputs.append(_Output(target, place, encoder))
    return outputs


@contextmanager
def _place(target: Target, job: Job, shared: Run) -> Iterator[BinaryIO | Path]:
    """Yield the file or folder that an output is made in, and publish it at the end."""
    overwrite = shared.replaces(job, target.path)
    if job.makes_folders:
        with shared.publisher.folder(target.path, overwrite=overwrite) as folder:
            yield folder
        return
    if job.merged != PIPE:
        with shared.publisher.file(target.path, overwrite=overwrite) as file:
            yield file
        return
    if sys.stdout is None:
        raise WriteError("-: standard output is closed")
    with spool() as held:  # encoders seek, and a pipe cannot
        yield held  # type: ignore[misc]  # a BinaryIO but for its name
        held.seek(0)
        shutil.copyfileobj(held, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _record(job: Job, outputs: Sequence[_Output], shared: Run) -> None:
    """Record in the manifest what complete outputs will be like when they have their names."""
    if shared.manifest is None or job.merged is not None:
        return
    found = []
    for output in outputs:
        if isinstance(output.place, Path):
            status = output.place.stat()
        else:
            output.place.flush()
            status = os.fstat(output.place.fileno())
        found.append((output.target.path, status))
    shared.manifest.add(job, found)
