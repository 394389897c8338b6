"""Reach what FFmpeg attaches to frames."""

from typing import Any

from av.sidedata.sidedata import Type


def side_data(frame: Any) -> dict[Type, bytes]:
    """Return what is attached to a frame; nothing where it has a kind that PyAV does not know."""
    found = frame.side_data
    try:
        # iterating gives what is attached; from PyAV 19 on, its kinds
        attached = [found[each] if isinstance(each, Type) else each for each in found]
        return {data.type: bytes(data) for data in attached}
    except ValueError:
        return {}
