"""Choose the arrangement whose cells are largest on a screen."""

from convtool.errors import UsageError
from convtool.look.animation.cells import Cells
from convtool.look.animation.layout import Page, arrangements
from convtool.look.animation.numbers import short
from convtool.look.animation.scene import text_width
from convtool.look.animation.storyboard import Storyboard
from convtool.sizes import size_text

SCREEN = 1920, 1080  # pixels of width and height, which a film does not exceed
CELL, WIDEST_CELL, LEAST_CELL = 64, 96, 34  # pixels of a cell
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
    pages = _fitting(board, SCREEN[0] - width, SCREEN[1] - height)
    if pages:
        return max(pages, key=lambda page: _on_screen(page, width, height))
    raise UsageError(
        f"the padded input of {size_text(board.padded.shape[1:])} is too large for its numbers "
        f"to be read",
        hint="--crop draws a part; a smaller kernel needs a smaller window",
    )


def _on_screen(page: Page, width: float, height: float) -> float:
    """Return the size of a cell when the film fills a screen."""
    enlarged = min(SCREEN[0] / (page.width + width), SCREEN[1] / (page.height + height))
    return enlarged * page.input.cell


def _fitting(board: Storyboard, width: float, height: float) -> list[Page]:
    """Return the arrangements that fit a size, each with the largest cells for which there is room.

    Args:
        board: what is drawn.
        width: pixels.
        height: pixels.
    """
    if len(board.samples) + len(board.steps) > SCREEN[0] * SCREEN[1] / LEAST_CELL**2:
        return []
    numbers = [*board.samples, *(step.total for step in board.steps)]
    widest = max(text_width(text, ROOMY, bold=True) for text in set(map(short, numbers)))
    wanted = min(max(CELL, int(widest) + 12), WIDEST_CELL) // 2 * 2
    found: dict[int, Page] = {}
    for cell in range(wanted, LEAST_CELL - 1, -2):
        for way, page in enumerate(arrangements(board, cell)):
            if way not in found and page.width <= width and page.height <= height:
                found[way] = page
    return [page for page in found.values() if Cells(board, page).smallest >= LEAST_TEXT]
