"""Print what `--preview` shows: each result in the terminal, when all else has been said."""

from dataclasses import replace

from convtool.cli import messages
from convtool.look.showing import PREVIEWED
from convtool.look.witness import Look
from convtool.options.run import RunOptions
from convtool.run.outcomes import Outcome


def possible(asked: RunOptions) -> RunOptions:
    """Return the options without the preview where there can be none; say so where that is news."""
    if not asked.preview:
        return asked
    from rich.console import Console  # noqa: PLC0415  # most calls do without

    from convtool.look.terminal.picture import lacking  # noqa: PLC0415  # the same

    silent = asked.quiet or asked.json or asked.dry_run
    reason = lacking(Console(stderr=True))
    if reason and not silent:
        messages.say(f"note: --preview has no effect: {reason}")
    return replace(asked, preview=not (silent or reason))


class Previews:
    """The first results of a run, printed at its end: a progress bar would be in their way.

    Args:
        inputs: how many there are; None for more than are known.
    """

    def __init__(self, inputs: int | None) -> None:
        self._inputs = inputs
        self._kept: list[tuple[str, Look]] = []

    def take(self, outcome: Outcome) -> None:
        """Keep what a witness saw of an input, as far as there is room."""
        if outcome.witness is not None and outcome.witness.views and len(self._kept) < PREVIEWED:
            self._kept.append((outcome.input, outcome.witness))

    def show(self) -> None:
        """Print them on standard error."""
        from rich.console import Console  # noqa: PLC0415  # most calls do without

        from convtool.look.terminal.preview import show  # noqa: PLC0415  # the same

        console = Console(stderr=True)
        for name, look in self._kept:
            if self._inputs != 1:
                messages.say(f"{messages.printable(name)}:")
            show(look.views[0], console)
            if look.parts > 1:
                messages.say(f"(the first of {look.parts} pages)")
        if len(self._kept) == PREVIEWED and self._inputs != PREVIEWED:
            messages.say(f"(previews of {PREVIEWED} of {self._inputs or 'many'} inputs)")
