"""Show what a run did, as its options ask: a plot, a report. Each is drawn when its job is done.

The command line prints previews itself.
"""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from convtool.errors import ConvtoolError, UsageError, WriteError, internal
from convtool.look.naming import file_of, files_of
from convtool.look.plots.suffixes import check_suffix
from convtool.look.report.names import check_page
from convtool.look.report.playable import playable
from convtool.look.report.region import exact_region
from convtool.look.report.reports import Reports
from convtool.look.witness import Look
from convtool.media.inputs import PIPE
from convtool.media.registry import Medium
from convtool.options.options import Options
from convtool.options.run import RunOptions
from convtool.outputs.atomic import Publisher
from convtool.outputs.existing import refuse_existing
from convtool.outputs.identities import Identities, refuse_input
from convtool.outputs.job import Job
from convtool.places.names import Place, real, shown
from convtool.run.outcomes import Outcome

PREVIEWED = 4  # inputs of a run, of all


@dataclass(frozen=True)
class Showing:
    """What is shown of the jobs of a run.

    Attributes:
        asked: the options.
        jobs: all of the run.
        medium: of their inputs.
        options: of the filter.
        publisher: publishes the files.

    Raises:
        UsageError: two jobs would have the same file, or it has no suffix of its kind.
        WriteError: a file exists already, or is an input.
    """

    asked: RunOptions
    jobs: Sequence[Job]
    medium: Medium
    options: Options
    publisher: Publisher

    def __post_init__(self) -> None:
        if self.asked.plot is not None:
            check_suffix(str(self.asked.plot))
            self._check(files_of(self.asked.plot, self.jobs, "--plot"), "--plot")
        if self.asked.report is not None:
            check_page(self.asked.report)
            self._check([self.asked.report], "--report")
            self._reports.check()

    def _check(self, paths: Sequence[Place], flag: str) -> None:
        """Check the names of the files that a flag asks for."""
        inputs = Identities(job.input for job in self.jobs)
        outputs = {real(job.merged) for job in self.jobs if job.merged is not None}
        for path in paths:
            refuse_input(path, inputs)
            if real(path) in outputs:
                raise UsageError(f"{path} is named as OUTPUT and by {flag}")
            if not self.asked.skip_existing:  # else its input may be skipped
                refuse_existing(path, overwrite=self._overwrite)

    @cached_property
    def _reports(self) -> Reports:
        """The pages, where they are asked for."""
        assert self.asked.report is not None
        return Reports(self.asked.report, self.jobs, self.publisher, self.medium, self.options)

    @property
    def _overwrite(self) -> bool:
        return self.options.output.overwrite

    @property
    def wanted(self) -> bool:
        """True where anything is to be shown."""
        asked = self.asked
        seen = asked.plot is not None or asked.report is not None or asked.preview
        return seen and not asked.dry_run

    def witness(self, job: Job) -> Look:
        """Return what keeps what is shown of a job: nothing where others alone are previewed."""
        if self.asked.report is not None:
            return Look(exact_region, more=playable)
        drawn = self.asked.plot is not None or job.index <= PREVIEWED
        return Look() if drawn else Look(pages=0)

    def show(self, job: Job, outcome: Outcome) -> Outcome:
        """Draw what is asked for of a job, and return its outcome, a failure to draw included.

        Files that are drawn, or would be, are among its outputs.
        """
        if outcome.status == "planned":
            return replace(outcome, outputs=(*outcome.outputs, *map(str, self.files(job))))
        if outcome.witness is None:
            return self._listed(job, outcome)
        try:
            return replace(outcome, outputs=(*outcome.outputs, *self._drawn(job, outcome)))
        except ConvtoolError as exc:
            message = exc.message if exc.named else f"{shown(job.input)}: {exc.message}"
            failed = replace(outcome, status="failed", error=message, hint=exc.hint, witness=None)
        except Exception as exc:  # noqa: BLE001  # a fault of ours costs this input only
            message = f"{shown(job.input)}: {internal(exc)}"
            hint, traces = "--verbose shows where", "".join(traceback.format_exception(exc))
            failed = replace(
                outcome, status="failed", error=message, hint=hint, traceback=traces, witness=None
            )
        return self._listed(job, failed)

    def _listed(self, job: Job, outcome: Outcome) -> Outcome:
        """Return an outcome that nothing is drawn of, once the index of pages knows it."""
        if self.asked.report is not None:
            self._reports.add(job, outcome)
        return outcome

    def finish(self) -> Place | None:
        """Write what is made of all jobs together, also where the run was interrupted.

        Returns:
            The name of the index of pages; None where there is none.
        """
        return None if self.asked.report is None else self._reports.finish()

    def files(self, job: Job) -> list[Place]:
        """Return the files that are drawn of a job."""
        plot = self.asked.plot and file_of(self.asked.plot, job, "--plot")
        page = self.asked.report and self._reports.page_of(job)
        return [path for path in (plot, page) if path is not None]

    def _drawn(self, job: Job, outcome: Outcome) -> list[str]:
        """Draw everything but the preview, and return the names of the files."""
        made = (self._plot(job, outcome), self._report(job, outcome))
        return [str(path) for path in made if path is not None]

    def _plot(self, job: Job, outcome: Outcome) -> Place | None:
        """Draw the plot, if one is asked for, and return its name."""
        if self.asked.plot is None:
            return None
        from convtool.look.plots.figures import draw  # noqa: PLC0415  # matplotlib

        path = _apart(file_of(self.asked.plot, job, "--plot"), outcome)
        with self.publisher.file(path, overwrite=self._overwrite) as file:
            title = "standard input" if job.input == PIPE else shown(job.input)
            draw(outcome.witness, title, self.medium.single, file, path.suffix, self.asked.dpi)
        return path

    def _report(self, job: Job, outcome: Outcome) -> Place | None:
        """Write the page, if one is asked for, and return its name."""
        if self.asked.report is None:
            return None
        _apart(self._reports.page_of(job), outcome)
        return self._reports.add(job, outcome)


def _apart(path: Place, outcome: Outcome) -> Place:
    """Return the name of a file that is drawn, which no output has."""
    if real(path) in set(map(real, outcome.outputs)):
        raise WriteError(f"{path} is an output of this run itself", named=True)
    return path
