"""Reach what FFmpeg attaches to frames."""

from typing import Any

from av.sidedata.sidedata import Type


def side_data(frame: Any) -> dict[Type, bytes]:
    """Return what is attached to a frame; nothing where it has a kind that PyAV does not know."""
    try:
        return {data.type: bytes(data) for data in frame.side_data}
    except ValueError:
        return {}
