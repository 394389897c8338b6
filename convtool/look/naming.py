"""Name what is drawn of each job: one file, or one per input by a template."""

import re
from collections.abc import Sequence

from convtool.errors import UsageError
from convtool.media.inputs import PIPE
from convtool.outputs.job import Job
from convtool.places.names import Place, place, pure

FIELDS = ("stem", "index")


def file_of(template: Place, job: Job, flag: str) -> Place:
    """Return the name of a job's file.

    Args:
        template: with `{stem}` and `{index}` where there are several.
        job: the job.
        flag: that the template was given by, for messages.

    Raises:
        UsageError: the template has another field.
    """
    stem = "stdin" if job.input == PIPE else pure(job.input).stem
    values = dict(zip(FIELDS, (stem, str(job.index)), strict=True))

    def value(field: re.Match[str]) -> str:
        if field[1] not in values:
            known = ", ".join(f"{{{name}}}" for name in FIELDS)
            raise UsageError(f"{flag} has no field {field[0]}", hint=f"fields: {known}")
        return values[field[1]]

    return place(re.sub(r"\{(\w*)\}", value, str(template)))


def files_of(template: Place, jobs: Sequence[Job], flag: str) -> list[Place]:
    """Return the names of the files of all jobs.

    Raises:
        UsageError: two jobs would have the same one, or the template has an unknown field.
    """
    files = [file_of(template, job, flag) for job in jobs]
    if len(set(files)) == len(files):
        return files
    if any(f"{{{name}}}" in str(template) for name in FIELDS):
        raise UsageError(
            f"{flag} {template} gives several inputs the same name", hint="{index} tells them apart"
        )
    example = template.with_stem(f"{template.stem}-{{stem}}")
    raise UsageError(
        f"{flag} {template} names one file, and there are {len(jobs)} inputs",
        hint=f"{flag} '{example}' names one per input",
    )
