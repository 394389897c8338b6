"""CSV: an image as a table of numbers, one grey pixel each."""

from collections.abc import Iterable
from functools import cached_property

import numpy as np
import torch

from convtool.media.csv_file import begins_as_table, read_csv
from convtool.media.image.format import Format, Row
from convtool.media.image.metadata import Metadata
from convtool.media.image.reader import ImageInput, Reader
from convtool.media.image.samples import GREY, Header, Pixels, Samples


class CsvReader:
    """A table of numbers: the image is as high as it has lines.

    Args:
        file: the file.

    Attributes:
        count, metadata, tolerant: as of every Reader.

    Raises:
        ValueError: it holds something else than numbers, or lines differ in length.
        LimitError: it takes too much memory.
    """

    count = 1
    tolerant = False

    def __init__(self, file: ImageInput) -> None:
        self._file, self.metadata = file, Metadata()
        low, high = float(np.nanmin(self._table)), float(np.nanmax(self._table))
        if low < 0 or high > 1:
            file.note(f"numbers from {low:g} to {high:g} read as they are; 0 is black, 1 is white")

    @cached_property
    def _table(self) -> Samples:
        file = self._file
        table = read_csv(file.stream, file.name, file.reading.max_memory)
        return table.astype(np.float32)[..., None]

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Return the height and width."""
        return [self._table.shape[:2]]

    def header(self, index: int) -> Header:
        """Return what is known of the image before it is read."""
        del index  # there is one
        height, width, _ = self._table.shape
        return Header((height, width), GREY, torch.float32)

    def decode(self, index: int) -> Pixels:
        """Return the image."""
        del index
        return Pixels(self._table)


class Csv(Format):
    """CSV, which is read only."""

    name = "CSV"
    suffixes = (".csv",)
    writable = False
    sought = False  # a table in a folder of photos is hardly one of them
    reads = (Row("a table of numbers", "as they are, 0 is black and 1 is white", "grey floats"),)

    def matches(self, start: bytes) -> bool:
        """Return True where a file begins with numbers."""
        return begins_as_table(start)

    def open(self, file: ImageInput) -> Reader:
        """Open a file for reading."""
        return CsvReader(file)


FORMAT = Csv()
