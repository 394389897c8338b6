"""Write a video: encode frames at their times, and mux them with the input's other streams."""

import contextlib
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, BinaryIO, NamedTuple

import av

from convtool.block import Block, Moment
from convtool.convolve.geometry import Placement
from convtool.media.callbacks import CallbackFile
from convtool.media.contract import Tile
from convtool.media.ffmpeg import explained, priority_kept, refused
from convtool.media.policies import Notes
from convtool.media.video.demux import Packet
from convtool.media.video.header import Header
from convtool.media.video.palette import Palette
from convtool.media.video.passes import StreamPacket
from convtool.media.video.pixels import Packer, Samples
from convtool.media.video.plan import Plan
from convtool.media.video.read import VideoPart, VideoSource
from convtool.media.video.storage import Storage
from convtool.media.video.tiles import TileGrid
from convtool.media.video.timeline import Cadence, timeline
from convtool.media.video.tracks import Tracks
from convtool.sizes import counted

X265_DELAY = 2  # frames by which its decoding times are earlier, as frames are reordered


class Prepared(NamedTuple):
    """The frames of a block, as an encoder takes them.

    Attributes:
        frames: with their times.
        durations: of each, in ticks of the output; 0 where it is not known.
        company: packets of the input's other streams, read beside them.
    """

    frames: list[av.VideoFrame]
    durations: list[int]
    company: tuple[StreamPacket, ...]


class VideoEncoder(Notes):
    """A video file being made.

    Args:
        file: where the bytes go.
        storage: how it is stored.
        plan: what becomes of what the input carries beside its frames.
        tiles: what a frame shows.
    """

    def __init__(self, file: BinaryIO, storage: Storage, plan: Plan, tiles: Sequence[Tile]) -> None:
        super().__init__()
        self._storage, self._plan = storage, plan
        self._calls = CallbackFile(file)
        self._grid = TileGrid(tiles, storage.packed.levels.scale)
        self._pack = Packer(storage.packed, storage.frame_format, storage.colours)
        self._output: Any = None
        self._tracks: Any = None
        self._durations: dict[int, int] = {}  # of frames inside the encoder, by their times
        self._count = 0  # of frames that the encoder was given

    def begin(self, part: VideoPart, placement: Placement, *_: object) -> None:
        """Start the result of a video.

        Raises:
            WriteError: the encoder or the container refuses it.
        """
        header, storage = part.header, self._storage
        container, codec = storage.container, storage.codec
        self._timeline = timeline(header, container, int(placement.stride[0]))
        self._cadence: Cadence[Samples] = Cadence(self._timeline, container.least)
        with self._translated():
            self._output = self._opened()
            self._stream = self._output.add_stream(
                codec.encoder, rate=self._timeline.rate, options=dict(storage.options)
            )
            self._configure(header)
            self._palette = None
            if storage.has_palette:
                self._palette = Palette(storage.size, self._timeline.base)
        with explained():
            with self._translated():
                self._stream.codec_context.open()
            self._begin(part.source)

    def _opened(self) -> Any:
        """Return PyAV's container of the output."""
        options = dict(self._plan.container.options)
        muxer = self._storage.container.muxer
        return av.open(self._calls, "w", format=muxer, container_options=options)

    def _begin(self, source: VideoSource) -> None:
        """Begin the file, and all tracks beside the video."""
        self._tracks = Tracks(source, self._output, self._plan, self.note)
        with refused(f"the {self._storage.container.name} file cannot be begun"):
            self._calls.call(self._output.start_encoding)
            self._calls.call(self._tracks.start)

    def _configure(self, header: Header) -> None:
        """Tell the encoder how to store frames, and what their numbers mean."""
        storage, stream = self._storage, self._stream
        stream.height, stream.width = storage.size
        stream.time_base = self._timeline.base
        context = stream.codec_context
        context.time_base = self._timeline.base
        context.pix_fmt = storage.pixel_format
        if header.aspect:
            context.sample_aspect_ratio = header.aspect
        colours = storage.colours
        context.colorspace, context.color_range = colours.space, colours.range
        context.color_primaries, context.color_trc = colours.primaries, colours.transfer
        if storage.container.muxer == "avi":
            context.max_b_frames = 0  # AVI has no times for frames out of order
        if storage.codec.encoder == "libx265" and storage.container.muxer in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # the tag that Apple's players look for

    def prepare(self, block: Block) -> Prepared:
        """Return the frames of a block at their times, and its company."""
        assert block.times is not None
        with self._translated():
            placed = [
                each
                for samples, moment in zip(
                    self._grid.frames(block.tensor), block.times, strict=True
                )
                for each in self._cadence.place(samples, moment)
            ]
            return self._prepared(placed, block.company)

    def _prepared(
        self, placed: Iterable[tuple[Samples, Moment]], company: tuple[StreamPacket, ...] = ()
    ) -> Prepared:
        placed = list(placed)
        frames = [self._frame(samples, moment.start) for samples, moment in placed]
        return Prepared(frames, [moment.duration for _, moment in placed], company)

    def _frame(self, samples: Any, start: int) -> av.VideoFrame:
        frame = self._pack(samples)
        frame.pts, frame.time_base = start, self._timeline.base
        return frame if self._palette is None else self._palette(frame)

    def write(self, prepared: Prepared) -> None:
        """Encode the next frames, then write their company."""
        with self._translated():
            self._calls.call(self._encode, prepared)
        self._calls.call(self._tracks.write, prepared.company)

    def _encode(self, prepared: Prepared) -> None:
        for frame, duration in zip(prepared.frames, prepared.durations, strict=True):
            assert frame.pts is not None
            self._durations[frame.pts] = duration
            self._count += 1
            with priority_kept() if self._count == 1 else nullcontext():  # the encoder starts
                packets = self._stream.encode(frame)
            self._mux(packets)

    def _mux(self, packets: Sequence[Packet]) -> None:
        """Write packets of video; encoders do not state their durations.

        Of videos shorter than its delay, x265 states decoding times that it never set. The two
        frames of those are in order.
        """
        for packet in packets:
            if self._count <= X265_DELAY and self._storage.codec.encoder == "libx265":
                packet.dts = packet.pts
            duration = self._durations.pop(packet.pts, 0)
            if duration:
                packet.duration = duration
            self._output.mux(packet)

    def close(self) -> None:
        """Encode the frames that the encoder still holds, and complete the file."""
        with self._translated():
            self._calls.call(self._end)
        self._calls.call(self._tracks.close)
        with self._translated():
            self._calls.call(self._output.close)

    def _end(self) -> None:
        self._encode(self._prepared(self._cadence.end()))
        if self._cadence.dropped:
            self.note(self._too_short(self._cadence.dropped))
        self._mux(self._stream.encode(None))

    def _too_short(self, count: int) -> str:
        """Return the note that frames were dropped."""
        container = self._storage.container
        least = container.least * self._timeline.base
        dropped = counted(count, "frame")
        return f"{dropped} dropped: {container.name} shows a frame for at least {least} s"

    def drop(self) -> None:
        """Release the files."""
        if self._tracks is not None:
            self._tracks.drop()
        if self._output is not None:
            # a header may be missing
            with contextlib.suppress(av.FFmpegError, ValueError, OSError):
                self._calls.call(self._output.close)

    def _translated(self) -> AbstractContextManager[None]:
        storage = self._storage
        return refused(
            f"the video cannot be encoded as {storage.codec.encoder} in {storage.container.name}",
            "another --codec, --crf, --speed or --pix-fmt",
        )
