"""Draw the waveforms and spectrograms of audio, before and after, on common axes."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from torch import Tensor
from torch.nn import functional

from convtool.look.plots import kept, tracks
from convtool.look.plots.colours import BAR_ROOM, Scale, colour_bar, coloured
from convtool.look.plots.page import Cell, Page
from convtool.look.plots.spectra import RANGE, SHORT, by_octaves, lowest, octave_ticks
from convtool.look.plots.style import (
    AFTER,
    ALERT,
    BEFORE,
    GAP,
    LEVELS,
    MARGIN,
    WIDTH,
    number,
    plain,
    time_text,
)
from convtool.look.plots.tracks import Track
from convtool.look.views import WINDOW
from convtool.look.witness import Look, View
from convtool.results.normalize import Mapping

BESIDE, TITLE, BELOW = 0.46, 0.16, 0.17  # inches of ticks beside, of a title, of ticks below
AT_END = 0.12  # inches of the half of the last tick
HEIGHT = 0.85  # inches of a panel
MOST = 12  # channels that are drawn, before and after together
FEW = 64  # samples that are drawn one by one
LETTERS = 17  # of a title, per inch
ROOM = 1.08  # of the largest peak
QUIET = 1e-6  # of full scale, below which nothing is told apart
SILENT = -180  # dB


def page(look: Look, title: str, single: str, dpi: int) -> Page:
    """Return the figure of an audio file.

    Args:
        look: what was kept.
        title: of the figure.
        single: the name of a channel that is made of all input channels.
        dpi: pixels per inch.
    """
    view = look.views[0]
    before, after = tracks.before(view), tracks.after(view, single)
    shown = _fewer(before, after)
    lengths = " → ".join(time_text(each.seconds, each.seconds) for each in (before[0], after[0]))
    rates = f"{before[0].rate:g} Hz, {view.work.encoding.levels}"
    sheet = Page(title, [kept.layer_text(view.work.layer), f"{lengths}, {rates}"], dpi)
    axes = _Axes(shown)
    sheet.rows += [[axes.waveform(sheet, track), axes.spectrogram(sheet, track)] for track in shown]
    sheet.rows.append([axes.bar()])
    sheet.notes += _notes(view, shown)
    if len(shown) < len(before) + len(after):
        sheet.notes.append(f"drawn: {len(shown)} of {len(before) + len(after)} channels")
    sheet.about = (
        f"{title}: waveforms and spectrograms of {len(before)} channels before the layer and "
        f"{len(after)} after it"
    )
    return sheet


def _fewer(before: list[Track], after: list[Track]) -> list[Track]:
    """Return the channels that are drawn: some of each where there are too many."""
    first = min(len(before), max(MOST // 2, MOST - len(after)))
    return before[:first] + after[: MOST - first]


def _notes(view: View, shown: Sequence[Track]) -> Iterator[str]:
    """Yield what is reduced, what colours mean, and what full scale stands for."""
    factor = max(track.factor for track in shown)
    if factor > 1:
        yield f"waveforms: the smallest and largest of every {factor} samples or more"
    yield _windows_text(shown[0])
    if any(bool(track.full.any()) for track in shown):
        yield "red marks: samples at full scale or beyond, which may be clipped"
    for text in dict.fromkeys(map(_mapped, kept.mappings(view))):
        if text:
            yield f"output: {text}"


def _windows_text(track: Track) -> str:
    """Return what a spectrogram is made of."""
    window = tracks.window_of(track.length)
    fading = " (Hann)" if window >= SHORT else ""
    text = f"spectrograms: windows of {window} samples{fading}; 0 dB is a sine at full scale"
    if len(track.starts) < 2 or track.starts[1] - track.starts[0] <= WINDOW:
        return text
    every = float(track.starts[1] - track.starts[0]) / track.rate
    return f"{text}; one window every {every:.3g} s, what lies between is not seen"


def _mapped(mapping: Mapping) -> str:
    """Return how responses became samples, where they are not the same."""
    if mapping.low is not None and mapping.high is not None:
        peak = max(abs(mapping.low), abs(mapping.high))
        return f"{mapping.rule}, full scale is a response of {number(peak)}"
    return {"sigmoid": "tanh(response / 2)", "abs": "the size of the response"}.get(
        mapping.rule, ""
    )


class _Axes:
    """The axes that all channels share.

    Args:
        shown: the channels.
    """

    def __init__(self, shown: Sequence[Track]) -> None:
        self._seconds = max(track.seconds for track in shown)
        self._highest = max(track.rate for track in shown) / 2
        peak = max(track.peak for track in shown)
        self._amplitude = peak * ROOM if peak > QUIET else 1.0
        largest = max(float(track.spectra.max()) for track in shown)
        decibels = 20 * math.log10(max(largest, 1e-10))
        self._loudest = 10 * math.ceil(decibels / 10) if decibels > SILENT else 0
        self._width = (WIDTH - 2 * MARGIN - GAP) / 2 - BESIDE - AT_END

    def waveform(self, sheet: Page, track: Track) -> Cell:
        """Return the panel of a channel's waveform."""
        width = sheet.snapped(self._width)
        colour = AFTER if track.after else BEFORE

        def draw(page: Page, left: float, top: float) -> None:
            axes = page.axes(left + BESIDE, top + TITLE, width, HEIGHT)
            title = plain(track.title, int(width * LETTERS) - 12)
            axes.set_title(f"{title}, peak {number(track.peak)}")
            axes.axhline(0, color="#dddddd", linewidth=0.5, zorder=0)
            if track.length <= FEW:
                self._samples(axes, track, colour)
            else:
                self._envelope(axes, track, colour, round(width * page.dpi))
            axes.set_ylim(-self._amplitude, self._amplitude)
            axes.yaxis.set_major_locator(MaxNLocator(4, symmetric=True))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
            self._time(axes)

        return Cell(BESIDE + width + AT_END, TITLE + HEIGHT + BELOW, draw)

    def _samples(self, axes: Axes, track: Track, colour: str) -> None:
        """Draw each sample."""
        times = np.arange(track.length) / track.rate
        axes.vlines(times, 0, track.highs.numpy(), colors=colour, linewidth=0.8)
        axes.plot(times, track.highs.numpy(), ".", color=colour, markersize=3)
        full = track.full.numpy()
        axes.plot(times[full], track.highs.numpy()[full], ".", color=ALERT, markersize=3.5)

    def _envelope(self, axes: Axes, track: Track, colour: str, pixels: int) -> None:
        """Draw what lies between the smallest and the largest sample of each column of pixels."""
        most = max(1, int(pixels * track.seconds / self._seconds))
        together = max(1, -(-len(track.lows) // most))
        lows, highs = -_largest(-track.lows, together), _largest(track.highs, together)
        step = together * track.factor / track.rate
        edges = np.minimum(np.arange(len(lows) + 1) * step, track.seconds)
        low, high = (np.append(ends.numpy(), ends[-1]) for ends in (lows, highs))
        if together * track.factor == 1:
            axes.plot(edges[:-1], high[:-1], color=colour, linewidth=0.8)
        else:
            axes.fill_between(edges, low, high, step="post", color=colour, linewidth=0.5)
        full = _largest(track.full.float(), together).bool().numpy()
        places = ((edges[:-1] + edges[1:]) / 2)[full]
        tops = np.full(len(places), self._amplitude * 0.96)
        axes.plot(places, tops, "|", color=ALERT, markersize=4, markeredgewidth=0.8)

    def spectrogram(self, sheet: Page, track: Track) -> Cell:
        """Return the panel of a channel's spectrogram."""
        width = sheet.snapped(self._width)
        loudest, highest = self._loudest, self._highest

        def draw(page: Page, left: float, top: float) -> None:
            axes = page.axes(left + BESIDE, top + TITLE, width, HEIGHT)
            pixels = round(HEIGHT * page.dpi), round(width * page.dpi)
            decibels = by_octaves(track.spectra, track.rate, highest, pixels)
            levels = coloured(decibels.nan_to_num(loudest)[None].numpy(), self._scale)
            levels[decibels.isnan().numpy()] = 255
            extent = (*track.heard, 0, 1)
            axes.imshow(levels, extent=extent, aspect="auto", interpolation="none")
            ticks = octave_ticks(highest)
            least = lowest(highest)
            span = math.log(highest / least)
            places = [math.log(hertz / least) / span for hertz, _ in ticks]
            axes.set_yticks(places, [name for _, name in ticks])
            axes.set_ylim(0, 1)
            self._time(axes)

        return Cell(BESIDE + width + AT_END, TITLE + HEIGHT + BELOW, draw)

    def _time(self, axes: Axes) -> None:
        axes.set_xlim(0, self._seconds)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(self._time_text))

    def _time_text(self, seconds: float, _: object) -> str:
        return time_text(seconds, self._seconds)

    @property
    def _scale(self) -> Scale:
        least, loudest = self._loudest - RANGE, self._loudest
        middle = (least + loudest) / 2
        ticks = (
            (least, f"{number(least)} dB or less"),
            (middle, f"{number(middle)} dB"),
            (loudest, f"{number(loudest)} dB"),
        )
        return Scale(least, loudest, LEVELS, ticks)

    def bar(self) -> Cell:
        """Return the colour bar of all spectrograms, below them."""
        right = WIDTH - 2 * MARGIN - AT_END - self._width

        def draw(page: Page, left: float, top: float) -> None:
            colour_bar(page, self._scale, left + right, top - GAP / 2, self._width)

        return Cell(WIDTH - 2 * MARGIN, BAR_ROOM - GAP / 2, draw)


def _largest(values: Tensor, together: int) -> Tensor:
    """Return the largest of each so many values. Shape: (B,) → (B / together,)"""
    missing = -len(values) % together
    padded = functional.pad(values[None], (0, missing), value=-math.inf)[0]
    return padded.reshape(-1, together).amax(1)
