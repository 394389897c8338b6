"""Draw figures into files: of a run, by what its parts are, of kernels, and of fits.

matplotlib is imported within these functions, and quietly: on its first day it looks for fonts.
"""

import importlib
from typing import TYPE_CHECKING, Any, BinaryIO

from convtool.look.plots.style import styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from convtool.kernels.kernel import Bank
    from convtool.look.plots.fitted import Left
    from convtool.look.plots.page import Page
    from convtool.look.witness import Look

DRAWN = {1: "audio", 2: "image", 3: "video"}  # modules by axes; audio alone needs librosa


def draw(look: "Look", title: str, single: str, file: BinaryIO, suffix: str, dpi: int) -> None:
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
        _write(_page(look, title, single, dpi), file, suffix)


def figure(look: "Look", title: str, single: str, dpi: int) -> "Figure":
    """Return the figure of what was kept of a run; the arguments are those of `draw`."""
    with styled():
        return _page(look, title, single, dpi).figure()


def draw_kernels(bank: "Bank", rate: float | None, file: BinaryIO, suffix: str, dpi: int) -> None:
    """Draw the kernels of a bank into a file.

    Args:
        bank: the kernels.
        rate: samples per second, for audio kernels; None for others.
        file: open for writing.
        suffix: of its name, which decides the format.
        dpi: pixels per inch.
    """
    (kernel, *others) = bank.kernels
    trained = not others and kernel.own is not None
    with styled():
        if trained:
            _write(_module("filters").page(kernel, dpi), file, suffix)
        else:
            _write(_module("kernel").page(bank, rate, dpi), file, suffix)


def draw_fit(bank: "Bank", left: "Left", file: BinaryIO, suffix: str, dpi: int) -> None:
    """Draw a fitted kernel into a file.

    Args:
        bank: the kernel.
        left: what it leaves unexplained.
        file: open for writing.
        suffix: of its name, which decides the format.
        dpi: pixels per inch.
    """
    with styled():
        _write(_module("fitted").page(bank, left, dpi), file, suffix)


def _page(look: "Look", title: str, single: str, dpi: int) -> "Page":
    name = DRAWN[len(look.views[0].work.part.size)]
    drawn: Page = _module(name).page(look, title, single, dpi)
    return drawn


def _write(page: "Page", file: BinaryIO, suffix: str) -> None:
    _module("files").write(page, file, suffix)


def _module(name: str) -> Any:
    return importlib.import_module(f"convtool.look.plots.{name}")
