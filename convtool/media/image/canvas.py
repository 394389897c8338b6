"""The canvas of an animation, on which frames are drawn one over the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Any

import numpy as np

from convtool.media.image.samples import Pixels, Samples


class Disposal(Enum):
    """What becomes of a frame's region before the next frame is drawn."""

    KEEP = 0
    CLEAR = 1
    RESTORE = 2


@dataclass(frozen=True)
class Region:
    """A rectangle of the canvas, in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The rows and columns."""
        rows = slice(self.top, self.top + self.height)
        return rows, slice(self.left, self.left + self.width)

    def covers(self, other: "Region") -> bool:
        """Return True where `other` lies within it.

        >>> Region(0, 0, 9, 9).covers(Region(3, 3, 6, 7))
        False
        """
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.left + self.width >= other.left + other.width
            and self.top + self.height >= other.top + other.height
        )


@dataclass(frozen=True)
class Drawing:
    """How one frame changes the canvas.

    Attributes:
        region: where it is drawn.
        disposal: what becomes of the region afterwards.
        over: it is drawn over what is there, and otherwise in its place.
        duration: how long it is shown, in milliseconds; None where the file does not say.
    """

    region: Region
    disposal: Disposal = Disposal.KEEP
    over: bool = True
    duration: float | None = None


def leaves_gaps(drawings: Sequence[Drawing], screen: Region) -> bool:
    """Return True where frames without transparency may leave parts of the screen empty.

    >>> screen, part = Region(0, 0, 9, 9), Region(0, 0, 5, 5)
    >>> leaves_gaps([Drawing(screen), Drawing(part)], screen)
    False
    >>> leaves_gaps([Drawing(screen), Drawing(part, Disposal.CLEAR), Drawing(part)], screen)
    False
    >>> leaves_gaps([Drawing(part), Drawing(screen)], screen)
    True
    """
    if not drawings[0].region.covers(screen):
        return True
    cleared = Disposal.CLEAR, Disposal.RESTORE  # the first frame has nothing to restore
    for index, (drawing, following) in enumerate(pairwise(drawings)):
        clears = drawing.disposal is Disposal.CLEAR or (index == 0 and drawing.disposal in cleared)
        if clears and not following.region.covers(drawing.region):
            return True
    return False


class Player:
    """Show the frames of an animation as they look on the canvas.

    Args:
        size: of the canvas, height and width.
        channels: of its samples, without alpha.
        dtype: of its samples.
        transparent: it has alpha, and begins without any colour.
        drawings: the frames.
        picture: decodes a frame by its number, of the size of its region.
    """

    def __init__(
        self,
        size: tuple[int, int],
        channels: int,
        dtype: type[np.unsignedinteger[Any]],
        drawings: Sequence[Drawing],
        picture: Callable[[int], Pixels],
        *,
        transparent: bool,
    ) -> None:
        self._shape, self._dtype = (*size, channels + transparent), dtype
        self._drawings, self._picture = drawings, picture
        self._transparent = transparent
        self._white = np.iinfo(dtype).max
        self._restart()

    def show(self, index: int) -> Pixels:
        """Return the canvas when a frame is drawn; quick where frames are asked for in order."""
        if index < self._next:
            self._restart()
        while self._next <= index:
            self._draw(self._next)
            self._next += 1
        canvas, duration = self._canvas, self._drawings[index].duration
        if not self._transparent:
            return Pixels(canvas.copy(), None, duration)
        samples = np.ascontiguousarray(canvas[..., :-1])
        return Pixels(samples, np.ascontiguousarray(canvas[..., -1]), duration)

    def _restart(self) -> None:
        self._canvas: Samples = np.zeros(self._shape, self._dtype)
        self._before: Samples | None = None
        self._next = 0

    def _draw(self, index: int) -> None:
        if index:
            self._dispose(self._drawings[index - 1])
        drawing, picture = self._drawings[index], self._picture(index)
        place = self._canvas[drawing.region.slices]
        keeps = drawing.disposal is Disposal.RESTORE
        self._before = place.copy() if keeps else None
        place[...] = self._blended(place, picture) if drawing.over else self._joined(picture)

    def _dispose(self, drawing: Drawing) -> None:
        if drawing.disposal is Disposal.KEEP:
            return
        empty = self._before is None or drawing.disposal is Disposal.CLEAR
        self._canvas[drawing.region.slices] = 0 if empty else self._before

    def _joined(self, picture: Pixels) -> Samples:
        """Return colours and alpha in one array, as the canvas has them."""
        if not self._transparent:
            return picture.samples
        alpha = picture.alpha
        if alpha is None:
            alpha = np.full(picture.samples.shape[:2], self._white, self._dtype)
        return np.dstack([picture.samples, alpha])

    def _blended(self, below: Samples, picture: Pixels) -> Samples:
        """Return a picture over what is there.

        Source: PNG Specification (Third Edition), section 13.16, alpha channel processing
        """
        above = self._joined(picture)
        alpha = picture.alpha
        if alpha is None:
            return above
        solid = (alpha == self._white)[..., None]
        result = np.where(solid, above, below)
        mixed = (alpha > 0) & (alpha < self._white)
        if mixed.any():
            result[mixed] = self._mixed(below[mixed], above[mixed])
        return result

    def _mixed(self, below: Samples, above: Samples) -> Samples:
        """Return half-transparent pixels over others. Shape: (P, C)"""
        white = self._white
        front = above[:, -1:].astype(np.float64) / white
        back = below[:, -1:] / white * (1 - front)
        alpha = front + back
        colours = (above[:, :-1] * front + below[:, :-1] * back) / alpha
        joined: Samples = np.rint(np.hstack([colours, alpha * white])).astype(self._dtype)
        return joined


def changed(before: Samples, after: Samples) -> Region:
    """Return the smallest region outside of which two images are equal; of one pixel at least.

    >>> changed(np.zeros((4, 5, 1)), np.eye(4, 5)[..., None] * [[[0]], [[1]], [[1]], [[0]]])
    Region(left=1, top=1, width=2, height=2)
    """
    differs = (before != after).any(2)
    rows, columns = np.flatnonzero(differs.any(1)), np.flatnonzero(differs.any(0))
    if not len(rows):
        return Region(0, 0, 1, 1)
    left, top = int(columns[0]), int(rows[0])
    return Region(left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1)
