"""Say what the section on video shows: a filmstrip, what can be played, and an x-t slice."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from convtool.levels import Levels
from convtool.look.keepers import Frames, Slice
from convtool.look.report.media import clip_data, thumbnail
from convtool.look.report.packed import bytes_of
from convtool.look.report.playable import clip_of, rate_after, seen_after
from convtool.look.report.shown import Shown
from convtool.look.times import Times, times_of
from convtool.look.video_clip import SIDE
from convtool.look.views import Keepers
from convtool.media.contract import Tile, tick
from convtool.media.grid import corner, grid_size
from convtool.media.video.tiles import TileGrid
from convtool.sizes import size_text

STRIP = 240  # pixels per axis of a picture of the strip
SLICE = 320, 960  # pixels of an x-t slice: across the frame, and over time


def video_facts(shown: Shown) -> dict[str, Any]:
    """Return what the section on video shows."""
    view, work = shown.view, shown.view.work
    part, target = work.part, seen_after(work)
    tile = Tile("", tuple(range(len(part.channels))))
    read, made = (times_of(each, tick(part)) for each in (view.read_times, view.made_times))
    before = _side(view.before, read, (tile,), work.seen.levels)
    after = _side(view.after, made, target.tiles, work.encoding.levels)
    clips = [clip_of(view, after=False), clip_of(view, after=True)]
    lengths = view.read, view.made
    sizes = list(part.size[1:]), list(view.placement.size[1:])
    name = target.path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    sides = [
        {
            **side,
            "clip": {**clip_data(clip, length, "frames"), "sharp": max(size) <= SIDE // 2},
            "size": size_text(list(reversed(size))),
            "frames": length,
        }
        for side, clip, length, size in zip((before, after), clips, lengths, sizes, strict=True)
    ]
    return {
        "before": sides[0],
        "after": sides[1],
        "rate": part.rate,
        "varies": read.varies,
        "seconds": read.end,
        "rateAfter": rate_after(work),
        "row": _slice(view.before).row,
        "rowAfter": _slice(view.after).row,
        "tiles": [
            {"box": box, "channels": list(tile.channels), "label": tile.label}
            for tile, box in zip(target.tiles, _boxes(len(target.tiles), *sizes[1]), strict=True)
        ],
        "output": name if len(work.targets) > 1 else "",
        "outputs": len(work.targets),
    }


def _side(
    keepers: Keepers, times: Times, tiles: tuple[Tile, ...], levels: Levels
) -> dict[str, Any]:
    """Return the pictures of one side: frames, and the slice."""
    frames = keepers["frames"]
    assert isinstance(frames, Frames)
    grid = TileGrid(tiles, 255)
    strip = list(grid.frames(_bytes(frames.samples, levels)[None]))
    rows = _slice(keepers)
    single = TileGrid(tiles[:1], 255)  # a row of a grid would be one of several tiles
    (cut,) = single.frames(_bytes(rows.samples, levels)[None, :, None])
    if times.varies:
        cut = cut[times.shown_at(_evenly(times, len(cut)), rows.every)]
    return {
        "strip": [
            {"frame": place, "picture": thumbnail(frame, STRIP)}
            for place, frame in zip(frames.positions, strip, strict=True)
        ],
        "slice": thumbnail(np.swapaxes(cut, 0, 1), *SLICE),
        "every": rows.every,
        "times": _shares(times, rows.every),
    }


def _evenly(times: Times, rows: int) -> NDArray[np.float64]:
    """Return the middles of the columns of a slice, evenly spaced over all times."""
    edges = np.linspace(times.starts[0], times.end, SLICE[1] * -(-2 * rows // SLICE[1]) + 1)
    return (edges[:-1] + edges[1:]) / 2


def _shares(times: Times, every: int) -> list[tuple[int, float]]:
    """Return where frames begin, as shares of all time: those where a line between them bends.

    >>> from convtool.block import Moment
    >>> _shares(times_of([Moment(0, 1), Moment(1, 1)], 1), 1)
    [(0, 0.0), (2, 1.0)]
    """
    frames, first = len(times.starts), times.starts[0]
    starts = (times.starts[::every] - first) / (times.end - first)
    within = list(zip(range(0, frames, every), starts.tolist(), strict=True))
    return [*(within if times.varies else within[:1]), (frames, 1.0)]


def _bytes(samples: Tensor, levels: Levels) -> Tensor:
    """Return samples as bytes: videos are stored as numbers from 0 to 1. Shape: any, kept"""
    return torch.from_numpy(bytes_of(samples, levels, (0.0, 1.0)))


def _slice(keepers: Keepers) -> Slice:
    keeper = keepers["slice"]
    assert isinstance(keeper, Slice)
    return keeper


def _boxes(count: int, height: int, width: int) -> list[list[float]]:
    """Return where the tiles of a frame lie: left, top, width and height, as shares of it.

    >>> _boxes(1, 10, 20)
    [[0.0, 0.0, 1.0, 1.0]]
    """
    high, wide = grid_size(count, height, width)
    if count == 1:
        return [[0.0, 0.0, 1.0, 1.0]]
    corners = [corner(index, count, height, width) for index in range(count)]
    return [[left / wide, top / high, width / wide, height / high] for top, left in corners]
