"""Write figures as PNG, SVG or PDF: the same bytes for the same figure, whenever it is drawn."""

from typing import Any, BinaryIO

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG

from convtool.look.plots.page import Page
from convtool.look.plots.style import plain

PROGRAM = "convtool"


def write(page: Page, file: BinaryIO, suffix: str) -> None:
    """Write the figure of a page. Call it within `styled`.

    Args:
        page: the figure.
        file: open for writing.
        suffix: of its name, which decides the format.
    """
    described: dict[str, Any]
    title, about = plain(page.title), plain(page.about, 1000)
    figure = page.figure()
    if suffix.lower() == ".png":
        described = {"Title": title, "Description": about, "Software": PROGRAM}
        FigureCanvasAgg(figure).print_png(file, metadata=described)
    elif suffix.lower() == ".svg":
        described = {"Title": title, "Description": about, "Creator": PROGRAM, "Date": None}
        FigureCanvasSVG(figure).print_svg(file, metadata=described)
    else:
        described = {"Title": title, "Subject": about, "Creator": PROGRAM, "CreationDate": None}
        FigureCanvasPdf(figure).print_pdf(file, metadata=described)
