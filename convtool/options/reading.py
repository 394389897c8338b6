"""Options of reading: the part of an input that is read, its defects, and its largest size."""

from dataclasses import dataclass

from convtool.errors import UsageError
from convtool.options.declare import check_whole, option

MAX_NAN = 1e12
MAX_SECONDS = 1e9
MAX_FRAMES = 2**40
MAX_LIMIT = 2**40
MIN_RATE, MAX_RATE = 1, 2**24  # samples per second


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What every medium has.

    Raises:
        UsageError: a value is out of bounds.
    """

    nan: float | None = option(
        None,
        "Replace NaN and infinite samples by this value; otherwise they are refused.",
        "Inputs",
        metavar="VALUE",
    )
    allow_truncated: bool = option(
        False,
        "Read truncated files as far as they go; otherwise they are refused.",
        "Inputs",
        "--allow-truncated",
    )
    max_memory: int = option(
        8192,
        "Refuse inputs that need more memory, in MiB; files filtered at once share it.",
        "Run",
        metavar="MIB",
    )

    def __post_init__(self) -> None:
        check_whole("max-memory", self.max_memory, 1, MAX_LIMIT)
        if self.nan is not None and not abs(self.nan) <= MAX_NAN:
            raise UsageError(f"--nan takes a number up to {MAX_NAN:g} in size, not {self.nan}")


@dataclass(frozen=True, kw_only=True)
class ImageReading(Reading):
    """What images have beside it."""

    max_pixels: int = option(
        2**28, "Refuse images with more pixels, all pages together.", "Run", metavar="N"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("max-pixels", self.max_pixels, 1, MAX_LIMIT)


@dataclass(frozen=True, kw_only=True)
class TimedReading(Reading):
    """What media with time have beside it."""

    max_seconds: int = option(86_400, "Refuse inputs that last longer.", "Run", metavar="SECONDS")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("max-seconds", self.max_seconds, 1, MAX_LIMIT)


@dataclass(frozen=True, kw_only=True)
class AudioReading(TimedReading):
    """What audio has beside it."""

    rate: int | None = option(
        None, "Resample the input to this many samples per second.", "Audio", metavar="HZ"
    )
    mono: bool = option(False, "Mix the channels of the input down to one.", "Audio", "--mono")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("rate", self.rate, MIN_RATE, MAX_RATE)


@dataclass(frozen=True, kw_only=True)
class VideoReading(TimedReading):
    """What video has beside it."""

    start: float | None = option(
        None, "Start at this time, in seconds.", "Video", metavar="SECONDS"
    )
    duration: float | None = option(
        None, "Stop after this many seconds.", "Video", metavar="SECONDS"
    )
    frames: int | None = option(None, "Stop after this many frames.", "Video", metavar="N")
    deinterlace: bool = option(
        False, "Make progressive frames of interlaced ones first.", "Video", "--deinterlace"
    )
    max_pixels: int = option(2**28, "Refuse frames with more pixels.", "Run", metavar="N")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("max-pixels", self.max_pixels, 1, MAX_LIMIT)
        check_whole("frames", self.frames, 1, MAX_FRAMES)
        for name, seconds in (("start", self.start), ("duration", self.duration)):
            if seconds is not None and not 0 <= seconds <= MAX_SECONDS:
                raise UsageError(f"--{name} takes a number of seconds, not {seconds}")
