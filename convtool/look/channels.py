"""The names of a result's channels, and the channel that a person names."""

from collections.abc import Sequence

from convtool.errors import UsageError
from convtool.layers.layer import Layer
from convtool.media.registry import Medium
from convtool.outputs.targets import channel_names
from convtool.run.state import Work

LISTED = 12  # channels at most in a hint


def channel_order(layer: Layer) -> tuple[int, ...]:
    """Return the channels of a layer's result in the order of files: one kernel after the other."""
    return tuple(channel for output in layer.outputs for channel in output.channels)


def channel_labels(work: Work, medium: Medium) -> tuple[str, ...]:
    """Return the names of the channels of a result in that order: kernel and channel."""
    names: list[str] = []
    for output in work.layer.outputs:
        own = channel_names(output, work.part.channels, medium.single)
        names += [f"{output.label} {name}" if len(own) > 1 else output.label for name in own]
    return tuple(names)


def channel_of(text: str | None, names: Sequence[str]) -> int:
    """Return the channel that a number or a name stands for.

    Args:
        text: `3`, `sobel-x g`, `sobel-x_g` or a part of it that only one has; None for the first.
        names: of all channels of the result, in the order of files.

    Raises:
        UsageError: it stands for none, or for several.
    """
    if text is None:
        return 0
    found = _called(text, names)
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{number} {name}" for number, name in enumerate(names[:LISTED]))
    listed += ", …" if len(names) > LISTED else ""
    problem = "names several channels" if found else "names no channel"
    raise UsageError(f"--channel '{text}' {problem}", hint=f"channels: {listed}")


def _called(text: str, names: Sequence[str]) -> list[int]:
    """Return the channels that a text may mean: a number is never the name of a band."""
    if text.isdecimal():
        return [int(text)] if int(text) < len(names) else []
    wanted = text.lower().replace("_", " ")
    found = [n for n, name in enumerate(names) if name.lower() == wanted]
    return found or [n for n, name in enumerate(names) if wanted in name.lower().split(" ")]
