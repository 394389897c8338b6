"""Print messages on standard error, and lines of JSON on standard output."""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from convtool.places.names import masked
from convtool.run.outcomes import Outcome, Report, Status

COUNTED: tuple[Status, ...] = ("done", "planned", "skipped", "failed")


def printable(text: str) -> str:
    """Return a text with control characters and undecodable bytes escaped, secrets masked."""
    return "".join(c if c.isprintable() else _escape(c) for c in masked(text))


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()


def say(text: str) -> None:
    """Print a line on standard error."""
    print(masked(text), file=sys.stderr)


def data(line: dict[str, Any]) -> None:
    """Print a line of JSON on standard output, in one write: lines of threads do not mix."""
    print(json.dumps(_shown(line)) + "\n", end="", flush=True)


def _shown(value: Any) -> Any:
    """Return a value with the secrets of all its texts masked."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: _shown(each) for key, each in value.items()}
    return [*map(_shown, value)] if isinstance(value, list | tuple) else value


def error(message: str, hint: str | None = None) -> None:
    """Print what is wrong, and what to do about it."""
    say(f"error: {printable(message)}")
    if hint:
        say(f"hint: {printable(hint)}")


def notes(outcome: Outcome) -> None:
    """Print what a user should know about an input."""
    for note in outcome.notes:
        say(f"note: {printable(outcome.input)}: {note}")


def written(outcome: Outcome, *, verbose: int) -> None:
    """Print the notes and the output files of an input, or that it was skipped.

    Args:
        outcome: of the input.
        verbose: 1 to print also its time, algorithm and node, 2 why that one.
    """
    notes(outcome)
    name = printable(outcome.input)
    if outcome.status == "skipped":
        say(f"skipped {name}: up to date")
    for output in outcome.outputs:
        say("wrote standard output" if output == "-" else f"wrote {printable(output)}")
    if verbose and outcome.status == "done":
        how = outcome.estimates if verbose > 1 else outcome.algorithm
        parts = f", in {outcome.segments} segments" if outcome.segments else ""
        where = f" on {outcome.node}" if outcome.node else ""
        say(f"{name}: {outcome.seconds:.2f} s by {how}{parts}{where}")


def left_out(files: Mapping[str, int], several: str) -> None:
    """Print how many files of folders are no inputs, by their suffixes.

    Args:
        files: how many there are, by suffix.
        several: the word for the medium's files.
    """
    if not files:
        return
    counts = sorted(files.items(), key=lambda item: (-item[1], item[0]))
    kinds = ", ".join(f"{count} {suffix or 'without a suffix'}" for suffix, count in counts)
    are = "files are" if sum(files.values()) > 1 else "file is"
    say(f"note: {sum(files.values())} {are} not read as {several}: {printable(kinds)}")


def summary(report: Report, seconds: float, *, left: int) -> None:
    """Print a table of counts, time and speed.

    Args:
        report: the outcomes of a run of several inputs.
        seconds: the time it took.
        left: how many inputs were not begun.
    """
    columns: dict[str, str] = {}
    for status in COUNTED:
        if report.count(status):
            columns[status] = str(report.count(status))
    if left:
        columns["not begun"] = str(left)
    columns["seconds"] = f"{seconds:.1f}"
    columns["MB/s"] = f"{report.bytes / 1e6 / max(seconds, 1e-6):.1f}"
    _print_table(columns)


def _print_table(columns: dict[str, str]) -> None:
    """Print a heading and one row, right-aligned."""
    widths = [max(len(name), len(value)) for name, value in columns.items()]
    for row in (columns.keys(), columns.values()):
        say("  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)))


def close_output() -> None:
    """Redirect standard output to nowhere: its reader is gone, and flushing it would fail again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
