"""Show weights in HTML, as notebooks do: tables of numbers with the colours of their heat map.

Names are text: they are escaped. Where there are too many weights for a table, a picture is shown.
"""

import base64
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from convtool.kernels.heat import (
    EXTENT,
    PLANES,
    Colours,
    Plane,
    colours,
    has_numbers,
    is_dark,
    png,
)

# Cells have colours of their own, so that they read alike on light and dark pages.
CELL = "padding:.25em .5em;min-width:1.5em;text-align:right;border:1px solid #ddd;"
TABLE = "border-collapse:collapse;margin:0;font-variant-numeric:tabular-nums;"
CAPTION = "text-align:left;white-space:nowrap;padding:.1em 0;"
IMAGE = "max-width:100%;"
SIDE_BY_SIDE = "display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start;"
MINUS = "−"


def number(value: float) -> str:
    """Return a number as it is shown.

    >>> number(-0.0625), number(1 / 3)
    ('−0.0625', '0.3333')
    """
    return f"{value + 0.0:.4g}".replace("-", MINUS)


def figure(title: str, facts: Sequence[str], parts: Iterable[str]) -> str:
    """Return HTML with a title, a line of facts, and what is shown below side by side.

    Args:
        title: plain text.
        facts: plain text each.
        parts: HTML each.
    """
    line = " · ".join(escape(fact) for fact in facts)
    below = "".join(parts)
    return (
        f'<div class="convtool"><div><strong>{escape(title)}</strong></div>'
        f'<div>{line}</div><div style="{SIDE_BY_SIDE}">{below}</div></div>'
    )


def tables(shown: Sequence[Plane]) -> list[str]:
    """Return planes in HTML, each a table of numbers, or a picture where it is large."""
    parts = [
        _picture(plane) if not has_numbers(plane.weights) else _table(plane)
        for plane in shown[:PLANES]
    ]
    if len(shown) > PLANES:
        parts.append(f"<p>and {len(shown) - PLANES} more</p>")
    return parts


def _table(plane: Plane) -> str:
    title = f'<caption style="{CAPTION}">{escape(plane.title)}</caption>' if plane.title else ""
    rows = []
    for weights, shades in zip(plane.weights, colours(plane.weights, plane.largest), strict=True):
        cells = (_cell(weight, shade) for weight, shade in zip(weights, shades, strict=True))
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f'<table style="{TABLE}">{title}<tbody>{"".join(rows)}</tbody></table>'


def _cell(weight: float, colour: Colours) -> str:
    red, green, blue = colour
    ink = "#fff" if is_dark(colour) else "#000"
    style = f"{CELL}background:#{red:02x}{green:02x}{blue:02x};color:{ink}"
    return f'<td style="{style}" title="{float(weight)!r}">{number(weight)}</td>'


def _picture(plane: Plane) -> str:
    """Return a heat map as an image within the page."""
    data = base64.b64encode(png([plane])).decode()
    shape = plane.weights.shape
    size = "×".join(map(str, shape if len(plane.weights) > 1 else shape[1:]))
    what = f"heat map of {size} taps, without numbers"
    if max(shape) > EXTENT:
        what += "; of neighbouring taps the strongest is shown"
    image = f'<img alt="{what}" src="data:image/png;base64,{data}" style="{IMAGE}">'
    caption = f"{escape(plane.title)}: {what}" if plane.title else what
    return f'<figure style="margin:0">{image}<figcaption>{caption}</figcaption></figure>'


def spread(values: Sequence[float]) -> str:
    """Return one number for equal ones, else the smallest and the largest.

    >>> spread([1.0, 1.0]), spread([-1, 2.5])
    ('1', '−1 … 2.5')
    """
    low, high = float(np.min(values)), float(np.max(values))
    return number(low) if low == high else f"{number(low)} … {number(high)}"
