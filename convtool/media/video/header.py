"""Read the header of a video: its size, colours, times and metadata."""

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import av

from convtool.errors import LimitError, ReadError
from convtool.limits import VIDEO_PIXEL_BYTES, refuse_larger
from convtool.media.callbacks import call_outside_main_thread
from convtool.media.video.accepted import refuse_unknown
from convtool.media.video.light import Light, dropped
from convtool.media.video.orientation import Orientation
from convtool.media.video.pixels import Colours, colours_of, has_alpha
from convtool.media.video.selection import Selection
from convtool.options.reading import VideoReading

USUAL_RATE = Fraction(25)
MAX_GRID = 240  # frames per second; finer grids come from times that are not regular
PACKET = Fraction(1, 20)  # seconds of audio
MAX_LEAD = Fraction(60)  # seconds; beyond it, the clocks of audio and video have nothing in common


@dataclass(frozen=True)
class Header:
    """What is known of a video before its frames are read, by its container and its first frame.

    Attributes:
        format: the pixel format.
        size: upright height and width.
        orientation: how frames are turned upright.
        aspect: a pixel's width over its height, upright; None where it is not stated.
        colours: what the numbers of a frame mean.
        light: of an HDR10 master.
        dropped: what frames state beside this, and no output keeps.
        base: seconds per tick.
        origin: the second of the file at which the first frame is shown.
        lead: seconds by which audio begins before that.
        timed: the container says when frames are shown, not only when they are decoded.
        rate: frames per second, on average.
        grid: the least rate at which every frame has a time of its own.
        count: about how many frames are asked for.
    """

    format: str
    size: tuple[int, int]
    orientation: Orientation
    aspect: Fraction | None
    colours: Colours
    light: Light
    dropped: tuple[str, ...]
    base: Fraction
    origin: Fraction
    lead: Fraction
    timed: bool
    rate: Fraction
    grid: Fraction
    count: int


def read_header(container: Any, stream: Any, name: str, reading: VideoReading) -> Header:
    """Return the header of a video; its first frame is decoded.

    Args:
        container: PyAV's container, opened.
        stream: its video stream.
        name: what messages call the file.
        reading: which frames are asked for, and their largest size.

    Raises:
        LimitError: its frames are too large.
        ReadError: it has none.
    """
    if stream.codec_context is None:
        raise ReadError(f"{name}: the video cannot be read: its codec is unknown")
    _refuse_large(stream.codec_context, name, reading)
    timed = container.format.name != "avi"
    found = call_outside_main_thread(partial(_first_frame, container, stream, timed=timed))
    if found is None:
        raise ReadError(f"{name}: no frames")
    first, origin = found
    refuse_unknown(name, first)

    rate = stream.average_rate or stream.guessed_rate or USUAL_RATE
    base_rate = stream.base_rate or rate
    count = stream.frames or round(_seconds(container, stream) * rate) or 1
    orientation = Orientation.of(first)
    sideways = orientation.transposed
    aspect = stream.sample_aspect_ratio or None
    return Header(
        format=first.format.name,
        size=(first.width, first.height) if sideways else (first.height, first.width),
        orientation=orientation,
        aspect=1 / aspect if aspect and sideways else aspect,
        colours=colours_of(first),
        light=Light.of(first),
        dropped=_dropped(first, stream),
        base=stream.time_base,
        origin=origin,
        lead=Fraction(0) if reading.start else _lead(container, origin),
        timed=timed,
        rate=rate,
        grid=base_rate if rate < base_rate <= MAX_GRID else rate,
        count=Selection.of(reading).estimate(count, rate),
    )


def _first_frame(container: Any, stream: Any, *, timed: bool) -> tuple[Any, Fraction] | None:
    """Return the first frame that is shown, and the second at which it is; None without one."""
    decoded = None
    for packet in container.demux(stream):
        if packet.size and decoded is None:
            decoded = packet.dts
        if not packet.size and packet.dts is not None:
            continue
        for frame in packet.decode():
            ticks = frame.pts if timed else decoded
            return frame, (ticks or 0) * Fraction(stream.time_base)
    return None


def _lead(container: Any, origin: Fraction) -> Fraction:
    """Return how long audio is heard before the first frame; less than a packet does not count."""
    starts = [
        stream.start_time * Fraction(stream.time_base)
        for stream in container.streams.audio
        if stream.start_time is not None
    ]
    lead = origin - min(starts, default=origin)
    return lead if PACKET < lead < MAX_LEAD else Fraction(0)


def _dropped(frame: Any, stream: Any) -> tuple[str, ...]:
    """Return the names of what frames have and no output keeps."""
    alpha = has_alpha(frame.format.name) or stream.metadata.get("alpha_mode") == "1"
    # GIF's format always has transparency, used or not
    seen = ["transparency"] if alpha and stream.codec_context.name != "gif" else []
    return (*seen, *dropped(frame))


def _refuse_large(context: Any, name: str, reading: VideoReading) -> None:
    """Check the size of a frame against the limits."""
    pixels = context.width * context.height
    if pixels > reading.max_pixels:
        size = f"{context.width}×{context.height}"
        raise LimitError(
            f"{name}: {size} pixels exceed the limit of {reading.max_pixels}",
            hint="raise it with --max-pixels",
        )
    refuse_larger(f"{name}: a frame", VIDEO_PIXEL_BYTES * pixels, reading.max_memory)


def _seconds(container: Any, stream: Any) -> float:
    """Return how long a video lasts; 0 where it is not stated."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else 0.0
