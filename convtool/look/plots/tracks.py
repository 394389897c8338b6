"""The channels of audio as they are drawn, before the layer and after. Nothing is drawn here."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from convtool.levels import Levels
from convtool.look.keepers import Envelope, Exact
from convtool.look.plots import kept
from convtool.look.plots.spectra import amplitudes
from convtool.look.views import WINDOW, Keepers, windows
from convtool.look.witness import View


@dataclass(frozen=True)
class Track:
    """One channel, before the layer or after.

    Attributes:
        title: what it is.
        after: it is one of the result.
        lows: the smallest sample of each bucket, where 1 is full scale. Shape: (B,)
        highs: the largest. Shape: (B,)
        factor: samples per bucket.
        spectra: the amplitudes of each window. Shape: (F, W)
        starts: the sample at which each window begins. Shape: (W,)
        rate: samples per second.
        length: in samples.
        ceiling: the largest sample that can be stored, or full scale of floats.
    """

    title: str
    after: bool
    lows: Tensor
    highs: Tensor
    factor: int
    spectra: Tensor
    starts: Tensor
    rate: float
    length: int
    ceiling: float

    @property
    def seconds(self) -> float:
        """Its duration."""
        return self.length / self.rate

    @property
    def heard(self) -> tuple[float, float]:
        """The seconds from which and up to which the windows of the spectrogram reach."""
        return 0.0, min(self.length, int(self.starts[-1]) + WINDOW) / self.rate

    @property
    def peak(self) -> float:
        """The largest sample, without its sign."""
        return max(float(self.highs.max()), -float(self.lows.min()))

    @property
    def full(self) -> Tensor:
        """Whether each bucket reaches full scale. Shape: (B,)"""
        return (self.highs >= self.ceiling) | (self.lows <= -1)


def window_of(length: int) -> int:
    """Return the samples of each window of a spectrogram: all of short audio."""
    return max(2, min(WINDOW, length))


def before(view: View) -> list[Track]:
    """Return the channels of an input."""
    part = view.work.part
    titles = [(kept.channel_word(name), channel) for channel, name in enumerate(part.channels)]
    levels = view.work.seen.levels
    assert part.rate is not None
    return list(_tracks(view.before, titles, levels, part.rate, part.size[0], view.read))


def after(view: View, single: str) -> list[Track]:
    """Return the channels of a result.

    Args:
        view: of the part.
        single: the name of a channel that is made of all input channels.
    """
    part, levels = view.work.part, view.work.encoding.levels
    titles = kept.titles(view.work.layer, part.channels, single)
    assert part.rate is not None
    rate = part.rate / view.placement.stride[0]
    size = view.placement.size[0]
    return list(_tracks(view.after, titles, levels, rate, size, view.made, after=True))


def _tracks(
    keepers: Keepers,
    titles: list[tuple[str, int]],
    levels: Levels,
    rate: float,
    estimate: int,
    length: int,
    *,
    after: bool = False,
) -> Iterator[Track]:
    envelope, exact = keepers["envelope"], keepers["windows"]
    assert isinstance(envelope, Envelope)
    assert isinstance(exact, Exact)
    assert exact.samples is not None
    lows, highs = (samples.float() / levels.scale for samples in envelope.samples)
    starts = windows(estimate)[:, 0]
    heard = starts < length  # the length may have been an estimate
    pieces = exact.samples.reshape(len(lows), -1, WINDOW)[:, heard, : window_of(length)]
    for title, channel in titles:
        yield Track(
            f"{'after' if after else 'before'} · {title}",
            after,
            lows[channel],
            highs[channel],
            envelope.factor,
            amplitudes(pieces[channel].float() / levels.scale),
            starts[heard],
            rate,
            length,
            levels.high / levels.scale,
        )
