"""The storyboard of an explanation: the elements around the one that is explained."""

from collections.abc import Sequence

from convtool.look.animation.storyboard import Storyboard, of_region
from convtool.look.explain import Explained
from convtool.look.region import Region, around


def of_explained(
    explained: Explained, crop: Sequence[int], channels: Sequence[int] | None, plane: str
) -> Storyboard:
    """Return the storyboard of the elements around an explained one, on the run's own samples.

    Args:
        explained: with those elements in its region.
        crop: how many elements, per axis.
        channels: output channels of the layer; None for all.
        plane: the word for a position of the leading one of three axes.

    Raises:
        UsageError: there are too many elements.
    """
    view, layer = explained.view, explained.layer
    assert view.region is not None
    box = around(explained.element.place, crop, layer.placement(explained.size).size)
    inside = view.region.part(*box, layer)
    return of_region(
        layer,
        Region.of(layer, explained.size, *box),
        view.padded[(slice(None), *inside)],
        channels,
        view.work.seen.levels.scale,
        view.work.seen.channels,
        plane,
    )


def members(explained: Explained) -> list[int]:
    """Return the output channels of the layer that the explained channel is made of."""
    parts = explained.layer.members(explained.element.channel)
    return [channel for _, channels in parts for channel in channels]
