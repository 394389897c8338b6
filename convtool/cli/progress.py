"""Show how far long inputs have come, on a terminal only."""

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from convtool.cli.messages import data
from convtool.cli.messages import shown as printable
from convtool.run.outcomes import Step


@dataclass(frozen=True)
class Bar:
    """What is told of a run while it is looked at.

    Attributes:
        step: how far a long input has come; None where files are counted instead.
        file: called after each file, with how many have failed.
    """

    step: Callable[[Step], None] | None
    file: Callable[..., None]


@contextmanager
def progress_bar(files: int, *, shown: bool) -> Iterator[Bar | None]:
    """Give what is told of a run: a line on standard error with what is done, and the time left.

    Args:
        files: how many there are; several are counted, one by one.
        shown: False for None, as where standard error is no terminal.
    """
    if not shown or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415  # only those who look on pay for it
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True, highlight=False, markup=False)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        if files > 1:
            whole = bar.add_task("filtering", total=files, done=f"0 of {files} files")
            count = itertools.count(1)

            def file(*, failed: int) -> None:
                done = f"{next(count)} of {files} files" + (f", {failed} failed" if failed else "")
                bar.update(whole, advance=1, done=done)

            yield Bar(None, file)
            return
        tasks: dict[tuple[str, str], TaskID] = {}
        started: dict[tuple[str, str], float] = {}

        def step(step: Step) -> None:
            key = step.input, step.doing
            if key not in tasks:
                for task in tasks.values():
                    bar.remove_task(task)
                tasks.clear()
                tasks[key] = bar.add_task(
                    f"{step.doing} {printable(step.input)}", total=step.whole, done=""
                )
                started[key] = time.perf_counter()
            bar.update(
                tasks[key],
                completed=step.done,
                done=_done(step, time.perf_counter() - started[key]),
            )

        yield Bar(step, lambda **_: None)


def progress_lines() -> Callable[[Step], None]:
    """Return what prints steps as lines of JSON on standard output, at most one a second."""
    last = started = time.perf_counter()

    def tell(step: Step) -> None:
        nonlocal last
        now = time.perf_counter()
        if now - last >= 1:
            last = now
            unit = "frames" if step.rate is None else "samples"
            line = {"input": step.input, "doing": step.doing, unit: step.done, "of": step.whole}
            data({"progress": line | {"seconds": round(now - started, 1)}})

    return tell


def _done(step: Step, seconds: float) -> str:
    if step.rate is None:
        return f"{step.done} of {step.whole} frames, {step.done / max(seconds, 1e-6):.0f} fps"
    return f"{step.done / step.rate:.0f} of {step.whole / step.rate:.0f} s"
