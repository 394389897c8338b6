"""Turn INPUT and OUTPUT words into jobs: what is read, and where its results go.

It looks at names and folders only; no media file is opened here.
"""

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath

from convtool.errors import ReadError, UsageError
from convtool.media.inputs import PIPE
from convtool.media.mistaken import of_another_medium
from convtool.outputs.expansion import Expansion, Found
from convtool.outputs.job import Job
from convtool.outputs.naming import Naming
from convtool.outputs.owners import Owners, SharedNamesError
from convtool.outputs.shards import Shard
from convtool.places.names import (
    Place,
    is_remote,
    lies_in,
    parent,
    place,
    plain,
    pure,
    refuse_unwritable,
    shown,
)
from convtool.places.stores import check_writable, is_folder

KNOWN = 10_000  # inputs that are known, and checked against each other, before the first is opened


class Jobs:
    """The jobs of a run, in order; beyond the first `KNOWN` they are made while it runs.

    Args:
        known: the first ones.
        more: those that follow.
        expansion: where they come from.
        root: OUTPUT where it is a folder, else None.
        complete: there are no more than the known ones.
        folders: an INPUT is a folder.

    Attributes:
        known: the first ones.
        more: those that follow, made when they are asked for.
        count: how many there are; None where there are more than the known ones.
        folders: an INPUT is a folder.
    """

    def __init__(
        self,
        known: Sequence[Job],
        more: Iterator[Job],
        expansion: Expansion,
        root: Place | None,
        *,
        complete: bool,
        folders: bool,
    ) -> None:
        self.known, self.more, self._expansion = known, more, expansion
        self.root, self.folders = root, folders
        self.count = len(known) if complete else None

    @property
    def shown(self) -> int:
        """How many inputs have been found so far, of all shards."""
        return self._expansion.shown

    @property
    def left_out(self) -> Mapping[str, int]:
        """How many files of folders are no inputs, by their suffixes, as far as they are known."""
        return self._expansion.left_out

    @property
    def suffixes(self) -> frozenset[str]:
        """The endings of the known outputs, in small letters."""
        return frozenset(job.suffix.lower() for job in self.known)


def plan_jobs(
    inputs: Sequence[str],
    output: str,
    naming: Naming,
    listed: Iterable[str] | None = None,
    shard: Shard | None = None,
) -> Jobs:
    """Return a job for each input.

    Args:
        inputs: files, folders (their files, recursively, in the same folders below OUTPUT),
            patterns and `-`.
        output: a folder where it ends in a slash, exists as one, or there are several inputs;
            else a file.
        naming: which files are inputs, and what their outputs are called.
        listed: files of a list, whose relative folders are made below OUTPUT; None without one.
        shard: which of the inputs are wanted; None for all.

    Raises:
        UsageError: INPUT and OUTPUT contradict each other, or two inputs would share an output.
    """
    _check_words(inputs, output, listed)
    inputs, output = list(map(plain, inputs)), plain(output)
    refuse_unwritable(output)
    expansion = Expansion(inputs, listed or (), naming, shard)
    coming = iter(expansion)
    first = list(itertools.islice(coming, KNOWN))
    complete = len(first) < KNOWN
    folders = [name for name in inputs if expansion.is_folder(name)]
    several = expansion.shown > 1 or listed is not None or bool(folders) or shard is not None
    if output == PIPE and (several or naming.split):
        raise UsageError("standard output takes one merged result")
    if several and not (len(first) == 1 and first[0].empty):  # told of its own
        _refuse_one_file(output, naming, expansion.shown, folders)
    if not _names_folder(output, several=several):
        jobs = [_in_file(one, output, naming) for one in first]
        return Jobs(jobs, iter(()), expansion, None, complete=True, folders=False)
    root = place(output)
    _check_folder(output)
    if inside := [name for name in folders if lies_in(root, name)]:
        if shard is not None:
            raise UsageError(
                f"{output} lies in {inside[0]}, where other shards would take outputs for inputs",
                hint="choose an OUTPUT outside of INPUT",
            )
        first += coming  # before there are outputs among them
        complete = True
    owners = Owners(KNOWN)
    jobs = [owners.claimed(_in_folder(one, root, naming)) for one in first]
    for job in jobs:
        if isinstance(job.problem, SharedNamesError):
            raise UsageError(job.problem.message, hint=job.problem.hint)
    more = (owners.claimed(_in_folder(one, root, naming)) for one in coming)
    return Jobs(jobs, more, expansion, root, complete=complete, folders=bool(folders))


def _check_words(inputs: Sequence[str], output: str, listed: Iterable[str] | None) -> None:
    """Check that INPUT and OUTPUT are there, and none is an empty string."""
    if not inputs and listed is None:
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
    if output.endswith(("/", os.sep)) or (several and output != PIPE):
        return True
    return is_folder(output)


def _check_folder(output: str) -> None:
    if is_remote(output):  # where objects and folders may have the same name
        check_writable(output)
        return
    if os.path.exists(output) and not is_folder(output):  # noqa: PTH110  # Path("a/") is "a"
        raise UsageError(f"{output} is a file, and several results need a folder")


def _in_folder(found: Found, root: Place, naming: Naming) -> Job:
    """Return the job of an input whose outputs are named after it, in a folder."""
    name = pure(found.name)
    suffix = naming.suffix or name.suffix
    return Job(
        found.name,
        root / found.folder,
        "stdin" if found.name == PIPE else name.stem,
        suffix,
        split=naming.split is not False,
        problem=found.problem or _problem(found, suffix, naming),
        makes_folders=suffix.lower() in naming.folders,
        index=found.index,
        template=naming.template,
        root=root,
        known=found.known,
    )


def _in_file(found: Found, output: str, naming: Naming) -> Job:
    """Return the job of the only input, whose output the user names."""
    if naming.template:
        raise UsageError(
            "--name names outputs in a folder, but OUTPUT is a file", hint=f"{output}/"
        )
    target = pure(output)
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
        parent(output),
        target.stem,
        suffix,
        split=bool(naming.split),
        merged=None if naming.split else output,
        problem=found.problem,
        known=found.known,
    )


def _problem(found: Found, suffix: str, naming: Naming) -> ReadError | None:
    """Return why an input cannot be filtered into a folder, as far as its name tells."""
    name = shown(found.name)
    if found.empty or (not is_remote(name) and is_folder(name)):
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
