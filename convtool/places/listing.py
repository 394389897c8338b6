"""List what lies below a remote folder, or matches a pattern, in order, as the store tells it.

S3 is listed page by page, a thousand names at a time; other stores folder by folder. Names that are
listed come with their sizes, so that nothing needs to be asked of each object.
"""

import fnmatch
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from convtool.errors import UsageError
from convtool.places.names import READ_ONLY, scheme_of, shown
from convtool.places.stores import Status, path_of, status_of, store
from convtool.places.words import told

PAGE = 1000
MAGIC = re.compile(r"[*?\[]")
ANY = "**"


@dataclass(frozen=True)
class Entry:
    """An object or a folder that is listed.

    Attributes:
        name: its remote name.
        known: its size and version; None of a folder.
    """

    name: str
    known: Status | None

    @property
    def size(self) -> int | None:
        """The bytes of an object."""
        return None if self.known is None else self.known.size


def below(folder: str) -> Iterator[Entry]:
    """Yield the objects below a folder and its subfolders, in the order of their names.

    Raises:
        ReadError: the store does not answer, or denies access.
    """
    yield from (entry for entry in _listed(folder, deep=True) if entry.known is not None)


def starting(folder: str, stem: str) -> Iterator[Entry]:
    """Yield the objects and folders of a folder whose names begin alike, in order.

    Raises:
        ReadError: the store does not answer, or denies access.
    """
    for entry in _listed(folder, stem, deep=False):
        if entry.name[len(folder) + 1 :].startswith(stem):
            yield entry


def is_pattern(name: str) -> bool:
    """Return whether a remote name is a pattern, if there is no object of that very name."""
    return scheme_of(name) not in READ_ONLY and MAGIC.search(name) is not None


def matching(pattern: str) -> Iterator[Entry]:
    """Yield the objects and folders that a pattern matches, in order; `**` is any folders.

    Raises:
        ReadError: the store does not answer, or denies access.
        UsageError: the bucket itself is a pattern.
    """
    scheme, _, rest = pattern.partition("://")
    bucket, *parts = rest.rstrip("/").split("/")
    if MAGIC.search(bucket):
        raise UsageError(f"{pattern}: a pattern cannot stand for buckets")
    fixed = next(at for at, part in enumerate(parts) if MAGIC.search(part))
    folder = "/".join([f"{scheme}://{bucket}", *parts[:fixed]])
    yield from _matching(folder, parts[fixed:])


def _matching(folder: str, parts: list[str]) -> Iterator[Entry]:
    """Yield what matches the parts of a pattern below a folder."""
    if ANY in parts:
        for entry in below(folder):
            if _match(entry.name[len(folder) + 1 :].split("/"), parts):
                yield entry
        return
    part, *rest = parts
    for entry in starting(folder, MAGIC.split(part, maxsplit=1)[0]):
        if not _match([entry.name[len(folder) + 1 :]], [part]):
            continue
        if not rest:
            yield entry
        elif entry.known is None:
            yield from _matching(entry.name, rest)


def _match(names: list[str], parts: list[str]) -> bool:
    """Return whether the parts of a name match those of a pattern; `*` matches nothing hidden."""
    if not names or not parts:
        return names == parts or set(parts) == {ANY}
    name, part = names[0], parts[0]
    fits = not name.startswith(".") or part.startswith(".")
    if part == ANY:
        return _match(names, parts[1:]) or (fits and _match(names[1:], parts))
    return fits and fnmatch.fnmatchcase(name, part) and _match(names[1:], parts[1:])


def _listed(folder: str, stem: str = "", *, deep: bool) -> Iterator[Entry]:
    """Yield the entries of a folder in order: of all levels, or of the first alone.

    Args:
        folder: its remote name.
        stem: S3 tells only names that begin like this; other stores tell all.
        deep: all levels.
    """
    scheme = scheme_of(folder)
    if scheme in READ_ONLY:
        raise UsageError(f"{shown(folder)}: {scheme}:// has no folders")
    files, path, head = store(folder), path_of(folder), f"{scheme}://"
    if scheme == "s3":
        pages = _pages(files, path, stem, deep=deep)
    else:
        pages = _folders(files, path, deep=deep)
    while True:
        with told(folder):
            page = next(pages, None)
        if page is None:
            return
        for each in page:
            name = f"{head}{each['name'].lstrip('/')}"
            if each["type"] == "directory":
                if (name := name.rstrip("/")) != folder.rstrip("/"):
                    yield Entry(name, None)
            elif not name.endswith("/"):  # which stands for a folder
                yield Entry(name, status_of(each))


def _pages(files: Any, path: str, stem: str, *, deep: bool) -> Iterator[list[dict[str, Any]]]:
    """Yield the pages of a listing of S3, which are in order."""
    bucket, key, _ = files.split_path(path)
    prefix = f"{key}/{stem}" if key else stem
    found = files._iterdir(bucket, delimiter="" if deep else "/", prefix=prefix)  # noqa: SLF001
    sync = import_module("fsspec.asyn").sync
    while page := sync(files.loop, _taken, found):
        yield page if deep else sorted(page, key=lambda each: str(each["name"]))


async def _taken(found: AsyncIterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the next entries of a listing, as many as a page has."""
    page: list[dict[str, Any]] = []
    async for each in found:
        page.append(each)
        if len(page) == PAGE:
            break
    return page


def _folders(files: Any, path: str, *, deep: bool) -> Iterator[list[dict[str, Any]]]:
    """Yield the entries of a folder, and then those of its subfolders, one folder at a time."""
    try:
        entries = files.ls(path, detail=True)
    except FileNotFoundError:
        return
    entries = [each for each in entries if each["name"].strip("/") != path]
    for each in sorted(entries, key=lambda each: str(each["name"])):
        if deep and each["type"] == "directory":
            yield from _folders(files, each["name"].rstrip("/"), deep=True)
        else:
            yield [each]
