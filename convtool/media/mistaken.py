"""Recognize files that are given to the command of another medium, by their suffixes."""

from pathlib import PurePath

from convtool.errors import ReadError
from convtool.media.registry import MEDIA


def of_another_medium(name: str, medium: str) -> ReadError | None:
    """Return the error of a file whose suffix is one of other media only; None for any other.

    Args:
        name: of the file.
        medium: the name of the medium that it was given to.
    """
    suffix = PurePath(name).suffix.lower()
    if medium in MEDIA and suffix in MEDIA[medium].backend.readable:
        return None
    for other in MEDIA.values():
        if suffix and other.name != medium and suffix in other.backend.readable:
            return ReadError(
                f"{name} is {with_article(other.one)}",
                hint=f"`convtool {other.name}` filters it",
                named=True,
            )
    return None


def with_article(noun: str) -> str:
    """Return a noun with its article.

    >>> with_article("image"), with_article("video")
    ('an image', 'a video')
    """
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
