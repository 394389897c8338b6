"""Tell the failures of a run, those for the same reason together."""

import os
import re
from collections.abc import Iterable

from convtool.cli import messages
from convtool.places.names import pure, shown
from convtool.run.outcomes import Outcome

MOST_NAMES = 10  # of the inputs that failed for the same reason


def tell(outcomes: Iterable[Outcome], *, verbose: int = 0) -> None:
    """Print one error per reason: that of its first input, and the names of the others.

    Args:
        outcomes: those that failed.
        verbose: print also where an exception was raised that nobody foresaw.
    """
    groups: dict[tuple[str, str | None], list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault((_reason(outcome), outcome.hint), []).append(outcome)
    for first, *others in groups.values():
        assert first.error is not None
        messages.error(first.error + _others(others), first.hint)
        if verbose and first.traceback is not None:
            messages.say(first.traceback)


def _reason(outcome: Outcome) -> str:
    """Return an error without what differs between inputs: names, paths and numbers."""
    text = str(outcome.error).removeprefix(f"{shown(outcome.input)}:")
    stem = pure(outcome.input).stem
    words = ("*" if _is_file(word, stem) else word for word in text.split())
    return re.sub(r"\d+", "#", " ".join(words))


def _is_file(word: str, stem: str) -> bool:
    """Return whether a word names a file: one with a folder, the input, or an output of it."""
    return not {"/", os.sep}.isdisjoint(word) or ("." in word and word.startswith(stem))


def _others(outcomes: list[Outcome]) -> str:
    if not outcomes:
        return ""
    names = [outcome.input for outcome in outcomes[:MOST_NAMES]]
    more = ", …" if len(outcomes) > MOST_NAMES else ""
    return f" (likewise {len(outcomes)} more: {', '.join(names)}{more})"
