"""What plots can be written as; known before matplotlib is imported."""

from pathlib import PurePath

from convtool.errors import UsageError
from convtool.media.inputs import PIPE

SUFFIXES = (".png", ".svg", ".pdf")


def check_suffix(name: str) -> None:
    """Check that a figure can be written by this name.

    Raises:
        UsageError: it cannot.
    """
    if name == PIPE:
        raise UsageError("--plot writes a file, not standard output", hint="--plot p.png")
    suffix = PurePath(name).suffix
    if suffix.lower() not in SUFFIXES:
        found = f"ends in {suffix}" if suffix else "has no suffix"
        raise UsageError(
            f"--plot {name} {found}, and plots are PNG, SVG or PDF",
            hint=f"--plot {PurePath(name).with_suffix('.png') if PurePath(name).name else 'p.png'}",
        )
