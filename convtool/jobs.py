"""Turn inputs and OUTPUT into jobs: what is read, and where its results go.

It looks at names and folders only; no media file is opened here.
"""

import contextlib
import os
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from convtool.errors import UsageError, WriteError
from convtool.files import PIPE


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
    """

    input: str
    folder: Path
    stem: str
    suffix: str
    split: bool
    merged: str | None = None
    problem: str | None = None
    makes_folders: bool = False

    def path(self, kernel: str, channel: str | None = None) -> Path:
        """Return an output's name: the given one, or `{stem}_{kernel}_{channel}{suffix}`."""
        if self.merged is not None:
            return Path(self.merged)
        return self.folder / (
            "_".join(filter(None, [self.stem, kernel, channel])) + ("" if self.makes_folders else self.suffix)
        )


def plan(
    inputs: Sequence[str],
    output: str,
    *,
    found: Iterable[str],
    written: Iterable[str],
    folders: Container[str] = (),
    suffix: str | None,
    split: bool | None,
) -> list[Job]:
    """Return a job for each input.

    Args:
        inputs: files, folders (their files with known suffixes, recursively) and `-`.
        output: a folder where it ends in a slash, exists as one, or there are several inputs; else a file.
        found: suffixes of the medium's files in folders.
        written: suffixes that outputs can have.
        folders: those of outputs that are folders of many files.
        suffix: the ending that outputs get instead of the input's.
        split: one file a channel, or one for all; None for what OUTPUT suggests.

    Raises:
        UsageError: two inputs would have the same outputs, or pipes and folders are mixed.
    """
    if "" in inputs:
        raise UsageError("an INPUT is empty: give a file, a folder or -")
    looked_for, known = frozenset(found), frozenset(written)
    files = [pair for name in inputs for pair in _expand(name, looked_for)]
    several = len(files) > 1 or any(os.path.isdir(name) for name in inputs)  # noqa: PTH112  # "" is no path
    is_folder = output.endswith(("/", os.sep)) or os.path.isdir(output) or (several and output != PIPE)  # noqa: PTH112
    if not output:
        raise UsageError("OUTPUT is empty: give a file, a folder or -")
    if output == PIPE and (several or split):
        raise UsageError("standard output takes one merged result")
    if is_folder and os.path.exists(output) and not os.path.isdir(output):  # noqa: PTH110, PTH112
        raise UsageError(f"{output}: several results need a folder, and this is a file")
    jobs = []
    for name, subfolder in files:
        if is_folder:
            ending = suffix or PurePath(name).suffix
            stem = "stdin" if name == PIPE else PurePath(name).stem
            problem = _problem(name, ending, known)
            made = ending.lower() in folders
            jobs.append(Job(name, Path(output) / subfolder, stem, ending, split is not False, None, problem, made))
        else:
            target = PurePath(output)
            if not (suffix or target.suffix):
                raise UsageError(
                    f"{output}: has no suffix to tell its type", hint="--format names it; a folder ends in /"
                )
            if (suffix or target.suffix).lower() in folders:
                raise UsageError(f"{output}: many files need a folder", hint=f"{target.with_suffix('')}/ --format TYPE")
            merged = None if split else output
            jobs.append(Job(name, Path(target.parent), target.stem, suffix or target.suffix, bool(split), merged))
    _refuse_collisions(jobs)
    return jobs


def _expand(name: str, suffixes: frozenset[str]) -> list[tuple[str, PurePath]]:
    """Return the files that an input stands for, each with its folder below the input."""
    if name == PIPE or not os.path.isdir(name):  # noqa: PTH112
        return [(name, PurePath())]
    root = Path(name)
    found = sorted(
        path for path in root.rglob("*")
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
    )  # fmt: skip
    return [(str(path), path.parent.relative_to(root)) for path in found] or [(name, PurePath())]


def _problem(name: str, ending: str, suffixes: frozenset[str]) -> str | None:
    if os.path.isdir(name):  # noqa: PTH112
        return "the folder holds no file of this medium"
    if ending.lower() not in suffixes:
        return f"no format is known by '{ending}', give --format" if ending else "has no suffix, give --format"
    return None


def _refuse_collisions(jobs: Sequence[Job]) -> None:
    seen: dict[tuple[Path | None, str, str], str] = {}
    for job in jobs:
        key = (job.folder, job.stem, job.suffix)
        if key in seen:
            raise UsageError(
                f"{seen[key]} and {job.input} would have the same output names",
                hint="filter them into different folders",
            )
        seen[key] = job.input


def identities(jobs: Sequence[Job]) -> frozenset[tuple[int, int]]:
    """Return the device and inode of every input that is there: what no output of the run may replace."""
    found = set()
    for job in jobs:
        with contextlib.suppress(OSError, ValueError):
            status = os.stat(job.input)  # noqa: PTH116  # "-" and "" are no paths
            found.add((status.st_dev, status.st_ino))
    return frozenset(found)


def refuse_inputs(target: Path, inputs: frozenset[tuple[int, int]]) -> None:
    """Check that an output is none of the run's inputs, by whatever name.

    Raises:
        WriteError: it is.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        status = target.stat()
        if (status.st_dev, status.st_ino) in inputs:
            raise WriteError(f"{target}: is an input itself", hint="give another OUTPUT")
