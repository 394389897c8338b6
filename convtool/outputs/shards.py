"""Divide the inputs of a run among shards: each input belongs to exactly one of them.

A shard is decided while names are listed, by what every machine sees alike; nothing is kept of the
inputs of others.
"""

import heapq
import itertools
import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from convtool.errors import UsageError
from convtool.options.run import By
from convtool.outputs.digests import digest
from convtool.places.names import is_remote
from convtool.places.stores import size_here, status

MAX_SHARDS = 10**6
_TEXT = re.compile(r"(\d+)/(\d+)", re.ASCII)


@dataclass(frozen=True)
class Shard:
    """One of several parts of the inputs.

    Attributes:
        number: which, from 1.
        of: how many there are.
        by: what decides: `name`, the hash of an input's name, so that an input keeps its shard
            whatever else is listed; `order`, in turn; or `size`, whichever has the fewest bytes
            so far, in the order of the list.
    """

    number: int
    of: int
    by: By = "name"

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def read_shard(text: str, by: By) -> Shard:
    """Return a shard from text such as `3/100`.

    >>> read_shard("3/100", "name")
    Shard(number=3, of=100, by='name')

    Raises:
        UsageError: it is none.
    """
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"--shard '{text}' is not I/N", hint="--shard 3/100 is the third of 100")
    number, of = map(int, match.groups())
    if not 1 <= of <= MAX_SHARDS:
        raise UsageError(f"--shard {text}: there can be 1 to {MAX_SHARDS:,} shards")
    if not 1 <= number <= of:
        raise UsageError(f"--shard {text}: shards are numbered 1 to {of}")
    return Shard(number, of, by)


class Sieve:
    """Tells which of the inputs that it is shown, in order, belong to a shard.

    Args:
        shard: the shard; None for all inputs.

    Attributes:
        shown: how many inputs it has been shown.
        taken: how many of them belong to the shard.
    """

    def __init__(self, shard: Shard | None) -> None:
        self.shown = self.taken = 0
        self._takes = _rule(shard)

    def takes(self, name: str, path: str, size: int | None = None) -> bool:
        """Return whether an input belongs to the shard.

        Args:
            name: the same on every machine: relative to the folder that is an INPUT, else as given.
            path: where it is.
            size: its bytes, where they are known already.
        """
        takes = self._takes(name, path, size)
        self.shown += 1
        self.taken += takes
        return takes


def _rule(shard: Shard | None) -> Callable[[str, str, int | None], bool]:
    if shard is None or shard.of == 1:
        return lambda *_: True
    wanted, of = shard.number - 1, shard.of
    if shard.by == "name":
        return lambda name, *_: _hashed(name) % of == wanted
    if shard.by == "order":
        turns = itertools.count()
        return lambda *_: next(turns) % of == wanted
    loads = [(0, number) for number in range(of)]  # a heap: bytes so far, and whose

    def lightest(_: str, path: str, size: int | None) -> bool:
        total, number = loads[0]
        heapq.heapreplace(loads, (total + max(1, _size_of(path) if size is None else size), number))
        return number == wanted

    return lightest


def _hashed(name: str) -> int:
    """Return a number that depends on a name alone, and not on the system's separator."""
    if os.sep != "/":
        name = name.replace(os.sep, "/")
    return digest(os.fsencode(name))


def _size_of(path: str) -> int:
    """Return the bytes of a file, 0 of one that is not there: it fails in its shard, in words.

    A store that does not answer ends the run: shards would divide inputs differently.
    """
    if is_remote(path):
        there = status(path)
        return 0 if there is None else there.size or 0
    return size_here(path)
