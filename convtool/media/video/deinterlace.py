"""Make progressive frames of interlaced ones, by FFmpeg's filters."""

from collections import deque
from typing import Any

import av
import av.filter

FILTER = "bwdif"  # Bob Weaver, with a filter over time: as good as its kind
MODE = "mode=send_frame"  # one frame per frame, not one per field


class Deinterlacer:
    """Deinterlaces the frames of one pass, one after the other; each comes one frame late."""

    def __init__(self) -> None:
        self._graph: Any = None
        self._inside: deque[av.VideoFrame] = deque()

    def __call__(self, frame: av.VideoFrame) -> list[av.VideoFrame]:
        """Take the next frame, and return those that are complete."""
        if self._graph is None:
            self._graph = self._made(frame)
        self._inside.append(frame)
        self._graph.push(frame)
        return self._complete()

    def end(self) -> list[av.VideoFrame]:
        """Return the last frame."""
        if self._graph is None:
            return []
        self._graph.push(None)
        return self._complete()

    def _made(self, frame: av.VideoFrame) -> Any:
        """Return FFmpeg's filters for frames like this one."""
        graph = av.filter.Graph()
        source = graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=frame.time_base,
        )
        graph.link_nodes(source, graph.add(FILTER, MODE), graph.add("buffersink"))
        graph.configure()
        return graph

    def _complete(self) -> list[av.VideoFrame]:
        """Return what the filters have made, at the times and in the colours of their input."""
        frames = []
        while self._inside:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, EOFError):
                break
            before = self._inside.popleft()
            frame.pts, frame.time_base = before.pts, before.time_base
            frame.duration = before.duration
            frame.colorspace, frame.color_range = before.colorspace, before.color_range
            frame.color_primaries, frame.color_trc = before.color_primaries, before.color_trc
            frames.append(frame)
        return frames
