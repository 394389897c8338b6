"""What operating systems differ in for files: names, renames, flags.

It knows nothing about what files hold. What runs on one system only, the warm process and questions
to a terminal, says so at the top of its module.
"""

import os
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path, PurePath

WINDOWS = sys.platform == "win32"
CASELESS = sys.platform in {"win32", "darwin"}  # `A.png` and `a.png` are one file
BINARY = getattr(os, "O_BINARY", 0)  # without it, Windows writes line feeds as two bytes

# Source: "Naming Files, Paths, and Namespaces" in the documentation of Windows
_NOT_IN_NAMES = frozenset('<>:"/\\|?*') | frozenset(map(chr, range(32)))
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {port + digit for port in ("com", "lpt") for digit in "123456789¹²³"}
)
PATIENCE = 1.0  # seconds
PAUSE = 0.05  # seconds


def refusal(path: PurePath) -> str | None:
    """Return why a file cannot have this name on this system; None where it can.

    Windows would open a device for `aux.png`, write `a:b.png` into a hidden stream of the file
    `a`, and cut off a dot at the end.
    """
    if not WINDOWS:
        return None
    names = path.parts[1:] if path.anchor else path.parts
    return next(filter(None, map(refusal_by_windows, names)), None)


def refusal_by_windows(name: str) -> str | None:
    """Return why Windows does not allow a name; None where it does.

    Args:
        name: without folders.

    >>> refusal_by_windows("aux.png"), refusal_by_windows("auxiliary.png")
    ("'aux' is a device on Windows", None)
    """
    if name in {".", ".."}:
        return None
    if found := sorted(_NOT_IN_NAMES.intersection(name)):
        return f"names cannot have {found[0]!r} on Windows"
    if name.endswith((".", " ")):
        return "names cannot end with a dot or a space on Windows"
    stem = name.partition(".")[0].rstrip(" ")
    return f"'{stem}' is a device on Windows" if stem.lower() in _DEVICES else None


def same_file_key(path: PurePath) -> str:
    """Return a text that is the same for all spellings of a file's name on this system."""
    name = os.path.normcase(path)
    return unicodedata.normalize("NFC", name).casefold() if CASELESS else name


def patiently(rename: Callable[[Path, Path], object], source: Path, target: Path) -> None:
    """Rename a file; on Windows, try again for a second where it is in use.

    Virus scanners and indexers open each new file for a moment there, without leave to rename it.

    Args:
        rename: takes both names.
        source: the file.
        target: its new name.

    Raises:
        OSError: the system refuses it.
    """
    end = time.monotonic() + PATIENCE
    while True:
        try:
            rename(source, target)
        except PermissionError:
            if not WINDOWS or time.monotonic() > end:
                raise
            time.sleep(PAUSE)
        else:
            return
