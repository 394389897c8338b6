"""What a page is about: one input, the run that filtered it, and what was kept of it.

Values only.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath

from convtool.look.region import Region
from convtool.look.report.region import channels_held
from convtool.look.settling import settled
from convtool.look.witness import Look, View
from convtool.media.inputs import PIPE
from convtool.media.registry import Medium
from convtool.options.options import Options
from convtool.outputs.job import Job
from convtool.places import names
from convtool.run.outcomes import Outcome


@dataclass(frozen=True)
class Shown:
    """What a page is about.

    Attributes:
        job: the input, and where its outputs went.
        outcome: what happened to it.
        look: what was kept of it.
        medium: of the input.
        options: of the run.
    """

    job: Job
    outcome: Outcome
    look: Look
    medium: Medium
    options: Options

    @cached_property
    def view(self) -> View:
        """What was kept of the first part."""
        return settled(self.look.views[0])

    @property
    def region(self) -> Region:
        """The region that is held exactly: without what a wrong estimate of the length touches."""
        assert self.view.region is not None
        return self.view.region

    @property
    def channels(self) -> int:
        """How many channels of the result the page has: all, or those whose weights it can hold."""
        return channels_held(self.view.work.layer)

    @property
    def size(self) -> tuple[int, ...]:
        """The spatial size of the input, as it was read: headers may state another."""
        return (self.view.read, *self.view.work.part.size[1:])

    @property
    def output_size(self) -> tuple[int, ...]:
        """The spatial size of the result, as it was made."""
        return (self.view.made, *self.view.placement.size[1:])

    @property
    def name(self) -> str:
        """The name of the input, for people; bytes that are no text are replaced."""
        name = names.shown(self.job.input)
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    @property
    def title(self) -> str:
        """The last part of that name."""
        return "standard input" if self.name == PIPE else PurePath(self.name).name
