"""Turn INPUT and OUTPUT words into jobs: what is read, and where its results go.

It looks at names and folders only; no media file is opened here.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from convtool import system
from convtool.errors import ReadError, UsageError
from convtool.media.inputs import PIPE
from convtool.media.mistaken import of_another_medium
from convtool.outputs.expansion import Found, expand, is_folder
from convtool.outputs.naming import Naming


@dataclass(frozen=True)
class Job:
    """One input and the place of its outputs.

    Attributes:
        input: the file, or `-` for standard input.
        folder: the folder of outputs that are named after their kernel.
        stem: the beginning of their names.
        suffix: the ending of their names, which decides the format.
        split: one file per channel instead of one for all.
        merged: the one file's name where the user gives it, `-` for standard output.
        problem: why the job cannot be run, as far as names tell; the run's other jobs can.
        makes_folders: each output is a folder of files with this suffix.
        index: the number of the input, from 1.
        template: the name of an output, instead of `{stem}_{kernel}_{channel}{suffix}`.
        root: OUTPUT where it is a folder, else None.
    """

    input: str
    folder: Path
    stem: str
    suffix: str
    split: bool
    merged: str | None = None
    problem: ReadError | None = None
    makes_folders: bool = False
    index: int = 1
    template: str | None = None
    root: Path | None = None

    def path(self, kernel: str, channel: str | None = None) -> Path:
        """Return the path of an output.

        Args:
            kernel: the label of the kernel that made it.
            channel: the name of its channel; None where it shows all channels.
        """
        if self.merged is not None:
            return Path(self.merged)
        suffix = "" if self.makes_folders else self.suffix
        if self.template is None:
            parts = [part for part in (self.stem, kernel, channel) if part]
            return self.folder / ("_".join(parts) + suffix)
        name = self.template.format(
            stem=self.stem,
            kernel=kernel,
            channel=channel or "",
            index=self.index,
            suffix=suffix,
        )
        return self.folder / name


@dataclass(frozen=True)
class Jobs:
    """All jobs of a run.

    Attributes:
        jobs: one per input.
        left_out: how many files of folders are no inputs, by their suffixes.
        folders: an INPUT is a folder.
    """

    jobs: list[Job]
    left_out: Mapping[str, int]
    folders: bool

    @property
    def into_folder(self) -> bool:
        """True where OUTPUT is a folder."""
        return self.jobs[0].root is not None

    @property
    def suffixes(self) -> frozenset[str]:
        """The endings of the outputs, in small letters."""
        return frozenset(job.suffix.lower() for job in self.jobs)


def plan_jobs(
    inputs: Sequence[str], output: str, naming: Naming, listed: Sequence[str] = ()
) -> Jobs:
    """Return a job for each input.

    Args:
        inputs: files, folders (their files, recursively, in the same folders below OUTPUT),
            patterns and `-`.
        output: a folder where it ends in a slash, exists as one, or there are several inputs;
            else a file.
        naming: which files are inputs, and what their outputs are called.
        listed: files of a list, whose relative folders are made below OUTPUT.

    Raises:
        UsageError: INPUT and OUTPUT contradict each other, or two inputs would share an output.
    """
    _check_words(inputs, output, listed)
    expansion = expand(inputs, listed, naming)
    found, folders = expansion.found, [name for name in inputs if is_folder(name)]
    several = len(found) > 1 or bool(listed) or bool(folders)
    if output == PIPE and (several or naming.split):
        raise UsageError("standard output takes one merged result")
    if several and not is_folder(found[0].name):  # an empty one, which is told of its own
        _refuse_one_file(output, naming, len(found), folders)
    if _names_folder(output, several=several):
        _check_folder(output)
        jobs = [
            _in_folder(one, Path(output), naming, index) for index, one in enumerate(found, start=1)
        ]
    else:
        jobs = [_in_file(one, output, naming) for one in found]
    _refuse_collisions(jobs)
    return Jobs(jobs, expansion.left_out, bool(folders))


def _check_words(inputs: Sequence[str], output: str, listed: Sequence[str]) -> None:
    """Check that INPUT and OUTPUT are there, and none is an empty string."""
    if not inputs and not listed:
        raise UsageError(
            f"only one name was given ('{output}')",
            hint="name INPUT and OUTPUT, or list inputs with --files-from",
        )
    if "" in inputs:
        raise UsageError("an INPUT is an empty string: give a file, a folder or -")
    if not output:
        raise UsageError("OUTPUT is an empty string: give a file, a folder or -")


def _refuse_one_file(output: str, naming: Naming, inputs: int, folders: Sequence[str]) -> None:
    """Check that OUTPUT of several inputs does not look like a file of the medium."""
    known = PurePath(output).suffix.lower() in naming.writable
    if not known or output.endswith(("/", os.sep)) or is_folder(output):
        return
    there = f"{folders[0]} is a folder" if folders and inputs == 1 else f"there are {inputs} inputs"
    raise UsageError(
        f"{output} names one {naming.one}, and {there}", hint="end OUTPUT in / for a folder"
    )


def _names_folder(output: str, *, several: bool) -> bool:
    """Return whether OUTPUT is a folder, one that exists or one to be made."""
    if output.endswith(("/", os.sep)) or is_folder(output):
        return True
    return several and output != PIPE


def _check_folder(output: str) -> None:
    if os.path.exists(output) and not is_folder(output):  # noqa: PTH110  # Path("a/") is "a"
        raise UsageError(f"{output} is a file, and several results need a folder")


def _in_folder(found: Found, root: Path, naming: Naming, index: int) -> Job:
    """Return the job of an input whose outputs are named after it, in a folder."""
    name = PurePath(found.name)
    suffix = naming.suffix or name.suffix
    return Job(
        found.name,
        root / found.folder,
        "stdin" if found.name == PIPE else name.stem,
        suffix,
        split=naming.split is not False,
        problem=found.problem or _problem(found.name, suffix, naming),
        makes_folders=suffix.lower() in naming.folders,
        index=index,
        template=naming.template,
        root=root,
    )


def _in_file(found: Found, output: str, naming: Naming) -> Job:
    """Return the job of the only input, whose output the user names."""
    if naming.template:
        raise UsageError(
            "--name names outputs in a folder, but OUTPUT is a file", hint=f"{output}/"
        )
    target = PurePath(output)
    suffix = naming.suffix or target.suffix
    if naming.suffix and naming.belies(target.suffix):
        raise UsageError(
            f"{output} ends in {target.suffix}, and --format writes {naming.suffix}",
            hint=f"leave --format out, or end OUTPUT in {naming.suffix}",
        )
    if not suffix and output == PIPE:
        raise UsageError("the format of standard output is missing", hint="--format TYPE")
    if not suffix:
        raise UsageError(
            f"{output}: has no suffix that tells its format",
            hint="--format chooses it; a folder ends in /",
        )
    if suffix.lower() in naming.folders:
        raise UsageError(
            f"{output}: many files need a folder", hint=f"{target.with_suffix('')}/ --format TYPE"
        )
    return Job(
        found.name,
        Path(target.parent),
        target.stem,
        suffix,
        split=bool(naming.split),
        merged=None if naming.split else output,
        problem=found.problem,
    )


def _problem(name: str, suffix: str, naming: Naming) -> ReadError | None:
    """Return why an input cannot be filtered into a folder, as far as its name tells."""
    if is_folder(name):
        return ReadError(
            f"{name}: no {naming.several} here", hint="--glob selects files by their names"
        )
    if suffix.lower() in naming.writable:
        return None
    if another := of_another_medium(name, naming.medium):
        return another
    hint = "--format chooses the format of outputs"
    if not suffix:
        return ReadError(f"{name}: has no suffix that tells its format", hint=hint)
    if suffix.lower() in naming.readable:
        return ReadError(f"{name}: {suffix} can be read but not written", hint=hint)
    return ReadError(f"{name}: no format has the suffix '{suffix}'", hint=hint)


def _refuse_collisions(jobs: Sequence[Job]) -> None:
    """Check that no two inputs would have outputs of the same name."""
    owners: dict[str, str] = {}
    for job in jobs:
        path = job.path("", "") if job.template else job.folder / (job.stem + job.suffix)
        key = system.same_file_key(path)
        if key in owners:
            raise UsageError(
                f"{owners[key]} and {job.input} would have the same output names",
                hint="filter them into different folders, or name outputs by --name with {index}",
            )
        owners[key] = job.input
