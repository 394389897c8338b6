"""One image of a file, as the pipeline takes it: decoded when asked for, in blocks of rows."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from convtool.block import AXIS, Block
from convtool.convolve.geometry import size_text
from convtool.errors import ReadError
from convtool.levels import Levels, of, to_float, to_stored
from convtool.limits import IMAGE_BLEED_BYTES
from convtool.media.image.alpha import bleed
from convtool.media.image.samples import Header, Pixels, Samples


class ImagePart:
    """One image of a file; its pixels are decoded when they are first asked for.

    They are kept by hand: `functools.cached_property` of Python 3.11 holds one lock for all
    instances, in which threads would decode their images one at a time.

    Args:
        header: what is known of it.
        decode: decodes it.

    Attributes:
        channels: `l`, or `r g b`, or numbers of bands.
        size: height and width.
        levels: how its samples are stored.
        memory: an estimate of the bytes held while it is read, beside its blocks.
    """

    def __init__(self, header: Header, decode: Callable[[], Pixels]) -> None:
        self.size = header.size
        self.channels = header.channels
        self.levels: Levels = of(header.dtype)
        samples = math.prod(header.size) * (len(self.channels) + header.transparent)
        self.memory = samples * header.dtype.itemsize
        if header.transparent:
            self.memory += samples * IMAGE_BLEED_BYTES
        self._decode = decode
        self._pixels: Pixels | None = None
        self._tensor: Tensor | None = None

    @property
    def rate(self) -> None:
        """An image has no time."""
        return

    @property
    def pixels(self) -> Pixels:
        """The decoded image.

        Raises:
            ReadError: it is damaged.
        """
        if self._pixels is None:
            self._pixels = self._decoded()
        return self._pixels

    def _decoded(self) -> Pixels:
        pixels = self._decode()
        # It refers to the source, which refers to this part: a cycle would outlive both.
        del self._decode
        found = pixels.samples.shape, torch.from_numpy(pixels.samples[:1]).dtype
        if found != ((*self.size, len(self.channels)), self.levels.dtype):
            raise ReadError(
                "the image does not match its header: "
                f"{size_text(pixels.samples.shape)} samples of {pixels.samples.dtype}, not "
                f"{size_text((*self.size, len(self.channels)))} of {self.levels}"
            )
        return pixels

    @property
    def tensor(self) -> Tensor:
        """The whole image, transparent pixels filled with the colours around them.

        Shape: (1, C, H, W), channels last in memory
        """
        if self._tensor is None:
            self._tensor = self._filled()
        return self._tensor

    def _filled(self) -> Tensor:
        tensor, alpha = _nchw(self.pixels.samples), self.pixels.alpha
        if alpha is None or (alpha == self.levels.scale).all():
            return tensor
        filled = bleed(to_float(tensor), to_float(_nchw(alpha[..., None])))
        return to_stored(filled, tensor.dtype)

    def blocks(self, length: int, *, company: bool = False) -> Iterator[Block]:
        """Yield the image in blocks of at most `length` rows."""
        del company  # nothing travels beside pixels
        for rows in torch.split(self.tensor, length, AXIS):
            yield Block(rows, self.levels)

    def tail(self, length: int) -> Tensor:
        """Return the last `length` rows."""
        return self.tensor[:, :, self.size[0] - min(length, self.size[0]) :]


def _nchw(array: Samples) -> Tensor:
    return torch.from_numpy(array).permute(2, 0, 1)[None]
