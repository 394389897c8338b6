"""Know whose outputs have which names, so that no two inputs share one."""

from dataclasses import replace

from convtool.errors import ReadError
from convtool.outputs.job import Job
from convtool.places.names import same_file_key


class SharedNamesError(ReadError):
    """Two inputs would have outputs of the same name."""


class Owners:
    """Knows whose outputs have which names; of those after the first, only that they are taken.

    Args:
        named: how many of the first it knows by their inputs.
    """

    def __init__(self, named: int) -> None:
        self._named = named
        self._first: dict[str, str] = {}
        self._others: set[int] = set()

    def claimed(self, job: Job) -> Job:
        """Return a job, with a problem where another one's outputs have the names of its own."""
        path = job.path("", "") if job.template else job.folder / (job.stem + job.suffix)
        key = same_file_key(path)
        if key in self._first or hash(key) in self._others:
            other = self._first.get(key, "another input")
            problem = SharedNamesError(
                f"{other} and {job.input} would have the same output names",
                hint="filter them into different folders, or name outputs by --name with {index}",
                named=True,
            )
            return replace(job, problem=job.problem or problem)
        if len(self._first) < self._named:
            self._first[key] = job.input
        else:
            self._others.add(hash(key))
        return job
