"""Carry what lies beside the frames of a video over to an output, as a plan says."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from fractions import Fraction
from typing import Any, Protocol

import av
from av.stream import Disposition

from convtool.errors import WriteError
from convtool.media.ffmpeg import refused
from convtool.media.video.carried import MIME_TYPES
from convtool.media.video.demux import Packet
from convtool.media.video.holdings import Kind, holds
from convtool.media.video.packets import Bare, copy_of
from convtool.media.video.passes import StreamPacket
from convtool.media.video.plan import Fate, Plan, language_of
from convtool.media.video.properties import Properties
from convtool.media.video.read import VideoSource
from convtool.media.video.reencode import Reencode
from convtool.media.video.subtitles import Retext, text_stream
from convtool.media.video.timecode import moved
from convtool.media.video.window import Window

NO_TAG = "\0\0\0\0"  # for the muxer to choose one


class Track(Protocol):
    """One track of an output."""

    def take(self, packet: Packet) -> None:
        """Write the next packet of the input."""

    def close(self) -> None:
        """Write what is left."""


class Copy:
    """A track whose packets stay as they are.

    Args:
        output: PyAV's output container.
        stream: the output's stream.
        window: the part of the input that is shown.
        timed: the container states when packets are played.
        bare: makes the content of packets; None to leave it.
    """

    def __init__(
        self, output: Any, stream: Any, window: Window, *, timed: bool, bare: Bare | None = None
    ) -> None:
        self._output, self._stream, self._window = output, stream, window
        self._timed, self._bare = timed, bare
        self._keyed = stream.type == "video"  # it can be decoded only from a keyframe on
        self._first: int | None = None  # time of the first packet, where others count from it
        self._last: int | None = None
        self._step = 0

    def take(self, packet: Packet) -> None:
        """Write a copy of a packet; several outputs may share the packet itself."""
        undecodable = self._keyed and self._last is None and not packet.is_keyframe
        if undecodable or self._window.skips(packet, timed=self._timed):
            return
        copy = copy_of(packet, self._bare(packet) if self._bare else None)
        self._place(copy, packet)
        copy.stream = self._stream
        self._output.mux(copy)

    def _place(self, copy: Packet, packet: Packet) -> None:
        """Set the times of a packet, and how long it lasts where the input does not say it."""
        base, shift = packet.time_base, round(self._window.offset / packet.time_base)
        if not self._timed:
            if self._first is None:
                self._first = packet.pts if packet.dts is None else packet.dts
            shift = self._first or 0
        copy.time_base = base
        copy.pts = None if packet.pts is None else packet.pts - shift
        copy.dts = None if packet.dts is None else packet.dts - shift
        if packet.pts is not None:
            if self._last is not None:
                self._step = max(0, packet.pts - self._last)
            self._last = packet.pts
        copy.duration = packet.duration or self._step

    def close(self) -> None:
        """Do nothing: nothing is held."""


class Tracks:
    """All that an output carries beside its video.

    Args:
        source: the input.
        output: PyAV's output container, which has its video stream and nothing else.
        plan: what becomes of what the input carries.
        note: told what is lost on the way.

    Raises:
        WriteError: an encoder refuses the audio.
    """

    def __init__(
        self, source: VideoSource, output: Any, plan: Plan, note: Callable[[str], None]
    ) -> None:
        self._output, self._plan, self._note = output, plan, note
        self._window = Window.of(source)
        self._tracks: dict[int, tuple[str, Track]] = {}
        self._covers: list[Packet] = []
        self._files = ExitStack()
        container, video = self._files.enter_context(source.opened())
        self._describe(output.streams[0], video, plan.carried.video)
        for fate in plan.fates:
            self._add(container, container.streams[fate.stream.index], fate)
        self._timecode = moved(plan.timecode, source.selection.start, source.header.rate)
        self._describe_file()

    def start(self) -> None:
        """Write what comes before all frames; the header is complete."""
        for packet in self._covers:
            self._output.mux(packet)

    def write(self, packets: Iterable[StreamPacket]) -> None:
        """Write the next packets.

        Raises:
            WriteError: the container or an encoder refuses one.
        """
        for index, packet in packets:
            if index in self._tracks:
                problem, track = self._tracks[index]
                with refused(problem):
                    track.take(packet)

    def close(self) -> None:
        """Write what is left."""
        for problem, track in self._tracks.values():
            with refused(problem):
                track.close()

    def drop(self) -> None:
        """Release the input."""
        self._files.close()

    def _describe_file(self) -> None:
        plan, output = self._plan, self._output
        output.metadata.update(plan.tags)
        if plan.timecode:
            output.metadata["timecode"] = self._timecode
        if plan.has_chapters:
            output.set_chapters(self._window.chapters(plan.carried.chapters))

    def _describe(self, stream: Any, given: Any, properties: Properties) -> None:
        """Give a stream of the output what is said of the input's, as far as it is held."""
        container = self._plan.container
        stream.disposition = given.disposition & ~Disposition.attached_pic
        language = language_of(properties.language, container)
        if language:
            stream.metadata["language"] = language
        if properties.title and holds(container.holds, Kind.TITLE, properties.title):
            stream.metadata["title"] = properties.title
        for key, text in properties.tags.items():
            if holds(container.holds, Kind.STREAM_TAG, key):
                stream.metadata[key] = text

    def _add(self, container: Any, given: Any, fate: Fate) -> None:
        """Add the track of a stream that is kept."""
        if fate.stream.kind is Kind.COVER:
            self._add_cover(container, given, fate)
        elif fate.stream.kind is Kind.ATTACHMENT:
            self._output.add_attachment(given.name, given.mimetype or "", given.data)
        else:
            problem = self._problem(fate)
            with refused(problem):
                stream, track = self._track(container, given, fate)
            self._describe(stream, given, fate.stream.properties)
            self._tracks[fate.stream.index] = problem, track

    def _problem(self, fate: Fate) -> str:
        """Return what a message says where a stream is refused."""
        name = self._plan.container.name
        if fate.sound:
            return f"{fate.stream.label} cannot be encoded as {fate.sound.text} in {name}"
        return f"{fate.stream.label} cannot be copied into {name}"

    def _track(self, container: Any, given: Any, fate: Fate) -> tuple[Any, Track]:
        output, window = self._output, self._window
        timed = self._plan.container.timed
        if fate.sound:
            encoded = Reencode(output, given, fate.sound, window, self._note_once(fate))
            return encoded.stream, encoded
        if fate.text:
            stream = text_stream(output, fate.text)
            return stream, Retext(output, stream, fate.stream.codec, fate.text, window)
        stream = output.add_stream_from_template(given, opaque=True)
        context = stream.codec_context
        if context.name == "aac" and not context.extradata:
            context.codec_tag = NO_TAG
            context.extradata = Bare(given).configuration(_first(container, given))
            return stream, Copy(output, stream, window, timed=timed, bare=Bare(given))
        return stream, Copy(output, stream, window, timed=timed)

    def _note_once(self, fate: Fate) -> Callable[[], None]:
        label = fate.stream.label
        return lambda: self._note(f"{label}: what cannot be decoded is silent")

    def _add_cover(self, container: Any, given: Any, fate: Fate) -> None:
        """Add a cover, as an attachment where the container has these."""
        picture = _first(container, given)
        if Kind.ATTACHMENT in self._plan.container.holds:
            mime_type = MIME_TYPES[fate.stream.codec]
            name = given.metadata.get("filename") or f"cover.{mime_type.rpartition('/')[2]}"
            self._output.add_attachment(name, mime_type, bytes(picture))
            return
        stream = self._output.add_stream_from_template(given, opaque=True)
        stream.disposition = Disposition.attached_pic
        copy: Packet = av.Packet(bytes(picture))
        copy.time_base, copy.pts, copy.dts = Fraction(1, 1000), 0, 0
        copy.is_keyframe = True
        copy.stream = stream
        self._covers.append(copy)


def _first(container: Any, stream: Any) -> Packet:
    """Return the first packet of a stream."""
    for packet in container.demux(stream):
        if packet.size:
            return packet
    raise WriteError("the input ends before its first packet")
