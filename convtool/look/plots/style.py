"""Colours, sizes and texts that all figures share. It draws nothing.

Figures are for light paper. Maps keep their order in grey and for all kinds of colour vision: grey
for pictures, blue-white-red around zero, and magma for levels.
"""

import contextlib
import logging
import unicodedata
import warnings
from collections.abc import Iterator
from typing import Any

WIDTH = 7.2  # inches of a figure: the text of a page
MARGIN = 0.12  # inches around it
GAP = 0.16  # inches between panels
SMALL, USUAL, LARGE = 6.5, 7.5, 9.5  # points of texts

INK, FAINT, RULE = "#222222", "#666666", "#bbbbbb"
BEFORE, AFTER, ALERT = "#4d6a8a", "#b3541e", "#c1121f"
DIVERGING, LEVELS, GREY = "RdBu_r", "magma", "gray"

LONGEST = 90  # characters of a text in one line
FONTS = [
    "DejaVu Sans",
    *(f"Noto Sans {script}" for script in ("CJK JP", "CJK SC", "Arabic", "Hebrew", "Devanagari")),
    "Droid Sans Fallback",
]
SETTINGS: dict[Any, Any] = {  # keys are literals in matplotlib's types
    "axes.edgecolor": RULE,
    "axes.labelcolor": FAINT,
    "axes.labelpad": 2.0,
    "axes.labelsize": SMALL,
    "axes.linewidth": 0.6,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 3.0,
    "axes.titlesize": USUAL,
    "pdf.fonttype": 42,  # texts stay texts
    "svg.fonttype": "none",
    "svg.hashsalt": "convtool",
    "text.color": INK,
    "text.parse_math": False,  # a name is no formula
    "xtick.color": RULE,
    "xtick.labelcolor": FAINT,
    "xtick.labelsize": SMALL,
    "xtick.major.pad": 2.0,
    "xtick.major.size": 2.0,
    "xtick.major.width": 0.6,
    "ytick.color": RULE,
    "ytick.labelcolor": FAINT,
    "ytick.labelsize": SMALL,
    "ytick.major.pad": 2.0,
    "ytick.major.size": 2.0,
    "ytick.major.width": 0.6,
}


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Draw in this style within the block, whatever the user's own settings are.

    Glyphs that no font has are drawn as boxes, without a warning.
    """
    with quiet():
        import matplotlib as mpl  # noqa: PLC0415  # where something is drawn
        from matplotlib import font_manager  # noqa: PLC0415

        known = {font.name for font in font_manager.fontManager.ttflist}
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(SETTINGS)
            mpl.rcParams["font.family"] = [name for name in FONTS if name in known]
            yield


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep matplotlib from telling people about its fonts and caches within the block."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
            yield
    finally:
        logger.setLevel(level)


def plain(text: str, longest: int = LONGEST) -> str:
    r"""Return a text of one line: control characters escaped, the middle of a long one left out.

    >>> plain("a\nb"), plain("0123456789", 7)
    ('a\\nb', '012…789')
    """
    whole = "".join(c if c.isprintable() else _escaped(c) for c in text)
    if len(whole) <= longest:
        return whole
    half = (longest - 1) // 2
    return f"{whole[:half]}…{whole[len(whole) - half :]}"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()


def time_text(seconds: float, longest: float) -> str:
    """Return a time as figures show it, in the unit that suits the longest of its axis.

    >>> time_text(0.5, 2), time_text(0.025, 0.05), time_text(0.000125, 0.000125)
    ('0.5 s', '25 ms', '125 µs')
    """
    units = {0.1: ("s", 1.0), 1e-3: ("ms", 1e3), 0.0: ("µs", 1e6)}
    unit, times = next(each for least, each in units.items() if longest >= least)
    return f"{seconds * times:.4g} {unit}"


def number(value: float) -> str:
    """Return a number as figures show it: short, with a real minus sign.

    >>> number(-0.25), number(1e-17), number(1234567)
    ('−0.25', '0', '1.23e+06')
    """
    text = f"{0.0 if abs(value) < 1e-12 else value:.3g}"
    return text.replace("-", unicodedata.lookup("MINUS SIGN"))
