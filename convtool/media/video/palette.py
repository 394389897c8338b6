"""Give each frame of a GIF its own palette, by FFmpeg's filters."""

from collections.abc import Sequence
from fractions import Fraction

import av
import av.filter

INPUT = "rgb24"  # the pixel format that the filters take
OUTPUT = "pal8"  # the one that they return


class Palette:
    """Reduces colour frames to 256 colours each.

    Args:
        size: height and width of a frame.
        base: seconds per tick.
    """

    def __init__(self, size: Sequence[int], base: Fraction) -> None:
        height, width = size
        graph = self._graph = av.filter.Graph()
        source = graph.add_buffer(
            width=width, height=height, format=av.VideoFormat(INPUT), time_base=base
        )
        split = graph.add("split")
        make = graph.add("palettegen", "stats_mode=single")
        use = graph.add("paletteuse", "new=1")
        sink = graph.add("buffersink")
        source.link_to(split)
        split.link_to(use, 0, 0)
        split.link_to(make, 1, 0)
        make.link_to(use, 0, 1)
        use.link_to(sink)
        graph.configure()

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return a frame in its own 256 colours, at its time."""
        pts, time_base = frame.pts, frame.time_base
        self._graph.push(frame)
        reduced = self._graph.pull()
        assert isinstance(reduced, av.VideoFrame)
        reduced.pts, reduced.time_base = pts, time_base
        return reduced
