"""Say when the frames of a result are shown."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from convtool.convolve.geometry import extent
from convtool.layers.build import Layer
from convtool.media.video.read import Film, Packet


class Pace:
    """Says when the frames of a result are shown, and how long.

    Args:
        film: the input.
        layer: what filters it; each of its outputs is shown when the frame is that it is centred on.
        ticks: as containers have it.
    """

    def __init__(self, film: Film, layer: Layer, ticks: int | None) -> None:
        self._film, self._made = film, 0
        self._step, self._before = layer.conv.stride[0], layer.ends[0][0]
        self._middle = (extent(layer.conv)[0] - 1) // 2
        self._lengths: dict[int, int] = {}
        self.rate = film.header.rate / self._step
        self.base = (
            1 / self.rate if ticks is None else Fraction(1, ticks) if ticks else film.header.base
        )

    def next(self) -> int:
        """Return when the next frame is shown, in ticks of the output."""
        times, scale = self._film.times, self._film.header.base / self.base
        centre = self._made * self._step - self._before + self._middle
        centre = min(max(0, centre), len(times.shown) - 1)
        self._made += 1
        start = round(times.shown[centre] * scale)
        self._lengths[start] = (
            round((times.shown[centre] + times.lasting[centre] * self._step) * scale) - start
        )
        return start

    def lasting(self, packets: Sequence[Packet]) -> Iterator[Packet]:
        """Yield packets with the time that their frames are shown."""
        for packet in packets:
            length = self._lengths.pop(packet.pts, 0)
            if length:
                packet.duration = length
            yield packet
