"""Draw a fitted kernel: its weights and gain, and where it leaves something unexplained.

It does without torch.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from convtool.kernels.kernel import Bank
from convtool.look.plots import kernel
from convtool.look.plots.colours import BAR_ROOM, LEAST_BAR, Scale, colour_bar, coloured
from convtool.look.plots.page import Cell, Page
from convtool.look.plots.style import AFTER, LEVELS, MARGIN, WIDTH, number, time_text

BESIDE, TITLE, BELOW = 0.46, 0.17, 0.17  # inches of ticks beside, of a title, of ticks below
ROOM = WIDTH - 2 * MARGIN - BESIDE - 0.12  # inches of a panel
TALLEST, HEIGHT = 3.2, 1.3  # inches of a picture, at most, and of a line
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Left:
    """What a kernel leaves unexplained, and what is said of it.

    Attributes:
        title: of the figure.
        texts: lines below it.
        unit: the name of the unit of residuals; empty where they are units of 1.
        picture: the RMS of each place of an image. Shape: (H, W)
        line: the RMS of stretches of audio or a video. Shape: (M,)
        first: the position that the line begins at.
        step: positions of a stretch.
        rate: positions per second of audio; None counts frames.
    """

    title: str
    texts: tuple[str, ...]
    unit: str
    picture: Numbers | None
    line: Numbers | None
    first: int
    step: int
    rate: float | None

    @property
    def name(self) -> str:
        """What is drawn, with its unit."""
        return f"residual, RMS in {self.unit}s" if self.unit else "residual, RMS"


def page(bank: Bank, left: Left, dpi: int) -> Page:
    """Return the figure of a fitted kernel.

    Args:
        bank: the kernel.
        left: what it leaves unexplained.
        dpi: pixels per inch.
    """
    sheet = kernel.page(bank, left.rate, dpi)
    sheet.title, sheet.subtitles = left.title, left.texts
    sheet.width = WIDTH
    if left.picture is not None:
        sheet.rows.append([_picture(sheet, left, left.picture)])
    if left.line is not None:
        sheet.rows.append([_line(sheet, left, left.line)])
    sheet.about = f"{left.title}: the kernel that was fitted, its gain, and the residual"
    return sheet


def _picture(sheet: Page, left: Left, picture: Numbers) -> Cell:
    """Return the residual of an image, place by place."""
    beside = kernel.BESIDE
    factor = min(ROOM / picture.shape[1], TALLEST / picture.shape[0])
    tall, wide = (sheet.snapped(n * factor) for n in picture.shape)
    largest = float(picture.max()) or 1.0
    scale = Scale(0.0, largest, LEVELS, ((0.0, "0"), (largest, number(largest))), left.unit)

    def draw(page: Page, at: float, top: float) -> None:
        axes = page.axes(at + beside, top + TITLE, wide, tall)
        axes.set_title(left.name)
        axes.imshow(coloured(picture[None], scale), aspect="auto", interpolation="none")
        axes.set_xticks([])
        axes.set_yticks([])
        colour_bar(page, scale, at + beside, top + TITLE + tall, max(wide, LEAST_BAR))

    return Cell(beside + wide, TITLE + tall + BAR_ROOM, draw)


def _line(sheet: Page, left: Left, line: Numbers) -> Cell:
    """Return the residual over time."""
    wide = sheet.snapped(ROOM)
    places = (left.first + np.arange(len(line)) * left.step) / (left.rate or 1.0)

    def tick(value: float, _: object) -> str:
        return time_text(value, float(places[-1])) if left.rate else f"frame {value:g}"

    def draw(page: Page, at: float, top: float) -> None:
        axes = page.axes(at + BESIDE, top + TITLE, wide, HEIGHT)
        axes.set_title(left.name)
        axes.plot(places, line, color=AFTER, linewidth=0.8)
        axes.set_ylim(0, 1.1 * (float(line.max()) or 1.0))
        axes.margins(x=0.01)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=left.rate is None))
        axes.xaxis.set_major_formatter(FuncFormatter(tick))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))

    return Cell(BESIDE + wide, TITLE + HEIGHT + BELOW, draw)
