"""Draw frames of a video before and after, at the same times, and slices over time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray
from torch import Tensor

from convtool.look.keepers import Frames, Slice
from convtool.look.plots import kept
from convtool.look.plots.colours import BAR_ROOM, colour_bar, coloured
from convtool.look.plots.page import Cell, Page
from convtool.look.plots.raster import LETTERS, fitted, shrunk
from convtool.look.plots.style import GAP, MARGIN, WIDTH, plain
from convtool.look.plots.tiles import Tile
from convtool.look.times import Times, times_of
from convtool.look.views import Keepers, spread
from convtool.look.witness import Look, View
from convtool.media.contract import tick

BESIDE, TITLE, BELOW = 0.4, 0.16, 0.17  # inches of ticks beside, of a title, of ticks below
AT_END = 0.12  # inches of the half of the last tick
LANDSCAPE, PORTRAIT = 4, 6  # frames side by side
TALLEST, SLICE = 2.0, 1.0  # inches of a frame, and of a slice
MOST = 6  # pictures of the result


@dataclass(frozen=True)
class Reel:
    """What was kept of a video before the layer, or after.

    Attributes:
        frames: where 1 is white. Shape: (C, F, H', W')
        positions: of these frames.
        rows: one per frame, or per `every` of them, where 1 is white. Shape: (C, T, W')
        row: which one.
        every: of so many frames, one is kept in `rows`.
        width: pixels of a frame.
        times: when frames are shown.
    """

    frames: Tensor
    positions: list[int]
    rows: Tensor
    row: int
    every: int
    width: int
    times: Times

    def chosen(self, places: NDArray[np.intp]) -> "Reel":
        """Return the same with some of its frames only."""
        positions = [self.positions[place] for place in places]
        return replace(self, frames=self.frames[:, torch.from_numpy(places)], positions=positions)


def page(look: Look, title: str, single: str, dpi: int) -> Page:
    """Return the figure of a video.

    Args:
        look: what was kept.
        title: of the figure.
        single: the name of a channel that is made of all input channels.
        dpi: pixels per inch.
    """
    view = look.views[0]
    before, after = _reels(view)
    tiles = kept.tiles_before(view, before.frames)
    results = [tile for tile in kept.tiles_after(view, after.frames, single) if not tile.detail]
    shown = [(before, tile) for tile in tiles] + [(after, tile) for tile in results[:MOST]]
    sheet = Page(title, [kept.layer_text(view.work.layer), _sizes(view)], dpi)
    span = _span(before, after)
    sheet.rows += [_frames(sheet, reel, tile) for reel, tile in shown]
    sheet.rows += [[_slice(sheet, reel, tile, span)] for reel, tile in shown]
    sheet.notes += _notes(view, len(results), shown)
    sheet.about = (
        f"{title}: frames before and after the layer at the same times, and one row of each frame "
        "over time"
    )
    return sheet


def _sizes(view: View) -> str:
    part = view.work.part
    sizes = kept.sizes_text(part.size[1:], view.placement.size[1:])
    frames = f"{view.read} → {view.made} frames"
    rate = f"{part.rate:.5g} per second"
    if times_of(view.read_times, tick(part)).varies:
        rate += " on average"
    return f"{frames}, {sizes} pixels, {rate}, {view.work.encoding.levels}"


def _notes(view: View, results: int, shown: Sequence[tuple[Reel, Tile]]) -> Iterator[str]:
    """Yield what colours stand for, and what is left out or reduced."""
    if any(tile.scale.ticks for _, tile in shown):
        yield kept.bars_text(tile.scale for _, tile in shown)
    yield from (f"output: {note}" for note in view.normalizer.notes)
    if results > MOST:
        yield f"the first {MOST} of {results} pictures of the result"
    kept_rows = view.before["slice"]
    assert isinstance(kept_rows, Slice)
    if kept_rows.every > 1:
        yield f"slices: one of every {kept_rows.every} frames"


def _reels(view: View) -> tuple[Reel, Reel]:
    unit = tick(view.work.part)
    read, made = (times_of(moments, unit) for moments in (view.read_times, view.made_times))
    before = _reel(view.before, view.work.seen.levels.scale, view.work.part.size[2], read)
    after = _reel(view.after, view.work.encoding.levels.scale, view.placement.size[2], made)
    centres = int(view.placement.centres(0)[0]) + view.placement.stride[0] * np.array(
        after.positions
    )
    both = np.intersect1d(before.positions, centres, return_indices=True)[1:]
    return before.chosen(both[0]), after.chosen(both[1])


def _reel(keepers: Keepers, scale: float, width: int, times: Times) -> Reel:
    frames, rows = keepers["frames"], keepers["slice"]
    assert isinstance(frames, Frames)
    assert isinstance(rows, Slice)
    return Reel(
        frames.samples / scale,
        frames.positions,
        rows.samples / scale,
        rows.row,
        rows.every,
        width,
        times,
    )


def _span(*reels: Reel) -> tuple[float, float]:
    """Return the seconds from the first frame to the end of the last."""
    starts = (float(reel.times.starts[0]) for reel in reels)
    return min(starts), max(reel.times.end for reel in reels)


def _frames(sheet: Page, reel: Reel, tile: Tile) -> list[Cell]:
    """Return a row of frames, each below its time."""
    height, width = reel.frames.shape[2:]
    count = LANDSCAPE if width >= height else PORTRAIT
    room = (WIDTH - 2 * MARGIN - GAP * (count - 1)) / count
    pixels = fitted((height, width), room * sheet.dpi, TALLEST * sheet.dpi)
    tall, wide = (n / sheet.dpi for n in pixels)

    def cell(index: int, title: str) -> Cell:
        def draw(page: Page, left: float, top: float) -> None:
            axes = page.axes(left, top + TITLE, wide, tall)
            axes.set_title(plain(title, int(room * LETTERS)))
            samples = shrunk(reel.frames[list(tile.channels), index], pixels)
            axes.imshow(coloured(samples.numpy(), tile.scale), aspect="auto", interpolation="none")
            axes.set_xticks([])
            axes.set_yticks([])

        return Cell(room, TITLE + tall, draw)

    places = spread(len(reel.positions), count)
    titles = [f"{reel.times.starts[reel.positions[place]]:.4g} s" for place in places]
    titles[0] = f"{tile.title}, {titles[0]}"
    return [cell(place, title) for place, title in zip(places, titles, strict=True)]


def _slice(sheet: Page, reel: Reel, tile: Tile, span: tuple[float, float]) -> Cell:
    """Return one row of each frame over time, left to right."""
    wide = sheet.snapped(WIDTH - 2 * MARGIN - BESIDE - AT_END)
    tall = sheet.snapped(min(SLICE, max(0.4, reel.width / sheet.dpi)))

    def draw(page: Page, left: float, top: float) -> None:
        axes = page.axes(left + BESIDE, top + TITLE, wide, tall)
        title = f"{tile.title}: row {reel.row} of each frame, over time"
        axes.set_title(plain(title, int(wide * LETTERS)))
        pixels = round(tall * page.dpi), round(wide * page.dpi)
        samples = shrunk(_evenly(reel, tile, span, pixels[1]), pixels)
        extent = (*span, reel.width - 0.5, -0.5)
        axes.imshow(
            coloured(samples.numpy(), tile.scale),
            extent=extent,
            aspect="auto",
            interpolation="none",
        )
        axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        axes.xaxis.set_major_locator(MaxNLocator(8))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} s"))
        axes.set_xlim(*span)
        axes.set_ylim(reel.width - 0.5, -0.5)
        axes.set_ylabel("x")
        if tile.scale.ticks:
            below = top + TITLE + tall + BELOW
            colour_bar(page, tile.scale, left + BESIDE, below, wide / 3)

    bar = BAR_ROOM if tile.scale.ticks else 0
    return Cell(BESIDE + wide + AT_END, TITLE + tall + BELOW + bar, draw)


def _evenly(reel: Reel, tile: Tile, span: tuple[float, float], pixels: int) -> Tensor:
    """Return the rows on evenly spaced times: at each, the frame that is shown then.

    Shape: (C, W', N), N a multiple of `pixels`
    """
    rows = reel.rows[list(tile.channels)]
    fine = pixels * max(1, -(-2 * rows.shape[1] // pixels))
    start, end = span
    times = start + (np.arange(fine) + 0.5) * (end - start) / fine
    shown = reel.times.shown_at(times, reel.every)
    return rows[:, torch.from_numpy(shown)].transpose(1, 2)
