"""The pages of a run: one, or with several inputs one per input in a folder, and an index of them.

Pages are written when their job is done; the index at the end, also of a run that was interrupted.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote

from convtool.look.report.rows import Row, row_of
from convtool.look.report.shown import Shown
from convtool.media.registry import Medium
from convtool.options.options import Options
from convtool.outputs.atomic import Publisher
from convtool.outputs.existing import refuse_existing, refuse_existing_folder
from convtool.outputs.job import Job
from convtool.places.names import Place
from convtool.places.stores import is_file
from convtool.run.outcomes import Outcome

UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')  # in names of files, on some system or other
LONGEST = 200  # bytes of a name without its suffix


@dataclass(frozen=True)
class Reports:
    """The pages of a run.

    Attributes:
        path: of the page, or of the index.
        jobs: all of the run.
        publisher: publishes the pages.
        medium: of the inputs.
        options: of the filter.
    """

    path: Place
    jobs: Sequence[Job]
    publisher: Publisher
    medium: Medium
    options: Options
    _rows: list[Row] = field(default_factory=list)

    def check(self) -> None:
        """Check that the pages of several inputs may be written.

        Raises:
            WriteError: the index or the folder exists and must not be overwritten.
        """
        if self._several:
            refuse_existing(self.path, overwrite=self._overwrite)
            refuse_existing_folder(self.folder, overwrite=self._overwrite)

    @property
    def folder(self) -> Place:
        """Where the pages of several inputs are."""
        return self.path.with_name(f"{self.path.stem}_pages")

    def page_of(self, job: Job) -> Place:
        """Return the name of the page about a job."""
        return self._pages[job.index] if self._several else self.path

    def add(self, job: Job, outcome: Outcome) -> Place | None:
        """Write the page about a job that is done, and return its name; None where there is none.

        Args:
            job: one of the run's.
            outcome: with its witness; failed ones are listed only.
        """
        path = self.page_of(job)
        link = f"{self.folder.name}/{path.name}"
        if outcome.witness is None:
            known = outcome.status == "skipped" and is_file(path)
            self._list(row_of(job, outcome, None, link if known else ""))
            return None
        from convtool.look.report.page import page  # noqa: PLC0415  # jinja2

        shown = Shown(job, outcome, outcome.witness, self.medium, self.options)
        with self.publisher.file(path, overwrite=self._overwrite) as file:
            file.write(page(shown, self._back))
        self._list(row_of(job, outcome, shown, link))
        return path

    def finish(self) -> Place | None:
        """Write the index, and return its name; None where there is none, or nothing was done."""
        if not self._several or not self._rows:
            return None
        from convtool.look.report.index import index  # noqa: PLC0415  # jinja2

        left = [job for job in self.jobs if job.index not in self._done]
        # the run's publisher publishes nothing more once the run is interrupted
        with Publisher().file(self.path, overwrite=self._overwrite) as file:
            file.write(index(self.path.stem, self._rows, left, self.medium))
        return self.path

    @property
    def _back(self) -> str:
        """The address of the index from a page; empty where there is none."""
        return f"../{quote(os.fsencode(self.path.name))}" if self._several else ""

    def _list(self, row: Row) -> None:
        if self._several:
            self._rows.append(row)

    @property
    def _done(self) -> set[int]:
        return {row.index for row in self._rows}

    @property
    def _several(self) -> bool:
        return len(self.jobs) > 1

    @property
    def _overwrite(self) -> bool:
        return self.options.output.overwrite

    @cached_property
    def _pages(self) -> dict[int, Place]:
        """The pages by the numbers of their jobs."""
        names = page_names([job.stem for job in self.jobs])
        return {job.index: self.folder / name for job, name in zip(self.jobs, names, strict=True)}


def page_names(stems: Sequence[str]) -> list[str]:
    """Return the names of pages: safe on any system, and no two alike whatever their case.

    >>> page_names(["a", "b/..", "A"])
    ['a.html', 'b_...html', 'A-2.html']
    """
    taken: set[str] = set()
    names = []
    for stem in stems:
        short = os.fsdecode(os.fsencode(UNSAFE.sub("_", stem))[:LONGEST])
        number, name = 1, short
        while name.casefold() in taken:
            number += 1
            name = f"{short}-{number}"
        taken.add(name.casefold())
        names.append(f"{name}.html")
    return names
