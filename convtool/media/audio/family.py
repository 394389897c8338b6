"""A format family: the formats that one library reads, and how it is told that a file is of them.

It must not import the library, which is loaded when it opens its first file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from convtool.media.audio.streams import AudioDecoder


@dataclass(frozen=True)
class Signature:
    """Bytes that files of a format begin with.

    Attributes:
        content: the bytes.
        offset: where they stand.
    """

    content: bytes
    offset: int = 0


@dataclass(frozen=True)
class Family:
    """The formats that one library reads.

    Attributes:
        name: of the library.
        suffixes: of its files, for finding them in folders.
        signatures: of the formats that belong to it; it may read others, too.
        open: returns the decoder of a file, which has a name for messages; raises ReadError.
        strict: it only tries files that no other family recognizes.
    """

    name: str
    suffixes: tuple[str, ...]
    signatures: tuple[Signature, ...]
    open: Callable[[BinaryIO, str], AudioDecoder]
    strict: bool = False

    def recognizes(self, start: bytes) -> bool:
        """Return True where a file's first bytes have one of the signatures."""
        return any(start.startswith(sign.content, sign.offset) for sign in self.signatures)
