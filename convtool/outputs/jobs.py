"""Turn inputs and OUTPUT into jobs: what is read, and where its results go.

It looks at names and folders only; no media file is opened here.
"""

import os
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from convtool.errors import UsageError
from convtool.media.inputs import PIPE
from convtool.outputs.expansion import below, expand
from convtool.outputs.naming import Naming


@dataclass(frozen=True)
class Job:
    """One input and the place of its outputs.

    Attributes:
        input: the file, or `-` for standard input.
        folder: where outputs go that are named after their kernel.
        stem: what their names begin with.
        suffix: what their names end with.
        split: one file a channel instead of one for all.
        merged: the one file's name where it is given, `-` for standard output.
        problem: why it cannot be run, as far as its name tells; the others can.
        makes_folders: each output is a folder of files with this suffix.
        index: its number, from 1.
        template: what outputs are called instead of `{stem}_{kernel}_{channel}{suffix}`.
        root: the OUTPUT that is a folder; None where it is a file.
    """

    input: str
    folder: Path
    stem: str
    suffix: str
    split: bool
    merged: str | None = None
    problem: str | None = None
    makes_folders: bool = False
    index: int = 1
    template: str | None = None
    root: Path | None = None

    def path(self, kernel: str, channel: str | None = None) -> Path:
        """Return an output's name: the given one, or one of its parts."""
        if self.merged is not None:
            return Path(self.merged)
        suffix = "" if self.makes_folders else self.suffix
        if self.template is None:
            return self.folder / ("_".join(filter(None, [self.stem, kernel, channel])) + suffix)
        parts = {
            "stem": self.stem,
            "kernel": kernel,
            "channel": channel or "",
            "index": self.index,
            "suffix": suffix,
        }
        return self.folder / self.template.format(**parts)


def plan(
    inputs: Sequence[str], output: str, naming: Naming, listed: Sequence[str] = ()
) -> list[Job]:
    """Return a job for each input.

    Args:
        inputs: files, folders (their files, recursively, in the same folders below OUTPUT) and `-`.
        output: a folder where it ends in a slash, exists as one, or there are several inputs; else a file.
        naming: how inputs are found and outputs are called.
        listed: files of a list, whose relative folders are made below OUTPUT.

    Raises:
        UsageError: two inputs would have the same outputs, or pipes and folders are mixed.
    """
    if not inputs and not listed:
        raise UsageError("there is no INPUT", hint="give files, folders, - or --files-from")
    if "" in inputs:
        raise UsageError("an INPUT is empty: give a file, a folder or -")
    files = [pair for name in inputs for pair in expand(name, naming)]
    files += [(name, below(name)) for name in listed]
    several = len(files) > 1 or bool(listed) or any(os.path.isdir(name) for name in inputs)  # noqa: PTH112  # "" is no path
    is_folder = (
        output.endswith(("/", os.sep)) or os.path.isdir(output) or (several and output != PIPE)
    )  # noqa: PTH112
    if not output:
        raise UsageError("OUTPUT is empty: give a file, a folder or -")
    if output == PIPE and (several or naming.split):
        raise UsageError("standard output takes one merged result")
    if is_folder and os.path.exists(output) and not os.path.isdir(output):  # noqa: PTH110, PTH112
        raise UsageError(f"{output}: several results need a folder, and this is a file")
    if naming.template and not is_folder:
        raise UsageError(
            "--name calls outputs in a folder, and OUTPUT is a file", hint=f"{output}/"
        )
    jobs = [
        _in_folder(name, below, Path(output), naming, index)
        if is_folder
        else _in_file(name, output, naming)
        for index, (name, below) in enumerate(files, 1)
    ]
    _refuse_collisions(jobs)
    return jobs


def _in_folder(name: str, below: PurePath, root: Path, naming: Naming, index: int) -> Job:
    ending = naming.suffix or PurePath(name).suffix
    stem = "stdin" if name == PIPE else PurePath(name).stem
    return Job(
        name, root / below, stem, ending, naming.split is not False, problem=_problem(name, ending, naming.written),
        makes_folders=ending.lower() in naming.folders, index=index, template=naming.template, root=root,
    )  # fmt: skip


def _in_file(name: str, output: str, naming: Naming) -> Job:
    target = PurePath(output)
    ending = naming.suffix or target.suffix
    if not ending:
        raise UsageError(
            f"{output}: has no suffix to tell its type",
            hint="--format names it; a folder ends in /",
        )
    if ending.lower() in naming.folders:
        raise UsageError(
            f"{output}: many files need a folder", hint=f"{target.with_suffix('')}/ --format TYPE"
        )
    return Job(
        name,
        Path(target.parent),
        target.stem,
        ending,
        bool(naming.split),
        None if naming.split else output,
    )


def _problem(name: str, ending: str, suffixes: Container[str]) -> str | None:
    if os.path.isdir(name):  # noqa: PTH112
        return "the folder holds no file of this medium"
    if ending.lower() not in suffixes:
        return (
            f"no format is known by '{ending}', give --format"
            if ending
            else "has no suffix, give --format"
        )
    return None


def _refuse_collisions(jobs: Sequence[Job]) -> None:
    seen: dict[Path, str] = {}
    for job in jobs:
        key = job.path("", "") if job.template else job.folder / (job.stem + job.suffix)
        if key in seen:
            raise UsageError(
                f"{seen[key]} and {job.input} would have the same output names",
                hint="filter them into different folders, or call them by --name with {index}",
            )
        seen[key] = job.input
