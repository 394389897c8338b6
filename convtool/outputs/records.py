"""Read what earlier runs recorded of a folder's outputs: the manifests of all shards and machines.

A folder may hold the outputs of millions of inputs. So only the place of each record is kept, by a
hash of its input, and a record is read when its input is asked for.
"""

import hashlib
import json
import re
import threading
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.outputs.shards import Shard

_NAME = re.compile(r"\.convtool(?:-(\d+)-of-(\d+))?(?:-on-[\w.-]+)?\.jsonl", re.ASCII)
_NOT_IN_NAMES = re.compile(r"[^\w.-]", re.ASCII)
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


def manifests(root: Path) -> dict[Path, Shard | None]:
    """Return the manifests in a folder, each with the shard whose it is."""
    found: dict[Path, Shard | None] = {}
    for path in sorted(root.glob(".convtool*.jsonl")):
        if match := _NAME.fullmatch(path.name):
            number, of = match.groups()
            found[path] = Shard(int(number), int(of)) if of else None
    return found


def lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each record of a manifest with its offset in the file; damaged ones are left out."""
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        offset = 0
        for line in file:
            if (record := _parsed(line)) is not None:
                yield offset, record
            offset += len(line)


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return a record, or None where a full disk has truncated it, or somebody else wrote it."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("how"), str) else None


def digest(text: str) -> int:
    """Return a number of 64 bits that stands for a text."""
    data = text.encode(errors="surrogateescape")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


class Records:
    """The records of outputs in a folder, as earlier runs left them; read when first asked for.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._paths: list[Path] = []
        self._hashes: NDArray[np.uint64] | None = None
        self._places: NDArray[np.uint64] | None = None
        self._lock = threading.Lock()

    def of(self, name: str) -> list[dict[str, Any]]:
        """Return the records of the outputs of an input.

        Args:
            name: the real path of the input.
        """
        with self._lock:
            if self._hashes is None:
                self._index()
            assert self._hashes is not None
            assert self._places is not None
            key = np.uint64(digest(name))
            first = np.searchsorted(self._hashes, key, "left")
            last = np.searchsorted(self._hashes, key, "right")
            places = [int(place) for place in self._places[first:last]]
        found = (self._at(place) for place in places)
        return [record for record in found if record is not None and record["of"] == name]

    def _index(self) -> None:
        hashes, places = array("Q"), array("Q")
        for path in manifests(self._root):
            start = len(self._paths) * _FILE
            self._paths.append(path)
            for offset, record in lines(path):
                if _is_of_outputs(record):
                    hashes.append(digest(record["of"]))
                    places.append(start + offset)
        order = np.argsort(np.asarray(hashes), kind="stable")
        self._places = np.asarray(places)[order]
        self._hashes = np.asarray(hashes)[order]

    def _at(self, place: int) -> dict[str, Any] | None:
        number, offset = divmod(place, _FILE)
        try:
            with self._paths[number].open("rb") as file:
                file.seek(offset)
                record = _parsed(file.readline())
        except OSError:
            return None
        return record if record is not None and _is_of_outputs(record) else None


def _is_of_outputs(record: dict[str, Any]) -> bool:
    """Return whether a record is whole, and states the outputs of an input."""
    return (
        isinstance(record.get("of"), str)
        and isinstance(record.get("outputs"), dict)
        and "input" in record
    )
