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
    sheet = Page(title, [kept.layer_text(first.work.layer), _sizes(first)], dpi)
    several = look.parts > 1
    group: list[Picture] = []
    shown: list[View] = []
    for number, view in enumerate(look.views, 1):
        if shown and (number * len(group)) > MOST:
            break
        before = f"page {number}: " if several else ""
        group = list(_pictures(view, single, before, details=not several))
        _place(sheet, group)
        shown.append(view)
    if look.parts > len(shown):
        sheet.notes.append(f"the first {len(shown)} of {look.parts} pages")
    sheet.notes += _notes(shown, group)
    sheet.about = f"{title}: the input and {len(group) - 1} pictures of its results"
    return sheet


def _sizes(view: View) -> str:
    before, after = view.work.part.size, view.placement.size
    return f"{kept.sizes_text(before, after)} pixels, {view.work.encoding.levels}"


def _notes(views: list[View], group: list[Picture]) -> Iterator[str]:
    """Yield what colours and numbers stand for, and what is reduced."""
    if any(picture.has_bar for picture in group):
        yield kept.BARS
    notes = (note for view in views for note in view.normalizer.notes)
    yield from (f"output: {note}" for note in dict.fromkeys(notes))
    most = max(picture.reduction for picture in group)
    if most > 1:
        yield f"reduced: each pixel shown is the mean of up to {most:.2g}×{most:.2g} samples"
    if any(picture.has_numbers for picture in group):
        yield "numbers are samples as they are stored"


def _overview(keeper: object) -> Means:
    assert isinstance(keeper, Means)
    return keeper


def _pictures(
    view: View, single: str, before: str = "", *, details: bool = True
) -> Iterator[Picture]:
    """Yield the pictures of a page: the input's, then the result's.

    Args:
        view: of the page.
        single: the name of a channel that is made of all input channels.
        before: the beginning of the first title.
        details: show also the channels of pictures in colour.
    """
    for_input, for_result = (
        _overview(keepers["overview"]).samples for keepers in (view.before, view.after)
    )
    samples, alpha = kept.input_samples(view, for_input)
    beside = view.opacity or (None, None)
    if alpha is None:
        alpha = beside[0]
    size = view.work.part.size
    for tile in kept.tiles_before(view, samples):
        named = replace(tile, title=before + tile.title)
        yield Picture(named, samples, size, alpha, _numbers(view, for_input))
    samples, alpha = kept.result_samples(view, for_result)
    if alpha is None:
        alpha = beside[1]
    for tile in kept.tiles_after(view, samples, single):
        if tile.detail and not details:
            continue
        yield Picture(tile, samples, view.placement.size, alpha, for_result)


def _numbers(view: View, samples: Tensor) -> Tensor | None:
    """Return the samples that can be written into cells: not those multiplied by opacity."""
    return samples if len(samples) == len(view.work.part.channels) else None


def _place(sheet: Page, pictures: list[Picture]) -> None:
    """Put pictures on a page, in rows of equal panels; channels in rows of their own."""
    main = [picture for picture in pictures if not picture.is_detail]
    _rows(sheet, main, columns_for(len(main)))
    details = [picture for picture in pictures if picture.is_detail]
    _rows(sheet, details, 3)


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
