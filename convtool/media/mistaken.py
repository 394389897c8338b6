"""Recognize the medium of files, also of those that are given to the command of another."""

from contextlib import suppress
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO

from convtool.errors import LimitError, ReadError
from convtool.media.registry import MEDIA, Medium
from convtool.options.reading import Reading

if TYPE_CHECKING:
    from convtool.media.contract import Source

NUMBERS = ".npy"  # which may be numbers of any medium


def medium_of(name: str, file: BinaryIO) -> Medium:
    """Return the medium of a file: the first that reads its suffix, else its content.

    Args:
        name: of the file.
        file: its bytes, seekable; they are read where the suffix is unknown.

    Raises:
        ReadError: no medium reads it.
    """
    suffix = PurePath(name).suffix.lower()
    for medium in MEDIA.values():
        if suffix in medium.backend.readable:
            return medium
    for medium in MEDIA.values():
        file.seek(0)
        with suppress(ReadError):
            medium.backend.open(file, name, medium.reading())
            file.seek(0)
            return medium
    raise ReadError(
        f"{name}: is neither an image nor audio nor video that can be read",
        hint="--medium says which it is",
    )


def of_another_medium(name: str, medium: str) -> ReadError | None:
    """Return the error of a file whose suffix is one of other media only; None for any other.

    Args:
        name: of the file.
        medium: the name of the medium that it was given to.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix == NUMBERS or (medium in MEDIA and suffix in MEDIA[medium].backend.readable):
        return None
    for other in MEDIA.values():
        if suffix and other.name != medium and suffix in other.backend.readable:
            return ReadError(
                f"{name} is {with_article(other.one)}",
                hint=f"`convtool {other.name}` filters it",
                named=True,
            )
    return None


def open_source(medium: Medium, file: BinaryIO, name: str, reading: Reading) -> "Source":
    """Return an input, opened by the backend of a medium.

    Raises:
        ReadError: it cannot be read, perhaps as it is of another medium.
    """
    try:
        return medium.backend.open(file, name, reading)
    except LimitError:
        raise
    except ReadError as exc:
        raise of_another_medium(name, medium.name) or exc from exc


def with_article(noun: str) -> str:
    """Return a noun with its article.

    >>> with_article("image"), with_article("video")
    ('an image', 'a video')
    """
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
