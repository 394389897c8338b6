"""Policies of all media: notes, unknown names, empty, truncated and non-finite inputs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from convtool.errors import ReadError, UsageError
from convtool.options.reading import Reading
from convtool.sizes import are

T = TypeVar("T")
Samples = NDArray[Any]


class Notes:
    """What a user should know of an input or an output.

    Attributes:
        notes: in the order in which they came.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Add a note, once."""
        if text not in self.notes:
            self.notes.append(text)


def named(suffix: str, known: Mapping[str, T], problem: str) -> T:
    """Return what `.png` or `png` stands for.

    Args:
        suffix: with or without its dot, in any case.
        known: by suffixes with a dot.
        problem: the beginning of the message where it is unknown.

    Raises:
        UsageError: it is unknown.
    """
    key = f".{suffix.lower().removeprefix('.')}"
    if key not in known:
        raise UsageError(f"{problem} '{suffix}'", hint=f"known: {' '.join(known)}")
    return known[key]


def listed(words: Sequence[str]) -> str:
    """Return words as English lists them.

    >>> listed(["XMP", "IPTC", "resolution"])
    'XMP, IPTC and resolution'
    """
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last


def refuse_empty(file: BinaryIO, name: str) -> None:
    """Check that a file holds at least one byte, and go back to its beginning.

    Raises:
        ReadError: it is empty.
    """
    first = file.read(1)
    file.seek(0)
    if not first:
        raise ReadError(f"{name}: the file is empty")


def refuse_truncated(
    notes: Notes, name: str, loss: str, reading: Reading, cause: Exception | None = None
) -> None:
    """Refuse a file that ends early, or note the loss where that is allowed.

    Args:
        notes: where the loss is noted.
        name: of the file, for messages.
        loss: how much is there, of how much.
        reading: says whether it is allowed.
        cause: what a decoder raised.

    Raises:
        ReadError: it is not allowed.
    """
    _refuse(notes, name, f"truncated: {loss}", reading, cause)


def refuse_damaged(
    notes: Notes, name: str, fault: str, reading: Reading, cause: Exception | None = None
) -> None:
    """Refuse a damaged file, or note the fault where that is allowed.

    Args:
        notes: where the fault is noted.
        name: of the file, for messages.
        fault: what is damaged.
        reading: says whether it is allowed.
        cause: what a decoder raised.

    Raises:
        ReadError: it is not allowed.
    """
    _refuse(notes, name, f"damaged: {fault}", reading, cause)


def _refuse(notes: Notes, name: str, fault: str, reading: Reading, cause: Exception | None) -> None:
    if not reading.allow_truncated:
        raise ReadError(f"{name}: {fault}", hint="--allow-truncated reads what there is") from cause
    notes.note(fault)


def finite(samples: Samples, reading: Reading, name: str, rest: Iterable[Samples] = ()) -> Samples:
    """Return floats without NaN and infinite ones, replaced where that is allowed.

    Args:
        samples: floats.
        reading: says by which value they are replaced.
        name: of the file, for messages.
        rest: further samples of the file, whose bad ones are counted in the message.

    Raises:
        ReadError: there are some, and no value for them.
    """
    good = np.isfinite(samples)
    if good.all():
        return samples
    if reading.nan is None:
        count = int((~good).sum()) + sum(int((~np.isfinite(more)).sum()) for more in rest)
        raise ReadError(
            f"{name}: {are(count, 'sample')} NaN or infinite", hint="--nan VALUE replaces them"
        )
    return np.where(good, samples, samples.dtype.type(reading.nan))
