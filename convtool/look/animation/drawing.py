"""Draw a storyboard: the one film that all writers show."""

from collections.abc import Iterator, Sequence

from convtool.errors import UsageError
from convtool.look.animation.captions import caption, described
from convtool.look.animation.cells import Cells
from convtool.look.animation.layout import HEAD, LABEL, Block, Page, arranged
from convtool.look.animation.numbers import is_rounded, short
from convtool.look.animation.scene import Film, Sprite, Text, plain, text_width
from convtool.look.animation.storyboard import Storyboard
from convtool.look.animation.terms import terms
from convtool.look.animation.theme import BACKGROUND, INK, MUTED
from convtool.sizes import size_text

MOST_WIDTH, MOST_HEIGHT, MARGIN = 1920, 1080, 32  # pixels of a film
CELL, WIDEST_CELL, LEAST_CELL = 64, 96, 42  # pixels of a cell
ROOMY, LEAST_TEXT = 20, 11  # pixels: texts that cells are widened for, and that are legible
TITLE, HEADING, SMALL = 26, 22, 17  # pixels of text
LINE = 1.6  # of a text's size: from one line to the next
AROUND = 12  # pixels below the title, and above the notes
APART = 30  # pixels between the picture and the arithmetic
HOLD = 2.0  # seconds
MAX_TITLE = 70  # characters
ROUNDED = "Numbers are shown to 3 significant digits; the sums are made of all digits."


def film(
    board: Storyboard, *, title: str = "", notes: Sequence[str] = (), seconds: float = 1.0
) -> Film:
    """Return the film of a storyboard.

    Args:
        board: its steps.
        title: what the values are, such as the name of a file; shown above.
        notes: what else is to be said; shown below.
        seconds: per step.

    Raises:
        UsageError: the arrays are too large to be drawn.
    """
    above = [Text(0, 0, caption(board), TITLE, INK, "start", bold=True)]
    above += [Text(0, 0, _shortened(plain(title)), HEADING, MUTED, "start")] * bool(title)
    said = [ROUNDED] * _any_rounded(board) + [plain(note) for note in notes]
    below = [Text(0, 0, note, SMALL, MUTED, "start") for note in said]

    arithmetic = terms(board, MOST_WIDTH - 2 * MARGIN)
    top = MARGIN + _height(above)
    rest = APART + arithmetic.height + _height(below) + MARGIN
    page = _largest(board, MOST_HEIGHT - top - rest).moved(MARGIN, top)
    down = top + page.height + APART
    end = down + arithmetic.height
    widths = [text_width(line.text, line.size, bold=line.bold) for line in above + below]
    return Film(
        width=_even(max(page.width, arithmetic.width, *widths) + 2 * MARGIN),
        height=_even(end + _height(below) + MARGIN),
        background=BACKGROUND,
        title=", ".join(line.text for line in reversed(above)),
        description=described(board),
        sprites=(
            Sprite(tuple(_set(above, MARGIN))),
            Sprite(tuple(_set(below, end + AROUND))),
            Sprite(tuple(_labels(page.input, "Input", board))),
            Sprite(tuple(_labels(page.output, "Output", board))),
            *Cells(board, page).sprites(),
            *arithmetic.sprites(MARGIN, down),
        ),
        steps=len(board.steps),
        seconds=seconds,
        hold=HOLD,
    )


def _largest(board: Storyboard, height: float) -> Page:
    """Return the arrangement with the largest cells that fit.

    Raises:
        UsageError: they would be too small to be read.
    """
    cells = board.padded.numel() + len(board.steps)
    fits = cells <= MOST_WIDTH * MOST_HEIGHT / LEAST_CELL**2
    ways = [True, False] if len(board.size) > 1 else [False]
    pages = [page for beside in ways if fits and (page := _fitting(board, height, beside=beside))]
    if pages:
        return max(pages, key=lambda page: page.input.cell)
    raise UsageError(
        f"the padded input of {size_text(board.padded.shape[1:])} is too large "
        f"for its numbers to be read",
        hint="choose a smaller crop",
    )


def _fitting(board: Storyboard, height: float, *, beside: bool) -> Page | None:
    texts = [short(value) for value in board.padded.flatten().tolist()]
    texts += [short(step.total) for step in board.steps]
    wanted = _even(max(text_width(text, ROOMY, bold=True) for text in set(texts)) + 12)
    for cell in range(min(max(CELL, wanted), WIDEST_CELL), LEAST_CELL - 1, -2):
        page = arranged(board, cell, beside=beside)
        if page.width <= MOST_WIDTH - 2 * MARGIN and page.height <= height:
            return page if Cells(board, page).smallest >= LEAST_TEXT else None
    return None


def _labels(block: Block, name: str, board: Storyboard) -> Iterator[Text]:
    """Yield a block's heading, and the labels of its planes."""
    inner = board.size if name == "Input" else block.size
    size = inner if len(block.channels) == 1 else (len(block.channels), *inner)
    heading = f"{name} {size_text(size)}" if len(size) > 1 else f"{name}, length {size[0]}"
    left = min(block.place((0,) + (0,) * len(block.size))[0], block.x)
    yield Text(left, block.y + HEAD * 0.6, heading, HEADING, INK, "start")
    if not block.labelled:
        return
    slices = block.size[0] if len(block.size) == 3 else 1
    first = board.pads[0][0] if name == "Input" else 0
    for index, channel in enumerate(block.channels):
        for slice in range(slices):
            x, y = block.corner(index, slice)
            words = [f"channel {channel}"] * (len(block.channels) > 1)
            if slices > 1:
                inside = name == "Output" or 0 <= slice - first < board.size[0]
                words.append(f"slice {slice - first}" if inside else "padding")
            yield Text(x, y - LABEL * 0.35, ", ".join(words), SMALL, MUTED, "start")


def _set(lines: Sequence[Text], top: float) -> Iterator[Text]:
    """Yield lines of text below each other."""
    for line in lines:
        top += line.size * LINE
        yield Text(
            MARGIN, top - line.size * 0.6, line.text, line.size, line.colour, "start", line.bold
        )


def _height(lines: Sequence[Text]) -> float:
    return sum(line.size * LINE for line in lines) + AROUND * bool(lines)


def _any_rounded(board: Storyboard) -> bool:
    numbers = board.padded.flatten().tolist() + board.conv.weight.flatten().tolist()
    numbers += [step.total for step in board.steps]
    return any(map(is_rounded, numbers))


def _shortened(title: str) -> str:
    return title if len(title) <= MAX_TITLE else f"{title[: MAX_TITLE - 1]}…"


def _even(pixels: float) -> int:
    """Return the next even number, which videos need."""
    return -(-int(-(-pixels // 1)) // 2) * 2
