"""Say things on standard error: `error:` and `hint:`, notes, what was written."""

import json
import os
import sys
from typing import Any

from convtool.run.outcomes import Outcome, Report


def shown(text: str) -> str:
    """Return a name as it can be printed: control characters and bytes that are no text escaped."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def say(text: str) -> None:
    """Print a line on standard error."""
    print(text, file=sys.stderr)


def data(line: dict[str, Any]) -> None:
    """Print a line of JSON on standard output, at once, so that those of several threads do not mix."""
    print(json.dumps(line) + "\n", end="", flush=True)


def error(message: str, hint: str | None = None) -> None:
    """Print what is wrong, and what to do about it."""
    say(f"error: {shown(message)}")
    if hint:
        say(f"hint: {shown(hint)}")


def noted(outcome: Outcome) -> None:
    """Print what a user should know of an input."""
    for note in outcome.notes:
        say(f"note: {shown(outcome.input)}: {note}")


def written(outcome: Outcome, *, verbose: bool) -> None:
    """Print the notes and the files of an input that is done, or that it was done before."""
    noted(outcome)
    if outcome.status == "skipped":
        say(f"skipped {shown(outcome.input)}, made before by the same options")
    for name in outcome.outputs:
        say(f"wrote {shown(name)}" if name != "-" else "wrote standard output")
    if verbose and outcome.status == "done":
        say(f"{shown(outcome.input)}: {outcome.seconds:.2f} s by {outcome.algorithm}")


def summary(report: Report, seconds: float, *, left: int) -> None:
    """Print what became of many inputs: a table of counts, time and speed, and the failed ones with their reasons."""
    size = sum(outcome.bytes for outcome in report.outcomes)
    columns = {
        name: str(report.count(name))
        for name in ("done", "planned", "skipped", "failed")
        if report.count(name)
    }
    columns |= {"not begun": str(left)} if left else {}
    columns |= {"seconds": f"{seconds:.1f}", "MB/s": f"{size / 1e6 / max(seconds, 1e-6):.1f}"}
    widths = [max(len(name), len(value)) for name, value in columns.items()]
    for row in (columns.keys(), columns.values()):
        say("  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)))
    for outcome in report.outcomes:
        if outcome.error is not None:
            say(f"failed: {shown(outcome.error)}")


def leave_quietly() -> None:
    """Stop writing to a standard output that nobody reads any more."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
