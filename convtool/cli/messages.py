"""Say things on standard error: `error:` and `hint:`, notes, what was written."""

import os
import sys

from convtool.report import Outcome


def shown(text: str) -> str:
    """Return a name as it can be printed: control characters and bytes that are no text escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def say(text: str) -> None:
    """Print a line on standard error."""
    print(text, file=sys.stderr)


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
    """Print the notes and the files of an input that is done."""
    noted(outcome)
    for name in outcome.outputs:
        say(f"wrote {shown(name)}" if name != "-" else "wrote standard output")
    if verbose:
        say(f"{shown(outcome.input)}: {outcome.seconds:.2f} s by {outcome.algorithm}")


def leave_quietly() -> None:
    """Stop writing to a standard output that nobody reads any more."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
