"""Keep what a run reads and makes: overviews of the first parts, and a region of each exactly.

It must not draw.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from convtool.block import Block, Moment
from convtool.convolve.geometry import Placement
from convtool.look.described import described
from convtool.look.keepers import Exact
from convtool.look.region import Region, start
from convtool.look.views import Keepers, opacity, overviews
from convtool.results.normalize import Normalizer
from convtool.run.around import added
from convtool.run.state import Work

PAGES = 8  # parts that are kept, of all
CROP = "region"
START = "start"  # the same at the start of a part whose length may be an estimate


@dataclass
class View:
    """What is kept of one part.

    Attributes:
        work: the work on it; `work.seen` is what the layer sees.
        normalizer: maps its responses.
        placement: the size of its result, and where it lies on the part.
        region: what is kept exactly, of its result and of its padded input; None for nothing.
        before: what keeps samples of the input, by name.
        after: what keeps samples of the result, by name; all channels of the layer.
        read: positions of the leading axis that have been read.
        made: positions of the result that have been made.
        read_times: when each position read is shown, in ticks of the part; empty where it has no
            times.
        made_times: the same of those made.
        opacity: of an image and its result, where the layer leaves it alone and one is stated.
    """

    work: Work
    normalizer: Normalizer
    placement: Placement
    region: Region | None
    before: Keepers
    after: Keepers
    read: int = 0
    made: int = 0
    read_times: list[Moment] = field(default_factory=list)
    made_times: list[Moment] = field(default_factory=list)
    opacity: tuple[Tensor, Tensor] | None = None

    @property
    def padded(self) -> Tensor:
        """The region of the padded input, as stored. Shape: (C, *K)"""
        return _samples(self.before)

    @property
    def stored(self) -> Tensor:
        """The region of the result, as stored. Shape: (C', *S)"""
        return _samples(self.after)


def _kept(keepers: Keepers) -> Exact:
    keeper = keepers[CROP]
    assert isinstance(keeper, Exact)
    return keeper


def _samples(keepers: Keepers) -> Tensor:
    samples = _kept(keepers).samples
    assert samples is not None
    return samples


def _at_start(region: Region, page: Work) -> tuple[Exact, Exact]:
    """Return what keeps a region like another one at the start of a part, without its padding."""
    skipped, reach = start(region, page.layer)
    outputs = torch.arange(skipped + region.size[0])
    return (
        Exact([torch.arange(reach), *region.sources[1:]], added(page.layer, page.seen)),
        Exact([outputs, *region.outputs[1:]]),
    )


RegionOf = Callable[[Work], Region | None]


@dataclass
class Look:
    """What is kept of a run: the witness of `run`.

    Attributes:
        region_of: the region of each part that is kept exactly; None for none.
        overviews: keep overviews as well.
        first: parts before this one are passed over.
        pages: the most parts that are kept.
        more: further keepers of each part: those of the input, and those of the result.
        views: what has been kept.
        parts: the parts there were.
        content: nothing that follows is wanted.
    """

    region_of: RegionOf | None = None
    overviews: bool = True
    first: int = 0
    pages: int = PAGES
    more: Callable[[Work], tuple[Keepers, Keepers]] | None = None
    views: list[View] = field(default_factory=list)
    parts: int = 0
    content: bool = False

    def begin(self, page: Work, normalizer: Normalizer) -> None:
        """Learn which part comes next."""
        self.parts += 1
        if not self._keeping:
            return
        placement = page.layer.placement(page.part.size)
        if self.whole:
            part = getattr(page.part, "base", page.part)
            page, placement = replace(page, part=part, seen=page.base), page.placement
        size = page.part.size
        region = self.region_of(page) if self.region_of else None
        before, after = overviews(size, placement) if self.overviews else ({}, {})
        if region is not None:
            before[CROP] = Exact(region.sources, added(page.layer, page.seen))
            after[CROP] = Exact(region.outputs)
        if region is not None and self.overviews and page.part.rate is not None:
            before[START], after[START] = _at_start(region, page)
        if self.more is not None:
            of_input, of_result = self.more(page)
            before |= of_input
            after |= of_result
        self.views.append(View(page, normalizer, placement, region, before, after))

    @property
    def whole(self) -> bool:
        """Whether it sees the input of a chain: where no single sums are to be worked out."""
        return self.region_of is None

    @property
    def _keeping(self) -> bool:
        """True where the part that has begun last is kept."""
        return self.first < self.parts <= self.first + self.pages

    def read(self, block: Block) -> None:
        """See the next block of the part."""
        if self._keeping:
            view = self.views[-1]
            _show(view.before, block, view.read)
            view.read += len(block)
            view.read_times += block.times or ()

    def made(self, block: Block) -> None:
        """See the next block of its result."""
        if self._keeping:
            view = self.views[-1]
            _show(view.after, block, view.made)
            view.made += len(block)
            view.made_times += block.times or ()
            self.content = self._has_all(view)
            if view.made == view.placement.size[0]:
                self._let_go(view)

    def _let_go(self, view: View) -> None:
        """Hold no decoded image any longer, only how opaque it is."""
        pixels = getattr(view.work.part, "pixels", None)
        if pixels is None:
            return
        if self.overviews and pixels.alpha is not None:
            view.opacity = opacity(pixels.alpha, view.placement)
        view.work = described(view.work)

    def _has_all(self, view: View) -> bool:
        """Return whether nothing is kept but a region of one part, and that is complete."""
        last = self.parts == self.first + self.pages
        if not last or self.overviews or self.more is not None or CROP not in view.after:
            return False
        return all(
            done >= _kept(keepers).complete
            for done, keepers in ((view.read, view.before), (view.made, view.after))
        )


def _show(keepers: Keepers, block: Block, start: int) -> None:
    if len(block):
        samples = block.tensor[0].cpu()
        for keeper in keepers.values():
            keeper.take(samples, start)
