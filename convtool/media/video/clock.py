"""Move the times of packets: a video begins at zero, and its times never jump."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

JUMPING = frozenset({"mpegts", "mpeg"})  # formats that are joined end to end, and cut anywhere
FORWARD = Fraction(10)  # seconds by which times leap at once where they jump
BACKWARD = Fraction(1, 10)  # seconds that audio may go back without one


class Clock:
    """Changes the times of the packets of one pass over a file, in their order.

    Where times jump, what follows is put after all that came before, audio and video by the same
    shift, so that they stay in step.

    Args:
        origin: the second of the file at which its first frame is shown.
        jumping: its times may jump.
        note: told where they do.
    """

    def __init__(self, origin: Fraction, *, jumping: bool, note: Callable[[str], None]) -> None:
        self._shift, self._jumping, self._note = -origin, jumping, note
        self._decoded: dict[int, Fraction] = {}  # of streams: seconds of the file
        self._ends: dict[int, Fraction] = {}  # of streams: seconds after the first frame
        self._last: dict[int, int] = {}  # of streams: the tick of the last packet
        self._jumped = False

    def correct(self, packet: Any) -> bool:
        """Give a packet its time after the first frame, in its own time base.

        Returns:
            False where a jump leaves no room for it.
        """
        decoded = packet.pts if packet.dts is None else packet.dts
        shown = packet.dts if packet.pts is None else packet.pts
        if decoded is None:
            return True
        has_room = True
        if self._jumping and packet.stream.type in ("video", "audio"):
            base = packet.time_base
            has_room = self._follow(packet, decoded * base, shown * base)
        shift = round(self._shift / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts + shift
        if packet.dts is not None:
            packet.dts = self._forward(packet, packet.dts + shift)
            if packet.pts is not None:
                packet.pts = max(packet.pts, packet.dts)
        return has_room

    def _follow(self, packet: Any, decoded: Fraction, shown: Fraction) -> bool:
        """Change the shift where a packet does not follow those before it.

        Args:
            packet: of audio or video.
            decoded: the second of the file at which it is decoded.
            shown: the second of the file at which it is shown or heard.
        """
        index = packet.stream.index
        patience = BACKWARD if packet.stream.type == "audio" else 0
        before = self._decoded.get(index, decoded)
        latest = max(self._ends.values(), default=decoded + self._shift)
        if decoded + patience < before or decoded + self._shift > latest + FORWARD:
            self._jump(self._ends.get(index, latest), latest, shown)
        self._decoded[index] = decoded
        end = shown + self._shift + (packet.duration or 0) * packet.time_base
        before_end = self._ends.get(index, end)
        self._ends[index] = max(end, before_end)
        return bool(packet.stream.type == "video" or end >= before_end)

    def _jump(self, own: Fraction, latest: Fraction, shown: Fraction) -> None:
        """Put what is shown from now on after its own stream, or after all of a longer one."""
        end = latest if latest - own > BACKWARD else own
        if not self._jumped:
            at = f"{float(end):.2f} s"
            self._note(f"timestamps jump at {at}: what follows is joined without a gap")
        self._jumped = True
        self._shift = end - shown
        self._decoded.clear()

    def _forward(self, packet: Any, ticks: int) -> int:
        """Return a packet's tick of decoding, moved after the one before it where necessary."""
        index = packet.stream.index
        # packets of audio may be shorter than a tick
        step = 0 if packet.stream.type == "audio" and (packet.duration or 0) <= 1 else 1
        if packet.size:
            ticks = max(ticks, self._last.get(index, ticks - step) + step)
            self._last[index] = ticks
        return ticks
