"""Write the animation of `convtool explain --animate`."""

import math

import torch

from convtool.cli import messages
from convtool.errors import UsageError
from convtool.look.animation import animate, writer_of
from convtool.look.animation.explained import members, of_explained
from convtool.look.animation.storyboard import SLICE, of_array
from convtool.look.explain import Explained
from convtool.look.typed import Numbers
from convtool.media.registry import Medium
from convtool.options.animation import AnimationOptions
from convtool.outputs.existing import refuse_existing
from convtool.places.names import pure
from convtool.sizes import counted, size_text

SMALL = 64  # elements of a file's channel that are animated without being asked for a crop
CROPS = {1: (8,), 2: (4, 4), 3: (2, 2, 2)}


class Animation:
    """The animation that is asked for.

    Args:
        asked: the options.
        medium: of the input.
        overwrite: replace an existing file.

    Attributes:
        crop: the elements that are to be kept around the explained one, per axis.

    Raises:
        UsageError: the name or the crop is wrong.
        WriteError: the file exists already.
    """

    def __init__(self, asked: AnimationOptions, medium: Medium, *, overwrite: bool) -> None:
        assert asked.animate is not None
        self._asked, self._overwrite, self._path = asked, overwrite, asked.animate
        self._position, dims = medium.position, medium.dims
        self.crop = asked.crop or CROPS[dims]
        if len(self.crop) != dims:
            axes = counted(dims, "axis", "axes")
            raise UsageError(f"--crop {size_text(self.crop)}: the result has {axes}")
        writer_of(self._path)
        refuse_existing(self._path, overwrite=overwrite)

    def write(
        self, explained: Explained, name: str, numbers: Numbers | None, *, alone: bool
    ) -> None:
        """Write it, and say so.

        Args:
            explained: the element that was asked for.
            name: of the input.
            numbers: the whole input, where it is no file of a medium.
            alone: only the explained channel is wanted.
        """
        whole = numbers is not None and self._asked.crop is None
        channels = members(explained) if alone or numbers is None else None
        if whole:
            board = of_array(explained.layer, torch.from_numpy(numbers), channels)
        else:
            plane = self._position if numbers is None else SLICE
            board = of_explained(explained, self._crop_of(explained), channels, plane)
        animate(
            board,
            self._path,
            title="" if whole else _title(name, explained),
            notes=_notes(explained),
            seconds=self._asked.step_seconds,
            overwrite=self._overwrite,
        )
        messages.say(f"wrote {messages.printable(str(self._path))}")

    def _crop_of(self, explained: Explained) -> tuple[int, ...]:
        size = explained.view.placement.size
        small = self._asked.crop is None and math.prod(size) <= SMALL
        return size if small else self.crop


def _title(name: str, explained: Explained) -> str:
    """Return what is seen of a file: its name, and that of the channel where there are several."""
    file = pure(name).name
    return file if len(explained.names) == 1 else f"{file}, {explained.name}"


def _notes(explained: Explained) -> list[str]:
    """Return what happens to the sums that an animation shows."""
    element = explained.element
    then = [f"combined ({fold.how})" for fold in element.folds]
    weighted = element.weight is not None
    then += ["divided by the filtered opacity"] * weighted
    then += [f"mapped to samples ({element.mapping.rule})"] * (element.mapping.rule != "none")
    notes = ["Colours are shown multiplied by their opacity."] * weighted
    return notes + [f"The sums are then {', '.join(then)}."] * bool(then)
