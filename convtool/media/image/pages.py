"""One decoded picture of a file, as the pipeline takes it, and what is kept of a file beside its pixels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from convtool.levels import Levels, of, to_float, to_stored
from convtool.media.image.alpha import bleed

Samples = NDArray[Any]

# Array operations that make each EXIF orientation upright (CIPA DC-008, table 6).
UPRIGHT: dict[int, Callable[[Samples], Samples]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: a.swapaxes(0, 1)[::-1],
}


@dataclass
class Metadata:
    """What is kept of a picture beside its pixels.

    Attributes:
        icc: the colour profile.
        exif: all tags, the orientation reset; None where there are none or they are damaged.
        dpi: resolution.
        loop: how often an animation repeats, 0 for ever; None where the file does not say.
    """

    icc: bytes | None = None
    exif: Image.Exif | None = None
    dpi: tuple[float, float] | None = None
    loop: int | None = None


@dataclass
class Page:
    """One picture, upright.

    Attributes:
        pixels: (H, W, 1 or 3) grey or RGB; uint8, uint16 or float32.
        alpha: (H, W) of the same type, or None where all is opaque by its format.
        duration: how long it is shown, in ms.
    """

    pixels: Samples
    alpha: Samples | None = None
    duration: float | None = None
    _filled: Tensor | None = field(default=None, repr=False)

    @property
    def channels(self) -> tuple[str, ...]:
        """`l`, or `r g b`."""
        return ("l",) if self.pixels.shape[2] == 1 else ("r", "g", "b")

    @property
    def size(self) -> tuple[int, ...]:
        """Height and width."""
        return self.pixels.shape[:2]

    @property
    def levels(self) -> Levels:
        """How its samples are stored."""
        return of(self.tensor().dtype)

    @property
    def rate(self) -> None:
        """There is no time in a picture."""
        return

    def tensor(self) -> Tensor:
        """Return the whole page, transparent pixels filled from around. Shape: (1, C, H, W), channels last."""
        if self._filled is None:
            self._filled = _nchw(self.pixels)
            if self.alpha is not None:
                alpha = to_float(_nchw(self.alpha[..., None]))
                self._filled = to_stored(bleed(to_float(self._filled), alpha), self._filled.dtype)
        return self._filled

    def blocks(self, length: int) -> Iterator[Tensor]:
        """Yield the page in blocks of at most `length` rows."""
        yield from torch.split(self.tensor(), length, 2)

    def tail(self, length: int) -> Tensor:
        """Return the last `length` rows."""
        return self.tensor()[:, :, self.size[0] - min(length, self.size[0]) :]


def _nchw(array: Samples) -> Tensor:
    return torch.from_numpy(array).permute(2, 0, 1)[None]


def turned(page: Page, orientation: int) -> Page:
    """Return a page upright that lies as its EXIF orientation says."""
    turn = UPRIGHT.get(orientation)
    if turn is None:
        return page
    alpha = None if page.alpha is None else np.ascontiguousarray(turn(page.alpha))
    return Page(np.ascontiguousarray(turn(page.pixels)), alpha, page.duration)
