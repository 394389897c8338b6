"""Draw the figure of a run, by what its parts are: images, audio or videos."""

import importlib
from typing import BinaryIO

from convtool.look.plots.files import write
from convtool.look.plots.style import styled
from convtool.look.witness import Look

DRAWN = {1: "audio", 2: "image", 3: "video"}  # modules by axes; audio alone needs librosa


def draw(look: Look, title: str, single: str, file: BinaryIO, suffix: str, dpi: int) -> None:
    """Draw what was kept of a run into a file.

    Args:
        look: what was kept, overviews among it.
        title: of the figure: the name of the input.
        single: the name of a channel that is made of all input channels.
        file: open for writing.
        suffix: of its name, which decides the format.
        dpi: pixels per inch.
    """
    with styled():
        name = DRAWN[len(look.views[0].work.part.size)]
        figure = importlib.import_module(f"convtool.look.plots.{name}")
        write(figure.page(look, title, single, dpi), file, suffix)
