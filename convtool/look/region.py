"""A box of a result, and the box of padded input that it depends on.

Numbers only: `keepers` gathers the samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from convtool.convolve.beyond import sources as sources_of
from convtool.convolve.geometry import extent
from convtool.layers.layer import Layer


@dataclass(frozen=True)
class Region:
    """A box of a result, and the box of padded input that it depends on.

    Attributes:
        origin: the first output position, per axis.
        size: how many output positions, per axis.
        first: the first position of the box of padded input, per axis; negative in the padding.
        sources: for each axis and each position of that box, the input position whose sample stands
            there, or PADDED where a number is added.
        outside: for each axis and each position of that box, whether it is padding.
    """

    origin: tuple[int, ...]
    size: tuple[int, ...]
    first: tuple[int, ...]
    sources: tuple[Tensor, ...]
    outside: tuple[Tensor, ...]

    @classmethod
    def of(
        cls, layer: Layer, input_size: Sequence[int], origin: Sequence[int], size: Sequence[int]
    ) -> "Region":
        """Return the region of some outputs of a layer.

        Args:
            layer: the layer.
            input_size: the spatial size of its input.
            origin: the first output position, per axis.
            size: how many output positions, per axis.

        >>> from convtool.layers.build import build
        >>> layer = build([], dims=1, in_channels=1, random_channels=1, padding_mode="reflect")
        >>> region = Region.of(layer, (6,), (0,), (2,))  # 3 taps, padding 1
        >>> region.first, region.sources
        ((-1,), (tensor([1, 0, 1, 2]),))
        """
        first, sources, outside = [], [], []
        window = layer.window
        axes = zip(
            *(input_size, origin, size, window.stride, window.pads, window.extent, window.modes),
            strict=True,
        )
        for length, start, count, step, (before, _), covered, mode in axes:
            begin = start * step - before
            places = torch.arange(begin, begin + (count - 1) * step + covered)
            first.append(begin)
            sources.append(sources_of(places, length, mode))
            outside.append((places < 0) | (places >= length))
        return cls(tuple(origin), tuple(size), tuple(first), tuple(sources), tuple(outside))

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The output positions of the box, per axis."""
        return tuple(
            torch.arange(start, start + count)
            for start, count in zip(self.origin, self.size, strict=True)
        )

    def part(self, origin: Sequence[int], size: Sequence[int], layer: Layer) -> tuple[slice, ...]:
        """Return where in this region's box of padded input that of a smaller region lies.

        Args:
            origin: the smaller region's first output position, per axis.
            size: how many output positions, per axis.
            layer: the layer.
        """
        axes = zip(origin, self.origin, size, layer.conv.stride, extent(layer.conv), strict=True)
        return tuple(
            slice((start - mine) * step, (start - mine) * step + (count - 1) * step + covered)
            for start, mine, count, step, covered in axes
        )


def start(region: Region, layer: Layer) -> tuple[int, int]:
    """Return how many outputs a region at the start passes over, and how many samples it needs.

    Passed over are those that wrap around to an end that is not known yet.

    Args:
        region: of the size wanted, anywhere along the leading axis.
        layer: the layer.
    """
    (before, _), step = layer.ends[0], layer.conv.stride[0]
    skipped = -(-before // step) if layer.modes[0].name == "circular" else 0
    reached = (skipped + region.size[0] - 1) * step + extent(layer.conv)[0]
    return skipped, max(reached, before + 1)  # padding may be reflected samples


def around(
    place: Sequence[int], most: Sequence[int], size: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the first position and the size of a box with a place in its middle, inside a result.

    Args:
        place: a position of the result.
        most: the size of the box, where the result is not smaller.
        size: that of the result.

    >>> around((0, 7), (3, 3), (20, 9))
    ((0, 6), (3, 3))
    """
    counts = tuple(map(min, most, size))
    axes = zip(place, counts, size, strict=True)
    return tuple(max(0, min(at - n // 2, end - n)) for at, n, end in axes), counts
