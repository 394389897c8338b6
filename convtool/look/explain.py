"""Explain one element of a result: run the filter for it alone, and work the element out.

What is run is `run.observe`; nothing is written.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from convtool.errors import ReadError, UsageError
from convtool.layers.layer import Layer
from convtool.layers.shape import LayerShape
from convtool.look.channels import channel_labels, channel_of, channel_order
from convtool.look.element import Element, element
from convtool.look.region import Region, around
from convtool.look.shape import chain_shape, shape_of_layer
from convtool.look.witness import Look, View
from convtool.media.contract import Source, tick
from convtool.media.registry import Medium
from convtool.options.explain import At
from convtool.options.options import Options
from convtool.outputs.job import Job
from convtool.places.names import parent, pure, shown
from convtool.run.filter import Filter
from convtool.run.observe import observe, watch
from convtool.run.state import Run, Work
from convtool.run.work import planned
from convtool.sizes import counted

SMALL = 400  # elements of a channel up to which the whole result is kept
LARGEST = 4096  # the same for numbers that are no file
ENDS_PLAIN = "the last step has no weights; to see sums, explain the chain without it"


@dataclass(frozen=True)
class Asked:
    """What is to be explained.

    Attributes:
        name: of the input.
        suffix: of the output, which decides how results would be stored.
        at: the element; None for the first.
        channel: of the result, by number or name; None for the first.
        page: of the input, from 1.
        crop: how many elements around it are kept as well, per axis; None for none.
    """

    name: str
    suffix: str
    at: At | None = None
    channel: str | None = None
    page: int = 1
    crop: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class Explained:
    """One element of a result, and where it is.

    Attributes:
        element: worked out.
        view: what was kept of the run.
        layer: that made it.
        size: the input's spatial size.
        read: the input has been read to its end, so that its length is no estimate of its header.
        names: of all channels of the result, in the order of files; see `order`.
        notes: what a user should know.
    """

    element: Element
    view: View
    layer: Layer
    size: tuple[int, ...]
    read: bool
    names: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the element's channel."""
        return self.names[self.number]

    @property
    def order(self) -> tuple[int, ...]:
        """The channels of the result in the order of files, in which they are counted."""
        return channel_order(self.layer)

    @property
    def number(self) -> int:
        """The place of the element's channel in that order."""
        return self.order.index(self.element.channel)

    @property
    def shape(self) -> LayerShape:
        """The shapes of the layer on the input."""
        part = getattr(self.view.work.part, "base", None)
        chain = part and chain_shape(self.layer, len(part.channels), part.size)
        return shape_of_layer(self.layer, self.size, chain)

    @property
    def result(self) -> Tensor | None:
        """The element's channel of the whole result, where it is small. Shape: (*S)"""
        region = self.view.region
        assert region is not None
        whole = region.size == self.shape.output
        return self.view.stored[self.element.channel] if whole else None

    @property
    def seconds(self) -> float | None:
        """When the element is heard or shown, where there is time."""
        part, first = self.view.work.part, self.element.place[0]
        if part.rate is None:
            return None
        if self.view.made_times:  # frames need not be evenly spaced
            return self.view.made_times[first].start * tick(part)
        return first * self.layer.conv.stride[0] / part.rate


def explain(
    asked: Asked, medium: Medium, options: Options, source: Source | None = None
) -> Explained:
    """Return one element of a result, worked out.

    Args:
        asked: what is to be explained.
        medium: of the input.
        options: the filter.
        source: the input, where it is no file.

    Raises:
        UsageError: there is no such element, channel or page, or an option is wrong.
        ReadError: the input cannot be read, or the filter cannot be run on it.
    """
    filter_ = Filter(options, medium)
    window = _Window(asked, SMALL if source is None else LARGEST)
    folder, stem = parent(asked.name), pure(asked.name).stem
    job = Job(asked.name, folder, stem, asked.suffix, split=False, merged="-")
    notes = _watched(window, job, filter_, source)
    if not window.look.views:
        raise UsageError(f"--page {asked.page}: {shown(asked.name)} has {window.look.parts}")
    if window.is_stale:
        notes = _watched(window, job, filter_, source)
    (view,) = window.look.views
    place = window.place
    if place[0] >= view.made:
        raise _outside(place, (view.made, *view.placement.size[1:]))
    layer = view.work.layer
    names = channel_labels(view.work, medium)
    channel = channel_order(layer)[channel_of(asked.channel, names)]
    worked_out = element(view, filter_, channel, place)
    if layer.ends_chain:
        notes = (*notes, ENDS_PLAIN)
    read = view.work.part.rate is None or not window.look.content
    return Explained(worked_out, view, layer, window.size, read, names, notes)


