"""Draw audio in a terminal: braille dots over seconds, by the envelope, so that no peak is lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from convtool.look.terminal.picture import on_one_line
from convtool.sizes import counted

Samples = NDArray[np.floating[Any]]

# The bits of the dots of a character, two columns of four.
# Source: The Unicode Standard, chapter 21.1, Braille Patterns
BRAILLE = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
BLANK = 0x2800
DOTS_ACROSS, DOTS_DOWN = 2, 4

LABELS = 7  # columns of the numbers on the left
MOST_COLUMNS = 160
MOST_CHANNELS = 8
ROWS = {1: 6, 2: 4}  # of a channel, by their number; three where there are more
TICK_COLUMNS = 14  # the least between two numbers of seconds


@dataclass(frozen=True, eq=False)
class Trace:
    """A stretch of audio, as samples or as the envelope of more of them.

    Attributes:
        title: a few words.
        low: the least of each stretch of samples; the samples themselves where all are kept.
        high: the greatest, likewise.
        seconds: the duration.

    Shape: low and high (C, N)
    """

    title: str
    low: Samples
    high: Samples
    seconds: float


def waveform(samples: Samples, rate: float, console: Console) -> None:
    """Draw samples over seconds.

    Args:
        samples: of one channel or several.
        rate: samples per second.
        console: as wide as the drawing.

    Shape: (N,) or (C, N)
    """
    channels = np.atleast_2d(samples)
    waveforms([Trace("", channels, channels, channels.shape[1] / rate)], console)


def waveforms(traces: Sequence[Trace], console: Console) -> None:
    """Draw several traces on common axes, one below the other, each below its title.

    Args:
        traces: one or more.
        console: as wide as the drawing.
    """
    columns = min(MOST_COLUMNS, console.width - 1 - LABELS)
    seconds = max(trace.seconds for trace in traces)
    peak = max(float(np.abs([trace.low, trace.high]).max(initial=0)) for trace in traces) or 1.0
    for trace in traces:
        if trace.title:
            _say(console, on_one_line(trace.title))
        width = max(1, round(columns * trace.seconds / seconds)) if seconds else 1
        for line in _channels(trace, width, peak):
            _say(console, line)
    _say(console, f"{'':{LABELS - 1}}└{'─' * columns}")
    _say(console, f"{'':{LABELS}}{scale(seconds, columns)}")


def _say(console: Console, line: str) -> None:
    console.print(line.rstrip(), highlight=False, markup=False, soft_wrap=True)


def _channels(trace: Trace, columns: int, peak: float) -> list[str]:
    """Return the lines of a trace's channels."""
    count = len(trace.low)
    rows = ROWS.get(count, 3)
    lines = []
    for low, high in list(zip(trace.low, trace.high, strict=True))[:MOST_CHANNELS]:
        lower, upper = envelope(low, high, columns * DOTS_ACROSS)
        drawn = dots(lower / peak, upper / peak, rows)
        labels = [f"{peak:.2g}", *[""] * (rows - 2), f"{-peak:.2g}"]
        lines += [
            f"{label:>{LABELS - 1}}│{line}" for label, line in zip(labels, drawn, strict=True)
        ]
    if count > MOST_CHANNELS:
        lines.append(f"({counted(count - MOST_CHANNELS, 'more channel')})")
    return lines


def envelope(low: Samples, high: Samples, bins: int) -> tuple[Samples, Samples]:
    """Return the least and the greatest sample of each of some bins, and of the one before it.

    A bin reaches back to the last sample of the one before, so that the curve has no gaps.

    Args:
        low: the samples, or an envelope's lower side.
        high: likewise its upper side.
        bins: how many.

    Shape: (N,), (N,) → (bins,), (bins,)

    >>> samples = np.array([0, 3, 0, -2])
    >>> [side.tolist() for side in envelope(samples, samples, 2)]
    [[0, -2], [3, 3]]
    """
    if not len(low):
        return np.zeros(bins), np.zeros(bins)
    edges = np.arange(bins) * len(low) // bins
    ends = np.maximum(edges + 1, np.arange(1, bins + 1) * len(low) // bins)
    starts = np.maximum(edges - 1, 0)
    lower = [low[start:end].min() for start, end in zip(starts, ends, strict=True)]
    upper = [high[start:end].max() for start, end in zip(starts, ends, strict=True)]
    return np.array(lower), np.array(upper)


def dots(lower: Samples, upper: Samples, rows: int) -> list[str]:
    """Return an envelope in -1…1 as lines of braille, each column filled between its sides.

    Args:
        lower: one number per column of dots.
        upper: likewise.
        rows: lines of the result.

    Shape: (2 · columns,) each → `rows` texts

    >>> dots(np.array([-1.0, 0.0]), np.array([1.0, 0.0]), 2)
    ['⡇', '⡏']
    """
    height = rows * DOTS_DOWN
    tops = ((1 - upper) / 2 * (height - 1)).round()
    bottoms = ((1 - lower) / 2 * (height - 1)).round()
    levels = np.arange(height)[:, None]
    lit = (levels >= tops) & (levels <= bottoms)
    cells = lit.reshape(rows, DOTS_DOWN, -1, DOTS_ACROSS)
    codes = np.einsum("rdca,da->rc", cells, BRAILLE) + BLANK
    return ["".join(map(chr, row)) for row in codes]


def scale(seconds: float, columns: int) -> str:
    """Return the numbers below an axis, each beginning in its own column.

    >>> scale(2.0, 40)
    '0                   1                2 s'
    """
    end = f"{seconds:.4g} s"
    room = columns - len(end)
    step = _step(seconds, columns)
    line = "0"
    for number in range(1, int(seconds / step) + 1):
        column = round(number * step / seconds * columns)
        label = f"{number * step:.6g}"
        if column + len(label) < room:
            line = f"{line:<{column}}{label}"
    return f"{line:<{room}}{end}"


def _step(seconds: float, columns: int) -> float:
    """Return the distance of two numbers: 1, 2 or 5 times a power of ten."""
    least = max(seconds, 1e-9) * TICK_COLUMNS / columns
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least))
