"""Begin the outputs of a job, and record them once they are complete."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from convtool.errors import ReadError, WriteError
from convtool.media.contract import Encoder, Tile
from convtool.media.inputs import PIPE, spool
from convtool.outputs.job import Job
from convtool.outputs.states import State, state
from convtool.outputs.targets import Target
from convtool.places.names import Place, RemotePath, real
from convtool.places.uploads import Origin
from convtool.run.state import Run, Work

E = TypeVar("E", bound=Encoder)
Begin = Callable[[BinaryIO | Path, Sequence[Tile]], E]


@dataclass(frozen=True)
class MadeOutput(Generic[E]):
    """One output being made: its target, the file or folder that it is made in, its encoder."""

    target: Target
    place: BinaryIO | Path
    encoder: E


def open_outputs(
    job: Job, work: Work, shared: Run, files: ExitStack, begin: Begin[E]
) -> list[MadeOutput[E]]:
    """Begin all outputs of a job.

    Args:
        job: the job.
        work: its work.
        shared: what the jobs of a worker share.
        files: releases the outputs, and publishes or removes them.
        begin: begins one in a file or a folder.
    """
    outputs: list[MadeOutput[E]] = []
    if isinstance(job.root, RemotePath):
        files.push(_recording(job, outputs, shared))
    for target in work.targets:
        place = files.enter_context(_place(target, job, shared))
        encoder = begin(place, target.tiles)
        files.callback(encoder.drop)
        outputs.append(MadeOutput(target, place, encoder))
    return outputs


@contextmanager
def _place(target: Target, job: Job, shared: Run) -> Iterator[BinaryIO | Path]:
    """Yield the file or folder that an output is made in, and publish it at the end."""
    publisher, overwrite = shared.publisher, shared.replaces(job, target.path)
    origin = Origin(real(job.input), shared.manifest.run if shared.manifest else None)
    if job.makes_folders:
        with publisher.folder(target.path, overwrite=overwrite, origin=origin) as folder:
            yield folder
        return
    if job.merged != PIPE:
        with publisher.file(target.path, overwrite=overwrite, origin=origin) as file:
            yield file
        return
    if sys.stdout is None:
        raise WriteError("-: standard output is closed")
    with spool() as held:  # encoders seek, and a pipe cannot
        yield held  # type: ignore[misc]  # a BinaryIO but for its name
        held.seek(0)
        shutil.copyfileobj(held, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def record(job: Job, outputs: Sequence[MadeOutput[E]], shared: Run) -> None:
    """Record in the manifest what complete outputs will be like when they have their names.

    Of those in a store, that is known only then.
    """
    if shared.manifest is None or job.merged is not None or isinstance(job.root, RemotePath):
        return
    made: list[tuple[Place, State]] = []
    for output in outputs:
        if isinstance(output.place, Path):
            status = output.place.stat()
        else:
            output.place.flush()
            status = os.fstat(output.place.fileno())
        made.append((output.target.path, [status.st_size, status.st_mtime_ns]))
    shared.manifest.add(job, made)


def _recording(job: Job, outputs: Sequence[MadeOutput[E]], shared: Run) -> Callable[..., None]:
    """Return what records outputs in a store, called when they are there, or have failed."""

    def record_sent(failure: type[BaseException] | None, *_: object) -> None:
        if failure is not None or shared.manifest is None or job.merged is not None:
            return
        made: list[tuple[Place, State]] = []
        with suppress(ReadError):  # they are there, even where the store does not tell
            for output in outputs:
                if (there := state(output.target.path)) is None:
                    return  # somebody has removed it
                made.append((output.target.path, there))
            shared.manifest.add(job, made)

    return record_sent
