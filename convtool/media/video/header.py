"""Read what a film says of itself: its size, colours, times and tags."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av

from convtool.errors import LimitError, ReadError
from convtool.limits import refuse_larger
from convtool.media.callbacks import calling
from convtool.media.video.pixels import FULL, QUARTER_TURN, Colours
from convtool.options.settings import Settings

USUAL_RATE = Fraction(25)
DEEPEST = 6  # bytes of a pixel at most


@dataclass(frozen=True)
class Header:
    """What a film says of itself, and its first frame.

    Attributes:
        format: the pixel format.
        size: upright height and width.
        rotation: degrees by which frames are turned upright, counter-clockwise.
        aspect: a pixel's width over its height, upright; None where nobody says.
        colours: what numbers mean.
        base: seconds of a tick.
        rate: frames a second, on average.
        count: frames, estimated where the container does not count them.
        counted: it does.
        metadata: of the film.
    """

    format: str
    size: tuple[int, int]
    rotation: int
    aspect: Fraction | None
    colours: Colours
    base: Fraction
    rate: Fraction
    count: int
    counted: bool
    metadata: dict[str, str]


def read_header(container: Any, stream: Any, name: str, settings: Settings) -> Header:
    """Return what a film says of itself and what its first frame is.

    Args:
        container: PyAV's, opened.
        stream: its pictures.
        name: what messages call it.
        settings: what of it is read, and its largest size.

    Raises:
        LimitError: its frames are too large.
        ReadError: it has none.
    """
    context = stream.codec_context
    if context is None:
        raise ReadError(f"{name}: the film cannot be read: its codec is not known")
    if context.width * context.height > settings.max_pixels:
        raise LimitError(
            f"{name}: {context.width}×{context.height} pixels pass the limit of {settings.max_pixels}",
            hint="raise it with --max-pixels",
        )
    refuse_larger(f"{name}: a frame", DEEPEST * context.width * context.height, settings.max_memory)
    first = calling(next, container.decode(stream), None)
    if first is None or stream.time_base is None:
        raise ReadError(f"{name}: no frames")
    turns = round(first.rotation / QUARTER_TURN) % 4
    aspect = stream.sample_aspect_ratio or None
    if aspect and turns % 2:
        aspect = 1 / aspect
    rate = stream.average_rate or stream.guessed_rate or USUAL_RATE
    full = FULL if first.format.name.startswith("yuvj") else first.color_range
    return Header(
        format=first.format.name,
        size=(first.height, first.width) if turns % 2 == 0 else (first.width, first.height),
        rotation=turns * QUARTER_TURN,
        aspect=aspect,
        colours=Colours(first.colorspace, full, first.color_primaries, first.color_trc),
        base=stream.time_base,
        rate=rate,
        count=_wanted(
            stream.frames or round(_seconds(container, stream) * rate) or 1, rate, settings
        ),
        counted=bool(stream.frames),
        metadata=dict(container.metadata),
    )


def _seconds(container: Any, stream: Any) -> float:
    """Return how long a film lasts, as far as it says."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else 0.0


def _wanted(count: int, rate: Fraction, settings: Settings) -> int:
    """Return how many of a film's frames are asked for."""
    left = count - round((settings.start or 0) * rate)
    if settings.duration is not None:
        left = min(left, round(settings.duration * rate))
    if settings.frames is not None:
        left = min(left, settings.frames)
    return max(1, left)
