"""Draw an image beside its results: as they are written, and responses by a map around zero."""

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor

from convtool.look.keepers import Means
from convtool.look.plots import kept
from convtool.look.plots.page import Page
from convtool.look.plots.raster import BESIDE, Picture
from convtool.look.plots.style import GAP, MARGIN, WIDTH
from convtool.look.witness import Look, View
from convtool.sizes import size_text

MOST = 24  # pictures of a figure, unless one page has more
TALLEST = 3.4  # inches of a picture


def page(look: Look, title: str, single: str, dpi: int) -> Page:
    """Return the figure of an image, its first pages below each other.

    Args:
        look: what was kept.
        title: of the figure.
        single: the name of a channel that is made of all input channels.
        dpi: pixels per inch.
    """
    first = look.views[0]
    several, alike = look.parts > 1, len({_sizes(view) for view in look.views}) == 1
    sizes = _sizes(first) if alike else "pages of different sizes or samples"
    sheet = Page(title, [kept.layer_text(first.work.layer), sizes], dpi)
    group: list[Picture] = []
    shown: list[View] = []
    for number, view in enumerate(look.views, 1):
        if shown and (number * len(group)) > MOST:
            break
        before = f"page {number}{'' if alike else _own_size(view)}: " if several else ""
        inputs = list(_inputs(view, before))
        results = list(_results(view, single, details=not several))
        group = inputs + results
        _place(sheet, inputs, results)
        shown.append(view)
    if look.parts > len(shown):
        sheet.notes.append(f"the first {len(shown)} of {look.parts} pages")
    sheet.notes += _notes(shown, group)
    sheet.about = f"{title}: the input and {len(group) - 1} pictures of its results"
    return sheet


def _sizes(view: View) -> str:
    before, after = view.work.part.size, view.placement.size
    return f"{kept.sizes_text(before, after)} pixels, {view.work.encoding.levels}"


def _own_size(view: View) -> str:
    size = size_text(list(reversed(view.work.part.size)))
    return f" ({size}, {view.work.encoding.levels})"


def _notes(views: list[View], group: list[Picture]) -> Iterator[str]:
    """Yield what colours and numbers stand for, and what is reduced."""
    if any(picture.has_bar for picture in group):
        yield kept.bars_text(picture.scale for picture in group)
    notes = [view.normalizer.notes for view in views]
    if all(each == notes[0] for each in notes):
        yield from (f"output: {note}" for note in notes[0])
    else:
        for number, own in enumerate(notes, 1):
            yield from (f"output, page {number}: {note}" for note in own)
    most = max(picture.reduction for picture in group)
    if most > 1:
        yield f"reduced: each pixel shown is the mean of up to {most:.2g}×{most:.2g} samples"
    if any(picture.has_numbers for picture in group):
        yield "numbers are samples as they are stored"


def _overview(keeper: object) -> Means:
    assert isinstance(keeper, Means)
    return keeper


def _inputs(view: View, before: str) -> Iterator[Picture]:
    """Yield the pictures of the input of a page, their titles after some words."""
    kept_samples = _overview(view.before["overview"]).samples
    samples, alpha = kept.input_samples(view, kept_samples)
    if alpha is None:
        alpha = None if view.opacity is None else view.opacity[0]
    for tile in kept.tiles_before(view, samples):
        named = replace(tile, title=before + tile.title)
        yield Picture(named, samples, view.work.part.size, alpha, _numbers(view, kept_samples))


def _results(view: View, single: str, *, details: bool) -> Iterator[Picture]:
    """Yield the pictures of the result of a page.

    Args:
        view: of the page.
        single: the name of a channel that is made of all input channels.
        details: show also the channels of pictures in colour.
    """
    kept_samples = _overview(view.after["overview"]).samples
    samples, alpha = kept.result_samples(view, kept_samples)
    if alpha is None:
        alpha = None if view.opacity is None else view.opacity[1]
    for tile in kept.tiles_after(view, samples, single):
        if details or not tile.detail:
            yield Picture(tile, samples, view.placement.size, alpha, kept_samples)


def _numbers(view: View, samples: Tensor) -> Tensor | None:
    """Return the samples that can be written into cells: not those multiplied by opacity."""
    return samples if len(samples) == len(view.work.part.channels) else None


def _place(sheet: Page, inputs: list[Picture], results: list[Picture]) -> None:
    """Put pictures on a page, in rows of equal panels.

    Channels of pictures in colour have rows of their own, and so have several pictures of an input.
    """
    main = [picture for picture in results if not picture.is_detail]
    if len(inputs) == 1:
        _rows(sheet, inputs + main, columns_for(len(main) + 1))
    else:
        columns = columns_for(max(len(inputs), len(main)))
        _rows(sheet, inputs, columns)
        _rows(sheet, main, columns)
    _rows(sheet, [picture for picture in results if picture.is_detail], 3)


def _rows(sheet: Page, pictures: list[Picture], columns: int) -> None:
    inner = WIDTH - 2 * MARGIN - GAP * (columns - 1)
    width = sheet.snapped(inner / columns - BESIDE)
    cells = [picture.cell(sheet, width, TALLEST) for picture in pictures]
    sheet.rows += [cells[start : start + columns] for start in range(0, len(cells), columns)]


def columns_for(count: int) -> int:
    """Return how many panels are side by side: near to a square, at most four.

    >>> [columns_for(count) for count in (1, 2, 3, 4, 5, 9, 25)]
    [2, 2, 3, 2, 3, 3, 4]
    """
    if count <= 4:
        return 3 if count == 3 else 2
    return 3 if count <= 9 else 4
