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
from typing import Any

from convtool import system
from convtool.errors import ReadError, UsageError
from convtool.media.inputs import PIPE
from convtool.outputs.naming import Naming
from convtool.outputs.shards import Shard, Sieve
from convtool.places import listing
from convtool.places.names import is_remote, plain
from convtool.places.stores import Status, info, is_folder, status_of

HERE = PurePath()


@dataclass(frozen=True)
class Found:
    """One input of a run.

    Attributes:
        name: the file, here or in a store, or `-` for standard input.
        folder: where its outputs go, below OUTPUT.
        index: its number in the list of all shards' inputs, from 1.
        problem: why it cannot be an input.
        known: what the listing of a store tells of it.
        empty: it is a folder without any input.
    """

    name: str
    folder: PurePath = HERE
    index: int = 1
    problem: ReadError | None = None
    known: Status | None = None
    empty: bool = False


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
        self._told: dict[str, dict[str, Any] | ReadError | None] = {}

    @property
    def shown(self) -> int:
        """How many inputs have been found so far, of all shards."""
        return self._sieve.shown

    def __iter__(self) -> Iterator[Found]:
        for word in self._inputs:
            if is_remote(word):
                yield from self._in_store(word)
                continue
            for name in _matches(word):
                if name != PIPE and is_folder(name):
                    yield from self._files_of(name)
                elif self._sieve.takes(name, name):
                    yield Found(name, index=self.shown, problem=_missing(word, name))
        for name in self._listed:
            if self._sieve.takes(name, name):
                yield self._of_list(name)

    def is_folder(self, word: str) -> bool:
        """Return whether a word names a folder; a store that does not answer costs that input."""
        if not is_remote(word):
            return is_folder(word)
        if word not in self._told:
            try:
                self._told[word] = info(word)
            except ReadError as exc:
                self._told[word] = exc
        told = self._told[word]
        return isinstance(told, dict) and told["type"] == "directory"

    def _files_of(self, root: str) -> Iterator[Found]:
        """Yield the files of a folder; one without any stands for itself."""
        before, prefix = self.shown, len(os.path.join(root, ""))  # noqa: PTH118
        for path, problem in _walk(root):
            relative = PurePath(path[prefix:])
            if problem is None and not self._selects(relative):
                continue
            if self._sieve.takes(str(relative), path):
                yield Found(str(PurePath(path)), relative.parent, self.shown, problem)
        yield from self._if_empty(root, before)

    def _selects(self, relative: PurePath) -> bool:
        """Return whether a file of a folder is an input, and count it where it is left out."""
        selects = self._naming.selects(relative)
        if not selects and self._naming.glob is None:
            self.left_out[relative.suffix.lower()] += 1
        return selects

    def _if_empty(self, root: str, before: int) -> Iterator[Found]:
        """Yield a folder itself, where nothing has been found since."""
        if self.shown == before and self._sieve.takes(root, root):
            yield Found(root, index=self.shown, empty=True)

    def _in_store(self, word: str) -> Iterator[Found]:
        """Yield what a word stands for in a store: a folder's objects, what a pattern matches."""
        before = self.shown
        try:
            if self.is_folder(word):
                yield from self._objects_of(word.rstrip("/"))
            elif isinstance(told := self._told[word], ReadError):
                raise told  # one place for what a store does not tell
            elif told is None and word.endswith("/"):
                raise ReadError(f"{word}: no such folder", named=True)  # noqa: TRY301
            elif told is None and listing.is_pattern(word):
                yield from self._matched(word, before)
            else:
                known = None if told is None else status_of(told)
                if self._sieve.takes(word, word, None if known is None else known.size):
                    yield Found(word, index=self.shown, known=known)
        except ReadError as exc:
            if self._sieve.takes(word, word):
                yield Found(word, index=self.shown, problem=exc)

    def _matched(self, word: str, before: int) -> Iterator[Found]:
        for entry in listing.matching(word):
            if entry.known is None:
                yield from self._objects_of(entry.name)
            elif self._sieve.takes(entry.name, entry.name, entry.size):
                yield Found(entry.name, index=self.shown, known=entry.known)
        if self.shown == before:
            raise ReadError(f"no file matches '{word}'", named=True)

    def _objects_of(self, root: str) -> Iterator[Found]:
        """Yield the objects of a remote folder; one without any stands for itself."""
        before = self.shown
        for entry in listing.below(root):
            name = entry.name[len(root) + 1 :]
            relative = PurePath(*(part for part in name.split("/") if part not in {"", "."}))
            if relative.name.startswith(".") and relative.name != "..":
                continue  # hidden, as in folders here
            problem = _leading_out(entry.name, relative)
            if problem is None and not self._selects(relative):
                continue
            if self._sieve.takes(name, entry.name, entry.size):
                folder = HERE if problem else relative.parent
                yield Found(entry.name, folder, self.shown, problem, entry.known)
        yield from self._if_empty(root, before)

    def _of_list(self, name: str) -> Found:
        """Return what a list names."""
        try:
            name = plain(name)
        except UsageError as exc:
            problem = ReadError(exc.message, hint=exc.hint, named=True)
            return Found(name, index=self.shown, problem=problem)
        return Found(name, _relative_folder(name), self.shown)


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
    folder = HERE if is_remote(name) else PurePath(name).parent
    if folder.anchor or ".." in folder.parts:
        return PurePath()
    return folder


def _leading_out(name: str, relative: PurePath) -> ReadError | None:
    """Return why an object is no input: its name would lead out of OUTPUT."""
    windows = system.WINDOWS and any(map(system.refusal_by_windows, relative.parts))
    if ".." in relative.parts or relative.anchor or windows:
        message = f"{name}: its name would lead out of OUTPUT"
        return ReadError(message, hint="a list (--files-from) takes it without its folders")
    return None
