"""Turn INPUT words into files: folders are walked. No media file is opened.

All of it streams, so that millions of names never stand in memory together.
"""

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath

from convtool.errors import ReadError
from convtool.media.inputs import PIPE
from convtool.outputs.naming import Naming
from convtool.outputs.shards import Shard, Sieve

HERE = PurePath()


@dataclass(frozen=True)
class Found:
    """One input of a run.

    Attributes:
        name: the file, or `-` for standard input.
        folder: where its outputs go, below OUTPUT.
        index: its number in the list of all shards' inputs, from 1.
        problem: why it cannot be an input.
    """

    name: str
    folder: PurePath = HERE
    index: int = 1
    problem: ReadError | None = None


class Expansion:
    """The inputs of a run in order, found while they are iterated over, once.

    Args:
        inputs: files, folders, patterns and `-`; files of a folder keep their subfolders below
            OUTPUT.
        listed: files of a list; they keep their relative folders below OUTPUT.
        naming: which files of folders are inputs.
        shard: which of the inputs are wanted; None for all.

    Attributes:
        left_out: how many files of folders are no inputs, by their suffixes.
    """

    def __init__(
        self,
        inputs: Iterable[str],
        listed: Iterable[str],
        naming: Naming,
        shard: Shard | None = None,
    ) -> None:
        self._inputs, self._listed, self._naming = inputs, listed, naming
        self._sieve = Sieve(shard)
        self.left_out: Counter[str] = Counter()

    @property
    def shown(self) -> int:
        """How many inputs have been found so far, of all shards."""
        return self._sieve.shown

    def __iter__(self) -> Iterator[Found]:
        for word in self._inputs:
            for name in _matches(word):
                if name != PIPE and is_folder(name):
                    yield from self._files_of(name)
                elif self._sieve.takes(name, name):
                    yield Found(name, index=self.shown, problem=_missing(word, name))
        for name in self._listed:
            if self._sieve.takes(name, name):
                yield Found(name, _relative_folder(name), self.shown)

    def _files_of(self, root: str) -> Iterator[Found]:
        """Yield the files of a folder; one without any stands for itself."""
        before, prefix = self.shown, len(os.path.join(root, ""))  # noqa: PTH118
        for path, problem in _walk(root):
            relative = PurePath(path[prefix:])
            if problem is None and not self._naming.selects(relative):
                if self._naming.glob is None:
                    self.left_out[relative.suffix.lower()] += 1
            elif self._sieve.takes(str(relative), path):
                yield Found(str(PurePath(path)), relative.parent, self.shown, problem)
        if self.shown == before and self._sieve.takes(root, root):
            yield Found(root, index=self.shown)


def _matches(word: str) -> list[str]:
    """Return a word, or what it matches where it is a pattern that the shell has left."""
    if not _is_pattern(word):
        return [word]
    return sorted(glob.glob(word, recursive=True)) or [word]  # noqa: PTH207  # names as given


def _is_pattern(word: str) -> bool:
    return word != PIPE and glob.has_magic(word) and not os.path.lexists(word)


def _missing(word: str, name: str) -> ReadError | None:
    """Return why a word is no input: it is a pattern that matches no file."""
    if name == word and _is_pattern(word):
        return ReadError(f"no file matches '{word}'", named=True)
    return None


def _walk(folder: str) -> Iterator[tuple[str, ReadError | None]]:
    """Yield the files below a folder, sorted; hidden ones are left out.

    A folder that cannot be listed is yielded with the reason.
    """
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as exc:
        reason = exc.strerror or exc
        yield folder, ReadError(f"{folder}: cannot be listed: {reason}")
        return
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path)
        elif not entry.name.startswith("."):
            with suppress(OSError):  # a link to itself
                if entry.is_file():
                    yield entry.path, None


def _relative_folder(name: str) -> PurePath:
    """Return the folders of a listed file, none where they would lead out of OUTPUT."""
    folder = PurePath(name).parent
    if folder.anchor or ".." in folder.parts:
        return PurePath()
    return folder


def is_folder(name: str) -> bool:
    """Return whether a word of the command line names a folder that exists."""
    return os.path.isdir(name)  # noqa: PTH112  # Path("") would be the working folder
