"""Read what earlier runs recorded of a folder's outputs: the manifests of all shards and machines.

A folder may hold the outputs of millions of inputs. So only the place of each record is kept, by a
hash of its input, and a record is read when its input is asked for.
"""

import json
import re
import shutil
import tempfile
import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from convtool.outputs.digests import digest
from convtool.outputs.shards import Shard
from convtool.places.listing import starting
from convtool.places.names import Place, RemotePath
from convtool.places.reading import remote_file

_NAME = re.compile(
    r"\.convtool(?:-(\d+)-of-(\d+))?(-on-[\w.-]+?)?(?:\.[0-9a-f]{15}-\d+)?\.jsonl", re.ASCII
)
_NOT_IN_NAMES = re.compile(r"[^\w.-]", re.ASCII)
_TYPES = {"of": str, "begun": float, "inputs": int, "outputs": dict}
_FILE = 2**44  # one file's offsets are below it


def name_for(shard: Shard | None, node: str | None = None) -> str:
    """Return the name of the manifest that a run writes.

    Args:
        shard: of the run.
        node: the machine that writes, where several filter for one run; its processes append to
            one file, which machines cannot.

    >>> name_for(None), name_for(Shard(3, 100)), name_for(None, "gpu-7")
    ('.convtool.jsonl', '.convtool-3-of-100.jsonl', '.convtool-on-gpu-7.jsonl')
    """
    part = "" if shard is None else f"-{shard.number}-of-{shard.of}"
    place = "" if node is None else f"-on-{_NOT_IN_NAMES.sub('_', node)}"
    return f".convtool{part}{place}.jsonl"


@dataclass(frozen=True)
class Written:
    """Manifests of one writer.

    Attributes:
        shard: whose they are; None without shards.
        is_main: they are the shard's own, not those of a machine that filtered for it.
        paths: one file; in a store, objects of each of its runs, the oldest first.
    """

    shard: Shard | None
    is_main: bool
    paths: list[Place]


def manifests(root: Place) -> list[Written]:
    """Return the manifests of a folder, by who wrote them.

    Raises:
        ReadError: the store does not answer, or denies access.
    """
    found: dict[tuple[str, ...], Written] = {}
    for path in _hidden(root):
        if match := _NAME.fullmatch(path.name):
            number, of, node = match.groups("")
            shard = Shard(int(number), int(of)) if of else None
            one = found.setdefault((number, of, node), Written(shard, not node, []))
            one.paths.append(path)
    return list(found.values())


def _hidden(root: Place) -> Sequence[Place]:
    """Return the files of a folder that may be manifests, in order."""
    if isinstance(root, RemotePath):
        return [RemotePath(entry.name) for entry in starting(root.url, ".convtool")]
    return sorted(root.glob(".convtool*.jsonl"))


def lines(path: Place) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each record of a manifest with its offset in the file; damaged ones are left out.

    Raises:
        ReadError: the store does not answer, or denies access.
    """
    if isinstance(path, RemotePath):
        with remote_file(path.url) as remote:
            yield from _lines_of(remote)
        return
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        yield from _lines_of(file)


def _lines_of(file: BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
    offset = 0
    for line in file:
        if (record := _parsed(line)) is not None:
            yield offset, record
        offset += len(line)


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return a record, or None where a full disk has truncated it, or somebody else wrote it."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and _fits(record) else None


def _fits(record: dict[str, Any]) -> bool:
    """Return whether the fields that are read have the types that they are written with."""
    return isinstance(record.get("how"), str) and all(
        isinstance(record[name], type_) for name, type_ in _TYPES.items() if name in record
    )


def key_of(name: str) -> int:
    """Return a number that stands for the name of an input, also for what is no name."""
    return digest(name.encode(errors="surrogatepass"))


class Records:
    """The records of outputs in a folder, as earlier runs left them; read when first asked for.

    Those in a store are copied into one temporary file without a name.

    Args:
        root: the folder.
    """

    def __init__(self, root: Place) -> None:
        self._root = root
        self._files: list[Callable[[], AbstractContextManager[BinaryIO]]] = []
        self._hashes: NDArray[np.uint64] | None = None
        self._places: NDArray[np.uint64] | None = None
        self._lock = threading.Lock()

    def of(self, name: str) -> list[dict[str, Any]]:
        """Return the records of the outputs of an input.

        Args:
            name: the real name of the input.

        Raises:
            ReadError: the store does not answer, or denies access.
        """
        with self._lock:
            if self._hashes is None:
                self._index()
            assert self._hashes is not None
            assert self._places is not None
            key = np.uint64(key_of(name))
            first = np.searchsorted(self._hashes, key, "left")
            last = np.searchsorted(self._hashes, key, "right")
            found = [self._at(int(place)) for place in self._places[first:last]]
        return [record for record in found if record is not None and record["of"] == name]

    def _index(self) -> None:
        hashes, places = array("Q"), array("Q")
        self._files = self._opening()
        for number, opening in enumerate(self._files):
            with suppress(OSError), opening() as file:
                for offset, record in _lines_of(file):
                    if _is_of_outputs(record):
                        hashes.append(key_of(record["of"]))
                        places.append(number * _FILE + offset)
        order = np.argsort(np.asarray(hashes), kind="stable")
        self._places = np.asarray(places)[order]
        self._hashes = np.asarray(hashes)[order]

    def _opening(self) -> list[Callable[[], AbstractContextManager[BinaryIO]]]:
        """Return what opens each file of records."""
        paths = [path for one in manifests(self._root) for path in one.paths]
        here = [path for path in paths if isinstance(path, Path)]
        if len(here) == len(paths):
            return [partial(_open, path) for path in here]
        copy = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115  # as long as the run
        for path in paths:
            with remote_file(str(path)) as remote:
                shutil.copyfileobj(remote, copy)
        copy.seek(0)
        return [lambda: nullcontext(copy)]

    def _at(self, place: int) -> dict[str, Any] | None:
        number, offset = divmod(place, _FILE)
        try:
            with self._files[number]() as file:
                file.seek(offset)
                record = _parsed(file.readline())
        except OSError:
            return None
        return record if record is not None and _is_of_outputs(record) else None


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _is_of_outputs(record: dict[str, Any]) -> bool:
    """Return whether a record states the outputs of an input."""
    return {"of", "input", "outputs"} <= record.keys()
