"""Turn inputs and OUTPUT into jobs: what is read, and where its results go.

It looks at names and folders only; no media file is opened here.
"""

import contextlib
import os
import string
import sys
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from convtool.errors import UsageError, WriteError
from convtool.media.inputs import PIPE

FIELDS = ("stem", "kernel", "channel", "index", "suffix")


@dataclass(frozen=True)
class Naming:
    """How inputs are found and outputs are called.

    Attributes:
        found: suffixes of the medium's files in folders.
        written: suffixes that outputs can have.
        folders: those of outputs that are folders of many files.
        suffix: the ending that outputs get instead of the input's.
        split: one file a channel, or one for all; None for what OUTPUT suggests.
        glob: which files of folders are inputs, instead of those with known suffixes.
        template: what outputs in a folder are called, of `FIELDS` in braces.

    Raises:
        UsageError: the template is none.
    """

    found: Container[str]
    written: Container[str]
    folders: Container[str] = ()
    suffix: str | None = None
    split: bool | None = None
    glob: str | None = None
    template: str | None = None

    def __post_init__(self) -> None:
        if self.template is None:
            return
        hint = f"its fields are {', '.join(f'{{{field}}}' for field in FIELDS)}; {{index:04}} has leading zeros"
        try:
            fields = [
                field
                for _, field, _, _ in string.Formatter().parse(self.template)
                if field is not None
            ]
            self.template.format(stem="s", kernel="k", channel="c", index=1, suffix=".x")
        except (ValueError, KeyError, IndexError, AttributeError) as exc:
            raise UsageError(f"--name '{self.template}' is no template: {exc}", hint=hint) from exc
        if not set(fields) <= set(FIELDS) or "{suffix}" not in self.template:
            raise UsageError(
                f"--name '{self.template}' has fields that are not known, or no {{suffix}}",
                hint=hint,
            )
        if PurePath(self.template).is_absolute() or ".." in PurePath(self.template).parts:
            raise UsageError(f"--name '{self.template}' leaves OUTPUT")


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


def listed(name: str, separator: bytes) -> list[str]:
    """Return the names that a file lists, or standard input.

    Args:
        name: the file, or `-`.
        separator: between names.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if name == PIPE else Path(name).read_bytes()
    except (OSError, ValueError, AttributeError) as exc:
        raise UsageError(
            f"{name}: the list cannot be read: {getattr(exc, 'strerror', None) or exc}"
        ) from exc
    return [os.fsdecode(part) for part in data.split(separator) if part]


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
    files = [pair for name in inputs for pair in _expand(name, naming)]
    files += [(name, _below(name)) for name in listed]
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


def _expand(name: str, naming: Naming) -> list[tuple[str, PurePath]]:
    """Return the files that an input stands for, each with its folder below the input."""
    if name == PIPE or not os.path.isdir(name):  # noqa: PTH112
        return [(name, PurePath())]
    root = Path(name)
    found = sorted(
        path for path in root.rglob("*")
        if _wanted(path.relative_to(root), naming) and not path.name.startswith(".") and path.is_file()
    )  # fmt: skip
    return [(str(path), path.parent.relative_to(root)) for path in found] or [(name, PurePath())]


def _wanted(path: PurePath, naming: Naming) -> bool:
    return path.suffix.lower() in naming.found if naming.glob is None else path.match(naming.glob)


def _below(name: str) -> PurePath:
    """Return the folders that a listed file is in, none where they lead out of where it is looked up."""
    folder = PurePath(name).parent
    return PurePath() if folder.is_absolute() or ".." in folder.parts else folder


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
