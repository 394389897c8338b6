"""One image of a file, as the pipeline takes it: decoded when asked for, whole or by rows."""

from collections.abc import Callable, Iterator

import torch

from convtool.errors import ReadError
from convtool.levels import Levels, of
from convtool.limits import worth_rows
from convtool.media.image.samples import Header, Pixels, regrouped
from convtool.media.image.seen import FilledImage, Rows, Timing, WeightedImage, WholeImage
from convtool.sizes import size_text


class ImagePart(Rows):
    """One image of a file; its pixels are decoded when they are first asked for.

    They are kept by hand: `functools.cached_property` of Python 3.11 holds one lock for all
    instances, in which threads would decode their images one at a time.

    A large image is read by rows where its format allows it, anew for each pass over its blocks.

    Args:
        header: what is known of it.
        decode: decodes it.
        rows: decodes it in bands, where `Header.by_rows` says that this can be done.

    Attributes:
        channels: `l`, or `r g b`, or numbers of bands.
        size: height and width.
        levels: how its samples are stored.
    """

    def __init__(
        self,
        header: Header,
        decode: Callable[[], Pixels],
        rows: Callable[[], Iterator[Pixels]] | None = None,
    ) -> None:
        self.size = header.size
        self.channels = header.channels
        self.levels: Levels = of(header.dtype)
        self._header, self._decode, self._rows = header, decode, rows
        self._pixels: Pixels | None = None

    @property
    def by_rows(self) -> bool:
        """True where it is large, and is read row by row."""
        return self._rows is not None and worth_rows(self._header.bytes, self._header.by_rows)

    @property
    def memory(self) -> int:
        """An estimate of the bytes held while it is read, beside its blocks."""
        return (self._header.by_rows or 0) if self.by_rows else self._header.bytes

    @property
    def opaque(self) -> bool:
        """True where it has no transparency."""
        return not self._header.transparent if self.by_rows else self.pixels.alpha is None

    @property
    def timing(self) -> Timing:
        """When it is shown."""
        if self.by_rows:
            return Timing()
        return Timing(self.pixels.duration, self.pixels.hidden)

    @property
    def pixels(self) -> Pixels:
        """The whole image, decoded.

        Raises:
            ReadError: it is damaged.
        """
        if self._pixels is None:
            self._pixels = self._decoded()
        return self._pixels

    def _decoded(self) -> Pixels:
        pixels = self._decode()
        # They refer to the source, which refers to this part: a cycle would outlive both.
        del self._decode
        self._rows = None
        self._check(pixels, self.size[0])
        return pixels

    def _check(self, pixels: Pixels, height: int) -> None:
        samples = pixels.samples
        found = samples.shape, torch.from_numpy(samples[:1]).dtype
        if found != ((height, self.size[1], len(self.channels)), self.levels.dtype):
            raise ReadError(
                "the image does not match its header: "
                f"{size_text(samples.shape)} samples of {samples.dtype}, not "
                f"{size_text((*self.size, len(self.channels)))} of {self.levels}"
            )

    def bands(self, length: int) -> Iterator[Pixels]:
        """Yield the image in bands of `length` rows, the last of what is left.

        Raises:
            ReadError: it is damaged.
        """
        if not self.by_rows:
            yield from regrouped([self.pixels], length)
            return
        assert self._rows is not None
        left = self.size[0]
        for pixels in regrouped(self._rows(), length):
            self._check(pixels, min(length, left))
            left -= len(pixels.samples)
            yield pixels

    def seen_by(self, *, sees_neighbours: bool, smooths: bool) -> Rows:
        """Return the image as a layer should see it; nothing is decoded yet.

        Colours of fully transparent pixels are arbitrary, mostly black. A mean weights colours by
        their opacity, which it is taken of, too. Any other layer that sees neighbours sees the
        colours around such pixels in their place, and leaves the opacity alone.
        """
        if not self._header.transparent:
            return self
        if not sees_neighbours:
            return WholeImage(self)
        return WeightedImage(self) if smooths else FilledImage(self)
