"""The sample rate of a result, which formats store as a whole number."""

from convtool.convolve.geometry import Placement
from convtool.media.audio.source import AudioPart
from convtool.media.policies import Notes


def stored_rate(part: AudioPart, placement: Placement, notes: Notes) -> int:
    """Return the samples per second of a result, rounded with a note.

    Args:
        part: the input.
        placement: the stride of the result on it.
        notes: where the loss is noted.
    """
    exact = part.rate / placement.stride[0]
    rate = max(1, round(exact))
    if rate != exact:
        notes.note(f"{exact:g} samples per second stored as {rate}")
    return rate
