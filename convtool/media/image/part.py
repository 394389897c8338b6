"""One picture of a file, as the pipeline takes it, and what is kept of a file beside its pixels."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from convtool.convolve.geometry import size_text
from convtool.errors import ReadError
from convtool.levels import Levels, of, to_float, to_stored
from convtool.media.image.alpha import bleed

Samples = NDArray[Any]

BLEEDING = 12  # bytes a sample that `bleed` takes, which works on floats

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


@dataclass(frozen=True)
class Header:
    """What is known of a picture before it is decoded.

    Attributes:
        size: height and width, upright.
        grey: it has one channel, else red, green and blue.
        dtype: of its samples.
        transparent: it has alpha.
    """

    size: tuple[int, int]
    grey: bool
    dtype: torch.dtype
    transparent: bool = False


@dataclass
class Picture:
    """A decoded picture, upright.

    Attributes:
        pixels: (H, W, 1 or 3) grey or RGB; uint8, uint16 or float32.
        alpha: (H, W) of the same type, or None where all is opaque by its format.
        duration: how long it is shown, in ms.
    """

    pixels: Samples
    alpha: Samples | None = None
    duration: float | None = None


class Page:
    """A picture of a file as the pipeline takes it; its pixels are decoded when they are asked for.

    Args:
        header: what is known of it.
        decode: decodes it.

    Attributes:
        channels: `l`, or `r g b`.
        size: height and width.
        levels: how its samples are stored.
        memory: as of every Part.
    """

    def __init__(self, header: Header, decode: Callable[[], Picture]) -> None:
        self.size = header.size
        self.channels = ("l",) if header.grey else ("r", "g", "b")
        self.levels: Levels = of(header.dtype)
        samples, pixels = len(self.channels) + header.transparent, math.prod(header.size)
        self.memory = pixels * samples * header.dtype.itemsize
        if header.transparent:
            self.memory += BLEEDING * pixels * samples
        self._decode = decode

    @property
    def rate(self) -> None:
        """There is no time in a picture."""
        return

    @cached_property
    def picture(self) -> Picture:
        """The decoded picture.

        Raises:
            ReadError: it is damaged.
        """
        picture = self._decode()
        del (
            self._decode
        )  # which holds the file, which holds this page: a circle that stays until it is looked for
        found = picture.pixels.shape, torch.from_numpy(picture.pixels[:1]).dtype
        if found != ((*self.size, len(self.channels)), self.levels.dtype):
            raise ReadError(
                f"the picture is not what its header says: {size_text(picture.pixels.shape)} samples"
            )
        return picture

    @cached_property
    def tensor(self) -> Tensor:
        """The whole page, transparent pixels filled from around. Shape: (1, C, H, W), channels last"""
        picture, tensor = self.picture, _nchw(self.picture.pixels)
        if picture.alpha is None or (picture.alpha == self.levels.scale).all():
            return tensor
        return to_stored(
            bleed(to_float(tensor), to_float(_nchw(picture.alpha[..., None]))), tensor.dtype
        )

    def blocks(self, length: int) -> Iterator[Tensor]:
        """Yield the page in blocks of at most `length` rows."""
        yield from torch.split(self.tensor, length, 2)

    def tail(self, length: int) -> Tensor:
        """Return the last `length` rows."""
        return self.tensor[:, :, self.size[0] - min(length, self.size[0]) :]


def _nchw(array: Samples) -> Tensor:
    return torch.from_numpy(array).permute(2, 0, 1)[None]


def is_sideways(orientation: int) -> bool:
    """Return whether a picture's rows lie as columns in its file."""
    return 5 <= orientation <= 8


def turned(picture: Picture, orientation: int) -> Picture:
    """Return a picture upright that lies as its EXIF orientation says."""
    turn = UPRIGHT.get(orientation)
    if turn is None:
        return picture
    alpha = None if picture.alpha is None else np.ascontiguousarray(turn(picture.alpha))
    return Picture(np.ascontiguousarray(turn(picture.pixels)), alpha, picture.duration)
