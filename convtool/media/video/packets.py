"""Copy packets, which several outputs and decoders share."""

from typing import Any

import av


def copy_of(packet: Any, data: bytes | None = None) -> Any:
    """Return a copy of a packet with all that travels in it, such as samples to leave out.

    Args:
        packet: PyAV's packet.
        data: what the copy holds; the same where it is None.
    """
    copy: Any = av.Packet(bytes(packet) if data is None else data)
    copy.time_base, copy.duration = packet.time_base, packet.duration
    copy.pts, copy.dts = packet.pts, packet.dts
    copy.is_keyframe = packet.is_keyframe
    for beside in packet.iter_sidedata():
        copy.set_sidedata(beside)
    return copy


class Bare:
    """Takes the header from each packet of AAC, as only transport streams have them.

    Args:
        stream: of the input.
    """

    def __init__(self, stream: Any) -> None:
        self._filter = av.BitStreamFilterContext("aac_adtstoasc", stream)

    def configuration(self, packet: Any) -> bytes:
        """Return what the header of a packet says, as other containers state it once."""
        (bare,) = self._filter.filter(copy_of(packet))
        return bytes(bare.get_sidedata("new_extradata"))

    def __call__(self, packet: Any) -> bytes:
        """Return a packet's content without its header."""
        return b"".join(map(bytes, self._filter.filter(copy_of(packet))))
