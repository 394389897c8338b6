"""How image files are read and written."""

from typing import BinaryIO

from convtool.media.contract import Wanted
from convtool.media.image import formats
from convtool.media.image.encoding import ImageEncoding, encoding
from convtool.media.image.part import ImagePart
from convtool.media.image.source import ImageSource
from convtool.options.reading import ImageReading


class ImageBackend:
    """The backend of the medium `image`.

    Attributes:
        readable: suffixes of files that are found in folders.
        writable: suffixes that outputs can have, each with its format.
        folders: none, as each output is one file.
    """

    readable = frozenset(formats.READABLE)
    writable = formats.WRITABLE
    folders: frozenset[str] = frozenset()

    def check_suffix(self, suffix: str) -> None:
        """Check that outputs can have a suffix, with its dot or without.

        Raises:
            UsageError: they cannot.
        """
        formats.format_of(suffix)

    def open(self, file: BinaryIO, name: str, reading: ImageReading) -> ImageSource:
        """Open an image file.

        Args:
            file: its bytes, seekable.
            name: what messages call it.
            reading: its limits, and which faults are tolerated.

        Raises:
            ReadError: it cannot be read.
        """
        return ImageSource(file, name, reading)

    def encoding(self, source: ImageSource, part: ImagePart, wanted: Wanted) -> ImageEncoding:
        """Decide how the result of a part is stored, nearest to how the part itself is.

        Raises:
            UsageError: an option does not fit the format.
            WriteError: the format cannot hold what is wanted.
        """
        return encoding(source, part, wanted)


BACKEND = ImageBackend()
