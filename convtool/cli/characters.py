"""Print on streams whose encoding lacks characters, as code pages of Windows do."""

import codecs
import io
import os
import sys

from convtool import system

ERRORS = "convtool.stand-ins"
# What formulas, frames and pictures are made of; all else is escaped.
STAND_INS = {
    "→": "->",
    "−": "-",
    "–": "-",
    "…": "...",
    "×": "x",
    "·": "*",
    "√": "sqrt ",
    "∞": "inf",
    "─": "-",
    "│": "|",
    **dict.fromkeys("┌┐└┘", "+"),
    **dict(zip("░▒▓█", ".:*#", strict=True)),
    **dict(zip("▁▂▃▄▅▆▇", "._:-=+*", strict=True)),
}


def prepare_streams() -> None:
    """Let standard output and error take any text; Windows' pipes and files get UTF-8."""
    chosen = "PYTHONIOENCODING" in os.environ
    encoding = "utf-8" if system.WINDOWS and not chosen else None
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors=ERRORS)


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    """Return what is printed instead of characters that an encoding lacks, and where they end."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(STAND_INS.get(each) or _escaped(each) for each in lacking), error.end


def _escaped(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode()


codecs.register_error(ERRORS, _stand_in)
