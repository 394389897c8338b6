"""Filter the segments of a job in processes, and join their pieces into its outputs."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar, cast

from convtool.errors import ConvtoolError, IndivisibleError
from convtool.media.divisible import Joined
from convtool.media.inputs import PIPE
from convtool.outputs.job import Job
from convtool.outputs.targets import Target
from convtool.run.dividing import Division
from convtool.run.finish import Finishes, normalizer_of
from convtool.run.opening import open_outputs, record
from convtool.run.outcomes import Progress
from convtool.run.processes import LostError, Tell, each
from convtool.run.segments import Places, agree, filter_segment, measure
from convtool.run.state import Run, Work

T = TypeVar("T")
R = TypeVar("R")

OTHERWISE = "from a key frame on, it is decoded otherwise than from its beginning"


def write_joined(job: Job, work: Work, shared: Run, division: Division) -> list[str]:
    """Filter the segments of a job into its outputs, and return what a user should know of them.

    Raises:
        ConvtoolError: the input cannot be read, or an output cannot be written.
        IndivisibleError: the segments are not those of the whole; nothing is written.
    """
    hands = _Hands(job, work, shared, division)
    found = None
    if normalizer_of(work, shared).needs_range:
        found = tuple(hands("measuring", measure, division.segments))
    finishes = Finishes(job, work, shared, found)
    encoding, levels = cast("Joined", work.encoding), work.encoding.levels
    with ExitStack() as files:
        places = []
        for segment in division.segments:
            scratches = (_scratch(target, job, shared) for target in work.targets)
            paths = tuple(files.enter_context(scratch) for scratch in scratches)
            places.append(Places(segment, paths, found))
        results = hands("filtering", filter_segment, places)
        if not agree(results):
            raise IndivisibleError(OTHERWISE)
        outputs = open_outputs(job, work, shared, files, encoding.joiner)
        for number, output in enumerate(outputs):
            joiner = output.encoder
            joiner.begin(work.base, work.placement, levels, output.target.tiles)
            joiner.join([result.pieces[number] for result in results], division.moments)
            joiner.close()
        record(job, outputs, shared)
    made = [note for output in outputs for note in output.encoder.notes]
    return [*finishes.notes, *made, *(note for result in results for note in result.notes)]


class _Hands:
    """Runs tasks on the segments of a job, and reports how far they have come together."""

    def __init__(self, job: Job, work: Work, shared: Run, division: Division) -> None:
        self._job, self._shared, self._at_once = job, shared, division.at_once
        self._whole = work.part.size[0]
        in_folder = all(isinstance(target.path, Path) for target in work.targets)
        self._each = shared.each if in_folder else each  # else pieces are where only we see them

    def __call__(self, doing: str, task: Callable[[T, Tell], R], items: Sequence[T]) -> list[R]:
        """Run a task on each item.

        Args:
            doing: `measuring` or `filtering`.
            task: what is run.
            items: one per segment.
        """
        done = [0] * len(items)

        def tell(index: int, count: int) -> None:
            done[index] = count
            if self._shared.progress is not None:
                known = min(sum(done), self._whole)
                self._shared.progress(Progress(self._job.input, doing, known, self._whole))

        try:
            return self._each(task, items, self._at_once, tell)
        except LostError as exc:
            name = f"segment {exc.index + 1} of {len(items)}"
            raise ConvtoolError(
                f"the process that was {doing} {name} {exc.reason}",
                hint="where memory is short, fewer --segments take less",
            ) from exc


@contextmanager
def _scratch(target: Target, job: Job, shared: Run) -> Iterator[Path]:
    """Yield an empty file for a piece of an output, removed at the end."""
    if job.merged != PIPE:
        with shared.publisher.scratch(target.path) as path:
            yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "piece"
        path.touch()
        yield path
