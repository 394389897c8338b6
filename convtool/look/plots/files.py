"""Write figures as PNG, SVG or PDF: the same bytes for the same figure, whenever it is drawn."""

from typing import BinaryIO

from convtool.look.plots.page import Page
from convtool.look.plots.style import plain

# By suffix: the format, and where its title, what it shows and its program stand; dates are left
# out. A backend is imported where it is used: that of PDF takes a third of a second.
FORMATS = {
    ".png": ("png", ("Title", "Description", "Software"), None),
    ".svg": ("svg", ("Title", "Description", "Creator"), "Date"),
    ".pdf": ("pdf", ("Title", "Subject", "Creator"), "CreationDate"),
}


def write(page: Page, file: BinaryIO, suffix: str) -> None:
    """Write the figure of a page. Call it within `styled`.

    Args:
        page: the figure.
        file: open for writing.
        suffix: of its name, which decides the format.
    """
    format, keys, date = FORMATS[suffix.lower()]
    texts = plain(page.title), plain(page.about, 1000), "convtool"
    metadata: dict[str, str | None] = dict(zip(keys, texts, strict=True))
    if date is not None:
        metadata[date] = None
    page.figure().savefig(file, format=format, dpi=page.dpi, metadata=metadata)
