"""What a format offers for reading: a Reader of an opened file."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol, runtime_checkable

from convtool.errors import ConvtoolError, ReadError
from convtool.media.image.metadata import Metadata
from convtool.media.image.samples import Header, Pixels
from convtool.media.policies import Notes, refuse_damaged, refuse_truncated
from convtool.options.reading import ImageReading

DAMAGED = "the image cannot be read: it is damaged, or of a kind that is not supported"
ENDS_EARLY = "the image data ends early"


class ImageInput(Notes):
    """An image file to be read.

    Args:
        stream: its bytes, seekable.
        name: what messages call it.
        reading: its limits, and which faults are tolerated.
    """

    def __init__(self, stream: BinaryIO, name: str, reading: ImageReading) -> None:
        super().__init__()
        self.stream, self.name, self.reading = stream, name, reading

    def refuse_truncated(self, loss: str) -> None:
        """Refuse it because it ends early, or note how much is there."""
        refuse_truncated(self, self.name, loss, self.reading)

    def refuse_damaged(self, damage: str) -> None:
        """Refuse it because it is damaged, or note the damage."""
        refuse_damaged(self, self.name, damage, self.reading)


class Reader(Protocol):
    """An opened image file; it may raise any exception, which the source translates.

    Attributes:
        count: the number of pages or frames that the file declares.
        metadata: what is kept beside the pixels.
        tolerant: its decoder can return the intact part of a truncated file.
    """

    count: int
    metadata: Metadata
    tolerant: bool

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Return the height and width of every page, as stored, without decoding one."""

    def header(self, index: int) -> Header:
        """Return what is known of a page before it is decoded.

        Raises:
            EOFError: there are fewer pages.
        """

    def decode(self, index: int) -> Pixels:
        """Return a page, upright; a single one only once."""


@runtime_checkable
class RowReader(Reader, Protocol):
    """A reader that also gives out pages row by row, where `Header.by_rows` says so."""

    def rows(self, index: int) -> Iterator[Pixels]:
        """Yield what `decode` returns, in bands of any number of rows; as often as it is asked."""


@contextmanager
def decoding(name: str, fault: str = DAMAGED) -> Iterator[None]:
    """Turn any exception of a decoder into an error in words.

    Args:
        name: of the file.
        fault: the words.

    Raises:
        ReadError: one was raised.
    """
    try:
        yield
    except ConvtoolError:
        raise
    except Exception as exc:
        raise ReadError(f"{name}: {fault}") from exc
