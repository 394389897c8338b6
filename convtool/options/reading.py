"""Options of reading: the part of an input that is read, its defects, and its largest size."""

from dataclasses import dataclass

from convtool.options.declare import check, option
from convtool.options.values import Real, Seconds, Whole, WholeSeconds

MAX_NAN = 1e12
MAX_FRAMES = 2**40
MAX_LIMIT = 2**40
MIN_RATE, MAX_RATE = 1, 2**24  # samples per second

MEBIBYTES = (("m", 1), ("mb", 1), ("mib", 1), ("g", 2**10), ("gb", 2**10), ("gib", 2**10))
HERTZ = (("hz", 1), ("khz", 1000))
PIXELS = Whole(1, MAX_LIMIT)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What every medium has.

    Raises:
        UsageError: a value is not allowed.
    """

    nan: float | None = option(
        None,
        "Replace NaN and infinite samples by this value; otherwise they are refused.",
        "Inputs",
        kind=Real(f"a number up to {MAX_NAN:g} in size", -MAX_NAN, MAX_NAN),
        rare=True,
    )
    allow_truncated: bool = option(
        False, "Read truncated files as far as they go; otherwise they are refused.", "Inputs"
    )
    max_memory: int = option(
        8192,
        "Refuse inputs that need more memory, in MiB, or as in 16G; files filtered at once share "
        "it.",
        "Run",
        kind=Whole(1, MAX_LIMIT, "MIB", MEBIBYTES),
        rare=True,
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, kw_only=True)
class ImageReading(Reading):
    """What images have beside it."""

    max_pixels: int | None = option(
        None,
        "Refuse images with more pixels, all pages together: by default 268435456, and 2147483648 "
        "where an image is read row by row.",
        "Run",
        kind=PIXELS,
        rare=True,
    )


@dataclass(frozen=True, kw_only=True)
class TimedReading(Reading):
    """What media with time have beside it."""

    max_seconds: int = option(
        86_400, "Refuse inputs that last longer.", "Run", kind=WholeSeconds(), rare=True
    )


@dataclass(frozen=True, kw_only=True)
class AudioReading(TimedReading):
    """What audio has beside it."""

    rate: int | None = option(
        None,
        "Resample the input to this many samples per second, such as 48k.",
        "Inputs",
        kind=Whole(MIN_RATE, MAX_RATE, "HZ", HERTZ),
    )
    mono: bool = option(False, "Mix the channels of the input down to one.", "Inputs")


@dataclass(frozen=True, kw_only=True)
class VideoReading(TimedReading):
    """What video has beside it."""

    start: float | None = option(
        None, "Start at this time, such as 90 or 1:30.", "Inputs", kind=Seconds()
    )
    duration: float | None = option(None, "Stop after this time.", "Inputs", kind=Seconds())
    frames: int | None = option(
        None, "Stop after this many frames.", "Inputs", kind=Whole(1, MAX_FRAMES)
    )
    deinterlace: bool = option(False, "Make progressive frames of interlaced ones first.", "Inputs")
    max_pixels: int = option(
        2**28, "Refuse frames with more pixels.", "Run", kind=PIXELS, rare=True
    )
