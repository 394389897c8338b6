"""Decode the frames of a video that are asked for, in one pass over its packets."""

from collections.abc import Iterator
from typing import BinaryIO

import av

from convtool.media.policies import Notes
from convtool.media.video.deinterlace import Deinterlacer
from convtool.media.video.demux import Packet
from convtool.media.video.header import Header
from convtool.media.video.passes import Pass
from convtool.media.video.screen import Screen, TimedFrame
from convtool.options.reading import VideoReading
from convtool.sizes import are

INTERLACED = (
    "interlaced frames filtered whole and stored as progressive ones; "
    "--deinterlace makes progressive frames first"
)


class Decoder(Pass):
    """One pass over a video that yields its frames.

    Args:
        file: its bytes.
        name: what messages call it.
        header: of the video.
        reading: what is asked for, and whether the file may be truncated.
        notes: where a loss is noted.
    """

    def __init__(
        self, file: BinaryIO, name: str, header: Header, reading: VideoReading, notes: Notes
    ) -> None:
        super().__init__(file, name, header, reading, notes)
        self._deinterlace = Deinterlacer() if reading.deinterlace else None
        self._damaged = 0  # of the frames yielded

    def _frames(self, packet: Packet, screen: Screen) -> Iterator[TimedFrame]:
        if not packet.size and packet.dts is not None:
            return  # an empty chunk: the frame before it stays on screen
        screen.expect(packet)
        for frame in self._decoded(packet):
            for progressive in self._progressive(frame):
                yield from self._seen(screen.show(progressive))

    def _progressive(self, frame: av.VideoFrame) -> list[av.VideoFrame]:
        """Return frames as they are filtered, and note where they are interlaced."""
        if self._deinterlace is not None:
            return self._deinterlace(frame)
        if frame.interlaced_frame:
            self._notes.note(INTERLACED)
        return [frame]

    def _rest(self, screen: Screen) -> Iterator[TimedFrame]:
        for frame in self._deinterlace.end() if self._deinterlace is not None else ():
            yield from self._seen(screen.show(frame))
        yield from self._seen(screen.end())

    def _seen(self, frames: Iterator[TimedFrame]) -> Iterator[TimedFrame]:
        """Yield the frames that are asked for, and count the damaged ones among them."""
        for frame in self._counted(frames):
            self._damaged += frame.frame.is_corrupt
            yield frame

    def _tell(self) -> None:
        super()._tell()
        if self._damaged:
            frames = are(self._damaged, "frame")
            self._notes.note(f"{frames} damaged: the decoder filled in what is missing")

    def _decoded(self, packet: Packet) -> list[av.VideoFrame]:
        try:
            frames: list[av.VideoFrame] = packet.decode()
        except av.FFmpegError as exc:
            self._refuse(f"a frame cannot be decoded: {exc.strerror}", exc)
            return []
        return frames
