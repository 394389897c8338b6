"""Draw a storyboard: the one film that all writers show."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from convtool.look.animation.captions import caption, described
from convtool.look.animation.cells import Cells
from convtool.look.animation.fitting import SCREEN, largest
from convtool.look.animation.layout import HEAD, LABEL, Block
from convtool.look.animation.numbers import is_rounded, short
from convtool.look.animation.scene import Film, Sprite, Text, plain, text_width
from convtool.look.animation.storyboard import Storyboard
from convtool.look.animation.terms import terms
from convtool.look.animation.theme import BACKGROUND, INK, MUTED
from convtool.sizes import size_text

MARGIN = 32  # pixels around everything
TITLE, HEADING, SMALL = 26, 22, 17  # pixels of text
LINE = 1.6  # of a text's size: from one line to the next
AROUND = 12  # pixels below the title, and above the notes
APART = 30  # pixels between the picture and the arithmetic
HOLD = 2.0  # seconds
MAX_TITLE = 70  # characters
UNIT = "Samples are shown as they are stored: {} stands for 1."
ROUNDED = "Numbers are rounded where they are shown; the sums are made of all digits."


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
    above, below = _titles(board, plain(title)), _notes(board, map(plain, notes))
    arithmetic = terms(board, SCREEN[0] - 2 * MARGIN)
    top = MARGIN + _height(above)
    rest = APART + arithmetic.height + _height(below) + MARGIN
    page = largest(board, 2 * MARGIN, top + rest).moved(MARGIN, top)
    down = top + page.height + APART
    end = down + arithmetic.height
    words = [
        *_set(above, MARGIN),
        *_set(below, end + AROUND),
        *_input_labels(board, page.input),
        *_output_labels(board, page.output),
    ]
    right = max(line.x + text_width(line.text, line.size, bold=line.bold) for line in words)
    return Film(
        width=_even(max(page.width + MARGIN, arithmetic.width + MARGIN, right) + MARGIN),
        height=_even(end + _height(below) + MARGIN),
        background=BACKGROUND,
        title=", ".join(line.text for line in reversed(above)),
        description=described(board),
        sprites=(
            Sprite(tuple(words)),
            *Cells(board, page).sprites(),
            *arithmetic.sprites(MARGIN, down),
        ),
        steps=len(board.steps),
        seconds=seconds,
        hold=HOLD,
    )


def _titles(board: Storyboard, title: str) -> list[Text]:
    """Return the lines above the picture: the layer, and what the values are."""
    shown = title if len(title) <= MAX_TITLE else f"{title[: MAX_TITLE - 1]}…"
    lines = [Text(0, 0, caption(board), TITLE, INK, "start", bold=True)]
    return lines + [Text(0, 0, shown, HEADING, MUTED, "start")] * bool(title)


def _notes(board: Storyboard, notes: Iterable[str]) -> list[Text]:
    """Return the lines below the picture: what must be known to read its numbers."""
    numbers = board.samples + board.weights + [step.total for step in board.steps]
    said = [UNIT.format(short(board.unit))] * (board.unit != 1)
    said += [ROUNDED] * any(map(is_rounded, numbers))
    return [Text(0, 0, note, SMALL, MUTED, "start") for note in (*said, *notes)]


def _input_labels(board: Storyboard, block: Block) -> Iterator[Text]:
    named = {channel: f"channel {board.names[channel]}" for channel in board.inputs}
    several = len(board.names) > 1
    yield _heading(block, "Input", board.size, board.first, named if several else {})
    start, (first, count) = board.region.first[0], (board.first[0], board.size[0])
    yield from _labels(block, named, board.plane, start, range(first, first + count))


def _output_labels(board: Storyboard, block: Block) -> Iterator[Text]:
    made = board.region
    named = {channel: f"channel {channel}" for channel in board.outputs}
    several = board.conv.out_channels > 1
    yield _heading(block, "Output", made.size, made.origin, named if several else {})
    start = made.origin[0]
    yield from _labels(block, named, board.plane, start, range(start, start + made.size[0]))


def _heading(
    block: Block, name: str, size: Sequence[int], first: Sequence[int], named: Mapping[int, str]
) -> Text:
    """Return what an array is, how large, and where it begins in the whole of which it is a part.

    Args:
        block: where it is drawn.
        name: its name.
        size: its size, without padding.
        first: its first position.
        named: the names of its channels, where the whole has several.
    """
    every = (len(named), *size) if len(named) > 1 else size
    words = [f"{name} {size_text(every)}" if len(every) > 1 else f"{name}, length {size[0]}"]
    words += named.values() if len(named) == 1 else []
    words += [f"from {', '.join(map(str, first))}"] * any(first)
    return Text(block.x, block.y + HEAD * 0.6, ", ".join(words), HEADING, INK, "start")


def _labels(
    block: Block, named: Mapping[int, str], plane: str, start: int, inside: range
) -> Iterator[Text]:
    """Yield the labels of planes, where there are several.

    Args:
        block: whose planes they are.
        named: the names of its channels.
        plane: the word for a slice.
        start: the number of its first slice.
        inside: the numbers of slices that are not padding.
    """
    if not block.labelled:
        return
    for channel, slice in itertools.product(block.channels, range(block.slices)):
        words = [named[channel]] * (len(block.channels) > 1)
        if block.slices > 1:
            number = slice + start
            words.append(f"{plane} {number}" if number in inside else "padding")
        x, y = block.corner(channel, slice)
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


def _even(pixels: float) -> int:
    """Return the next even number, which videos need."""
    return -(-int(-(-pixels // 1)) // 2) * 2
