"""Encode the audio of a video anew, in step with its frames to the sample."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
from av.filter import Graph

from convtool.media.video.demux import Packet
from convtool.media.video.packets import copy_of
from convtool.media.video.sound import Sound, configure
from convtool.media.video.window import Window

GAP = 0.05  # seconds; shorter ones are the rounding of times


class Reencode:
    """A track of audio that is decoded, and encoded for the container.

    Args:
        output: PyAV's output container.
        given: the input's stream, whose decoder no one else uses.
        sound: how it is encoded.
        window: the part of the input that is shown.
        damaged: called when something cannot be decoded.

    Attributes:
        stream: of the output.
    """

    def __init__(
        self,
        output: Any,
        given: Any,
        sound: Sound,
        window: Window,
        damaged: Callable[[], None],
    ) -> None:
        self._output, self._sound, self._window = output, sound, window
        self._damaged = damaged
        self._decoder = given.codec_context
        self._decoder.layout = sound.given
        self.stream = output.add_stream(sound.encoder, rate=sound.rate)
        configure(self.stream.codec_context, sound)
        self.stream.codec_context.time_base = Fraction(1, sound.rate)
        self.stream.codec_context.open()
        self._graph: Graph | None = None
        self._form: tuple[Any, ...] = ()  # of the frames that the graph takes
        self._has_begun = False

    def take(self, packet: Packet) -> None:
        """Encode the audio of a packet."""
        try:
            frames = self._decoder.decode(copy_of(packet))
        except av.FFmpegError:
            self._damaged()
            return
        for frame in frames:
            self._resample(frame)

    def close(self) -> None:
        """Write what is held."""
        for frame in self._decoder.decode(None):
            self._resample(frame)
        if self._has_begun:
            self._resample(None)
            self._encode(None)

    def _resample(self, frame: Any) -> None:
        """Bring a frame into the form and to the time that it has in the output."""
        if frame is not None:
            if frame.pts is None or frame.time_base is None:
                return
            shift = self._window.offset + Fraction(self._sound.delay, self._sound.rate)
            frame.pts -= round(shift / frame.time_base)
            form = frame.format.name, frame.layout.name, frame.sample_rate, frame.time_base
            if form != self._form:
                self._flush()
                self._graph, self._form = self._graph_for(form), form
                self._has_begun = True
        self._pass(frame)

    def _flush(self) -> None:
        if self._graph is not None:
            self._pass(None)

    def _pass(self, frame: Any) -> None:
        """Send a frame, or the end, through the graph, and encode what comes out."""
        assert self._graph is not None
        self._graph.push(frame)
        while True:
            try:
                resampled: Any = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            self._encode(resampled)

    def _encode(self, frame: Any) -> None:
        """Encode a frame, or what the encoder holds."""
        for packet in self.stream.codec_context.encode(frame):
            packet.stream = self.stream
            self._output.mux(packet)

    def _graph_for(self, form: tuple[Any, ...]) -> Graph:
        """Return a graph that fills gaps, and leaves out what is not shown."""
        format, layout, rate, base = form
        sound, graph = self._sound, Graph()
        begin = {} if self._has_begun else {"first_pts": "0"}
        nodes = [
            graph.add_abuffer(sample_rate=rate, format=format, layout=layout, time_base=base),
            graph.add(
                "aresample",
                **{"async": "1", "min_comp": "0.00001", "min_hard_comp": str(GAP), **begin},
            ),
            graph.add(
                "aformat",
                sample_rates=str(sound.rate),
                sample_fmts=sound.format,
                channel_layouts=sound.layout,
            ),
        ]
        if self._window.length is not None:
            nodes.append(graph.add("atrim", end=str(float(self._window.length))))
        nodes.append(graph.add("abuffersink"))
        graph.link_nodes(*nodes).configure()
        return graph
