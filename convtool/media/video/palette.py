"""Give each frame of a GIF a palette of its own, by FFmpeg's filters."""

from collections.abc import Sequence
from fractions import Fraction

import av
import av.filter


class Palette:
    """Turns colour frames into those of 256 colours.

    Args:
        size: height and width.
        base: seconds of a tick.
    """

    def __init__(self, size: Sequence[int], base: Fraction) -> None:
        height, width = size
        graph = self._graph = av.filter.Graph()
        source = graph.add_buffer(
            width=width, height=height, format=av.VideoFormat("rgb24"), time_base=base
        )
        split, make = graph.add("split"), graph.add("palettegen", "stats_mode=single")
        use, sink = graph.add("paletteuse", "new=1"), graph.add("buffersink")
        source.link_to(split)
        split.link_to(use, 0, 0)
        split.link_to(make, 1, 0)
        make.link_to(use, 0, 1)
        use.link_to(sink)
        graph.configure()

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return the frame in colours of its own."""
        times = frame.pts, frame.time_base
        self._graph.push(frame)
        reduced = self._graph.pull()
        assert isinstance(reduced, av.VideoFrame)
        reduced.pts, reduced.time_base = times
        return reduced
