"""Show what a run did, as its options ask: a plot, a report. Each is drawn when its job is done.

The command line prints previews itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from convtool.errors import ConvtoolError, UsageError
from convtool.look.witness import Look
from convtool.options.run import RunOptions
from convtool.outputs.atomic import Publisher, refuse_existing
from convtool.outputs.jobs import Job
from convtool.run.outcomes import Outcome

FIELDS = ("{stem}", "{index}")


@dataclass(frozen=True)
class Showing:
    """What is shown of the jobs of a run.

    Attributes:
        asked: the options.
        jobs: all of the run.
        publisher: publishes the files.
        overwrite: existing files are replaced.

    Raises:
        UsageError: two jobs would have the same plot.
        WriteError: a file exists already.
    """

    asked: RunOptions
    jobs: Sequence[Job]
    publisher: Publisher
    overwrite: bool

    def __post_init__(self) -> None:
        plots = [path for job in self.jobs if (path := self._plot(job)) is not None]
        if len(set(plots)) < len(plots):
            raise UsageError(
                f"--plot {self.asked.plot} names one plot, and there are {len(plots)} inputs",
                hint="--plot 'plots/{stem}.png' names one per input",
            )
        for path in plots:
            refuse_existing(path, overwrite=self.overwrite)

    @property
    def wanted(self) -> bool:
        """True where anything is to be shown."""
        asked = self.asked
        seen = asked.plot is not None or asked.report is not None or asked.preview
        return seen and not asked.dry_run

    def witness(self, job: Job) -> Look:
        """Return what keeps what is shown of a job."""
        del job
        return Look()

    def show(self, job: Job, outcome: Outcome) -> Outcome:
        """Draw what is asked for of a job, and return its outcome, a failure to draw included."""
        try:
            self._draw(job, outcome)
        except ConvtoolError as exc:
            message = f"{job.input}: {exc.message}"
            return replace(outcome, status="failed", error=message, hint=exc.hint, witness=None)
        return outcome

    def _draw(self, job: Job, outcome: Outcome) -> None:
        """Draw everything but the preview."""

    def _plot(self, job: Job) -> Path | None:
        """Return the name of a job's plot."""
        if self.asked.plot is None:
            return None
        name = str(self.asked.plot)
        for field, text in zip(FIELDS, (job.stem, str(job.index)), strict=True):
            name = name.replace(field, text)
        return Path(name)
