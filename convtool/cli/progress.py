"""Show how far long inputs have come, on a terminal only."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from convtool.cli.messages import shown as printable
from convtool.report import Step


@contextmanager
def progress_bar(*, shown: bool) -> Iterator[Callable[[Step], None] | None]:
    """Give what steps are told to: a line on standard error with the file, what is done of it, and the time left.

    Args:
        shown: False for None, as where standard error is no terminal.
    """
    if not shown or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415  # only those who look on pay for it
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[played]}"), TimeRemainingColumn()
    console = Console(stderr=True, highlight=False, markup=False)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        tasks: dict[tuple[str, str], TaskID] = {}

        def tell(step: Step) -> None:
            key = step.input, step.doing
            if key not in tasks:
                for task in tasks.values():
                    bar.remove_task(task)
                tasks.clear()
                tasks[key] = bar.add_task(f"{step.doing} {printable(step.input)}", total=1, played="")
            played = f"{step.share * step.seconds:.0f} of {step.seconds:.0f} s"
            bar.update(tasks[key], completed=step.share, played=played)

        yield tell
