"""What padding adds around a part of an input."""

from convtool.convolve.beyond import stored
from convtool.layers.layer import Layer
from convtool.media.contract import Part, weighted
from convtool.padding import Modes, with_opacity


def added(layer: Layer, part: Part) -> Modes:
    """Return the padding mode of each axis, numbers in units of a part's samples.

    Around a part with opacity, all is opaque.

    Raises:
        LayerError: a number is none that these samples can have.
    """
    modes = with_opacity(layer.modes) if weighted(part) else layer.modes
    return stored(modes, part.levels)
