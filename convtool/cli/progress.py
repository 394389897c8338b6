"""Show how far long inputs have come: a bar on a terminal, lines of JSON with --json."""

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convtool.cli import messages
from convtool.run.outcomes import Progress

if TYPE_CHECKING:
    import rich.progress

INTERVAL = 1.0  # seconds between lines of JSON
LEAST = 0.1  # seconds over which a speed is worth telling


@dataclass(frozen=True)
class Bar:
    """A progress bar.

    Attributes:
        update: called with the progress of a long input; None where files are counted instead.
        count: called after each file, with the number of failed files.
    """

    update: Callable[[Progress], None] | None
    count: Callable[..., None]


@contextmanager
def progress_bar(files: int | None, *, shown: bool) -> Iterator[Bar | None]:
    """Show one line on standard error: what is done, and an estimate of the time left.

    Args:
        files: the number of inputs; several are counted, and one is followed through its length.
            None for more than are known.
        shown: False to show nothing, as where standard error is not a terminal.
    """
    if not shown or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    with _display() as display:
        if files != 1:
            yield Bar(None, _file_counter(display, files))
        else:
            yield Bar(_follower(display), lambda **_: None)


def progress_lines() -> Callable[[Progress], None]:
    """Return what prints progress as lines of JSON on standard output, one per second at most."""
    last = started = time.perf_counter()

    def update(progress: Progress) -> None:
        nonlocal last
        now = time.perf_counter()
        if now - last < INTERVAL:
            return
        last = now
        line = {
            "input": progress.input,
            "doing": progress.activity,
            "frames" if progress.rate is None else "samples": progress.done,
            "of": progress.total,
            "seconds": round(now - started, 1),
        }
        messages.data({"progress": line})

    return update


def _display() -> "rich.progress.Progress":
    # Imported here: only calls from a terminal need them.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Display  # noqa: PLC0415

    return Display(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=Console(stderr=True, highlight=False, markup=False),
        transient=True,
        redirect_stdout=False,
    )


def _file_counter(display: "rich.progress.Progress", files: int | None) -> Callable[..., None]:
    """Return what counts a file as done."""
    of = "" if files is None else f" of {files}"
    task = display.add_task("filtering", total=files, done=f"0{of} files")
    numbers = itertools.count(1)

    def count(*, failed: int) -> None:
        done = f"{next(numbers)}{of} files"
        if failed:
            done += f", {failed} failed"
        display.update(task, advance=1, done=done)

    return count


def _follower(display: "rich.progress.Progress") -> Callable[[Progress], None]:
    """Return what shows the progress of one input, a new bar for each activity."""
    tasks: dict[tuple[str, str], rich.progress.TaskID] = {}
    started = 0.0

    def update(progress: Progress) -> None:
        nonlocal started
        key = progress.input, progress.activity
        if key not in tasks:
            for task in tasks.values():
                display.remove_task(task)
            tasks.clear()
            name = messages.printable(progress.input)
            tasks[key] = display.add_task(
                f"{progress.activity} {name}", total=progress.total, done=""
            )
            started = time.perf_counter()
        done = _done_text(progress, time.perf_counter() - started)
        display.update(tasks[key], completed=progress.done, done=done)

    return update


def _done_text(progress: Progress, seconds: float) -> str:
    """Return the part that is done, in frames and their speed or in seconds of audio."""
    if progress.rate is None:
        speed = f", {progress.done / seconds:.0f} fps" if seconds >= LEAST else ""
        return f"{progress.done} of {progress.total} frames{speed}"
    return f"{progress.done / progress.rate:.0f} of {progress.total / progress.rate:.0f} s"
