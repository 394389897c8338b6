"""Choose the arrangement whose cells are largest on a screen."""

import itertools

from convtool.errors import UsageError
from convtool.look.animation.cells import Cells
from convtool.look.animation.layout import Page, arranged
from convtool.look.animation.numbers import short
from convtool.look.animation.scene import text_width
from convtool.look.animation.storyboard import Storyboard
from convtool.sizes import size_text

SCREEN = 1920, 1080  # pixels of width and height, which a film does not exceed
CELL, WIDEST_CELL, LEAST_CELL = 64, 96, 42  # pixels of a cell
ROOMY, LEAST_TEXT = 20, 9  # pixels: texts that cells are widened for, and that can be read


def largest(board: Storyboard, width: float, height: float) -> Page:
    """Return the arrangement whose cells are largest, once the film fills a screen.

    Args:
        board: what is drawn.
        width: pixels of the film that are left and right of the page.
        height: pixels of the film that are above and below it.

    Raises:
        UsageError: numbers would be too small to be read.
    """
    room = SCREEN[0] - width, SCREEN[1] - height
    cells = len(board.samples) + len(board.steps)
    ways = itertools.product([False, True], repeat=2) if cells <= _most_cells() else ()
    pages = [page for way in ways if (page := _fitting(board, room, *way))]
    if pages:
        return max(pages, key=lambda page: _on_screen(page, width, height))
    raise UsageError(
        f"the padded input of {size_text(board.padded.shape[1:])} is too large for its numbers "
        f"to be read",
        hint="--crop draws a part",
    )


def _most_cells() -> float:
    return SCREEN[0] * SCREEN[1] / LEAST_CELL**2


def _on_screen(page: Page, width: float, height: float) -> float:
    """Return the size of a cell when the film fills a screen."""
    enlarged = min(SCREEN[0] / (page.width + width), SCREEN[1] / (page.height + height))
    return enlarged * page.input.cell


def _fitting(
    board: Storyboard,
    room: tuple[float, float],
    beside: bool,  # noqa: FBT001  # one of two ways
    stacked: bool,  # noqa: FBT001  # the same
) -> Page | None:
    """Return an arrangement with the largest cells for which there is room."""
    numbers = [*board.samples, *(step.total for step in board.steps)]
    widest = max(text_width(text, ROOMY, bold=True) for text in set(map(short, numbers)))
    wanted = min(max(CELL, int(widest) + 12), WIDEST_CELL) // 2 * 2
    for cell in range(wanted, LEAST_CELL - 1, -2):
        page = arranged(board, cell, beside=beside, stacked=stacked)
        if page.width <= room[0] and page.height <= room[1]:
            return page if Cells(board, page).smallest >= LEAST_TEXT else None
    return None
