"""Complete words with `:` and `=` in bash, which takes them for ends of words.

Readline hands `gaussian:si` over as `gaussian`, `:`, `si`, and replaces the last of them only.
"""

import os
import re

from typer._click.shell_completion import (  # typer has no public names for them
    CompletionItem,
    add_completion_class,
    split_arg_string,
)
from typer._completion_classes import BashComplete

_BREAK = re.compile(r"[:=]+")


class _Bash(BashComplete):
    """Bash with its words put together again."""

    _before = ""  # what of the incomplete word readline keeps

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the incomplete one, and that one."""
        pieces = split_arg_string(os.environ["COMP_WORDS"])
        last = int(os.environ["COMP_CWORD"])
        words = _joined([*pieces[:last], *(pieces[last : last + 1] or [""])])
        *args, incomplete = words
        self._before = incomplete[: max(map(incomplete.rfind, ":=")) + 1]
        return args[1:], incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Return what readline puts in the place of the last piece."""
        return str(item.value).removeprefix(self._before)


def _joined(pieces: list[str]) -> list[str]:
    """Return words from pieces that bash has split at `:` and `=`.

    >>> _joined(["-k", "gaussian", ":", "sigma", "=", "3"])
    ['-k', 'gaussian:sigma=3']
    """
    words: list[str] = []
    for number, piece in enumerate(pieces):
        follows = number > 0 and _BREAK.fullmatch(pieces[number - 1])
        if words and (follows or _BREAK.fullmatch(piece)):
            words[-1] += piece
        else:
            words.append(piece)
    return words


def register() -> None:
    """Let typer complete this way in bash."""
    add_completion_class(_Bash, "bash")