class _Window:
    """The region that is kept: of one element, or of a whole small result.

    The length of audio and video may be an estimate, until they have been read to their end. Where
    the region reaches the end, they are; and once more, where the estimate was wrong.
    """

    def __init__(self, asked: Asked, small: int) -> None:
        self._asked, self._small = asked, small
        self._length: int | None = None  # of the input, where it is known
        self.size: tuple[int, ...] = ()
        self.place: tuple[int, ...] = ()
        self.look = Look()

    def begin(self) -> Look:
        """Return a new witness of a run."""
        if self.look.views:
            self._length = self.look.views[0].read
        pages = self._asked.page - 1
        self.look = Look(region_of=self._region, overviews=False, first=pages, pages=1)
        return self.look

    @property
    def is_stale(self) -> bool:
        """True where the length that was assumed is not the real one."""
        return not self.look.content and self.look.views[0].read != self.size[0]

    def _region(self, work: Work) -> Region:
        size = (self._length or work.part.size[0], *work.part.size[1:])
        self.size = size
        result = work.layer.placement(size).size
        has_time = work.part.rate is not None
        self.place = _place(self._asked.at, work, result)
        exact = result[1:] if has_time and self._length is None else result
        first = len(result) - len(exact)
        if any(at >= n for at, n in zip(self.place[first:], exact, strict=True)):
            raise _outside(self.place, result)
        if math.prod(result) <= self._small:
            region = Region.of(work.layer, size, (0,) * len(size), result)
        else:
            crop = self._asked.crop or (1,) * len(size)
            region = Region.of(work.layer, size, *around(self.place, crop, result))
        if has_time and bool(region.outside[0][-1]):
            self.look.more = lambda _: ({}, {})  # then all is read, and its length is known
        return region


def _watched(window: _Window, job: Job, filter_: Filter, source: Source | None) -> tuple[str, ...]:
    """Run the filter for a witness, and return what a user should know."""
    look = window.begin()
    shared = Run(filter_, witness=lambda _: look)
    if source is not None:
        work = planned(job, source, shared)
        watch(job, work, shared, look)
        return (*work.layer.notes, *source.notes)
    outcome = observe(job, shared)
    if outcome.error is not None:
        raise ReadError(outcome.error, hint=outcome.hint, named=True)
    return tuple(outcome.notes)


def _place(at: At | None, work: Work, result: Sequence[int]) -> tuple[int, ...]:
    """Return the position of the element on each axis of the result."""
    dims = len(result)
    if at is None:
        return (0,) * dims
    if at.seconds is not None:
        if dims != 1 or work.part.rate is None:
            raise UsageError("--at takes a time for audio only", hint=_hint(dims))
        return (round(at.seconds * work.part.rate / work.layer.conv.stride[0]),)
    if len(at.places) != dims:
        shown = ",".join(map(str, at.places))
        has = f"{counted(len(at.places), 'number')} ('{shown}')"
        raise UsageError(
            f"--at has {has} for {counted(dims, 'axis', 'axes')}",
            hint=_hint(dims),
        )
    return at.places


def _hint(dims: int) -> str:
    return {1: "--at 1000; for audio, --at 1.5s", 2: "--at Y,X", 3: "--at FRAME,Y,X"}[dims]


def _outside(place: Sequence[int], size: Sequence[int]) -> UsageError:
    shown, last = ",".join(map(str, place)), ",".join(str(n - 1) for n in size)
    return UsageError(f"--at {shown} is outside the result, which ends at {last}")
