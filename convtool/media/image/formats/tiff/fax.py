"""Decode fax compression (ITU-T T.4 and T.6), and check every code word.

imagecodecs decodes, and fills what it does not understand; the check finds where that begins.
"""

from collections.abc import Callable, Sequence

import imagecodecs
import numpy as np

from convtool.media.image.formats.tiff.fax_codes import (
    BITS,
    BLACK,
    END_OF_LINE,
    HORIZONTAL,
    MODES,
    PASS,
    WHITE,
)
from convtool.media.image.formats.tiff.tags import Compression
from convtool.media.image.samples import Samples

TWO_DIMENSIONAL = 1  # a flag of the options


class _FaultError(ValueError):
    """A code word that does not exist, or a row that is too long."""


def decode(
    data: bytes, compression: Compression, rows: int, columns: int, options: int
) -> tuple[Samples, int]:
    """Return the pixels of a segment, and how many rows are intact; the others are 0.

    Args:
        data: the code words, the highest bit of a byte first.
        compression: one of the three kinds.
        rows: how many it has.
        columns: how many each row has.
        options: the tag T4Options.

    Shape: (rows, columns)
    """
    if compression == Compression.FAX_RUNS:
        samples = imagecodecs.ccittrle_decode(data, rows, columns)
    elif compression == Compression.FAX_3:
        samples = imagecodecs.ccittfax3_decode(data, rows, columns, t4options=options)
    else:
        samples = imagecodecs.ccittfax4_decode(data, rows, columns)
    intact = intact_rows(data, compression, rows, columns, options)
    result = np.array(samples).reshape(rows, columns)
    result[intact:] = 0
    return result, intact


def intact_rows(
    data: bytes, compression: Compression, rows: int, columns: int, options: int
) -> int:
    """Return how many rows come before the first fault; arguments as of `decode`."""
    line = _Line(data, columns)
    step: Callable[[], None] = line.two_dimensional
    if compression == Compression.FAX_RUNS:
        step = line.aligned
    elif compression == Compression.FAX_3:
        tagged = bool(options & TWO_DIMENSIONAL)

        def step() -> None:
            line.after_end_of_line(tagged=tagged)

    for row in range(rows):
        try:
            step()
        except (_FaultError, IndexError):
            return row
    return rows


class _Line:
    """Rows of code words, of which each is checked against the one before it.

    Args:
        data: the code words.
        columns: of a row.
    """

    def __init__(self, data: bytes, columns: int) -> None:
        bits = np.unpackbits(np.frombuffer(data, np.uint8))
        self._length = len(bits)
        padded = np.concatenate([bits, np.zeros(BITS, np.uint8)]).astype(np.uint16)
        windows = np.zeros(len(bits) + 1, np.uint16)
        for bit in range(BITS):
            windows |= padded[bit : bit + len(windows)] << (BITS - 1 - bit)
        self._windows = windows.data  # the next bits at every place
        self._columns = columns
        self._place = 0
        self._changes: list[int] = []  # columns where the colour of the last row changes

    def aligned(self) -> None:
        """Check a row of runs that begins with a byte."""
        self._place += -self._place % 8
        self._runs()

    def after_end_of_line(self, *, tagged: bool) -> None:
        """Check a row after its end-of-line code, which some programs leave out.

        Args:
            tagged: a bit says whether the row is of runs.
        """
        found = self._windows[self._place] >> (BITS - END_OF_LINE) == 0
        while found and not self._windows[self._place] >> (BITS - 1):
            self._place += 1
        self._place += found
        if not tagged:
            self._runs()
            return
        of_runs = self._windows[self._place] >> (BITS - 1)
        self._place += 1
        if of_runs:
            self._runs()
        else:
            self.two_dimensional()

    def two_dimensional(self) -> None:
        """Check a row that is coded by the one before it (T.6, section 2.2)."""
        columns, windows = self._columns, self._windows
        before = [*self._changes, columns, columns, columns, columns]
        changes: list[int] = []
        at, place, black = -1, self._place, 0
        index = 0  # of the next change before, of the colour that is looked for
        while at < columns:
            while before[index] <= at and before[index] < columns:
                index += 2
            mode, length = MODES[windows[place]]
            place += length
            if mode == PASS:
                at = before[index + 1]
            elif mode == HORIZONTAL:
                at = max(at, 0)
                for tables in (BLACK, WHITE) if black else (WHITE, BLACK):
                    run, place = self._run(tables, place)
                    at += run
                    changes.append(at)
            elif length:
                if before[index] + mode <= at:
                    raise _FaultError
                at = before[index] + mode
                changes.append(at)
                black = not black
                index += -1 if index else 1
            else:
                raise _FaultError
        self._end(changes, at, place)

    def _runs(self) -> None:
        changes: list[int] = []
        at, place, black = 0, self._place, False
        while at < self._columns:
            run, place = self._run(BLACK if black else WHITE, place)
            at += run
            changes.append(at)
            black = not black
        self._end(changes, at, place)

    def _run(self, tables: Sequence[tuple[int, int]], place: int) -> tuple[int, int]:
        """Return the length of a run, and the place after it."""
        total = 0
        while True:
            run, length = tables[self._windows[place]]
            if not length:
                raise _FaultError
            place += length
            total += run
            if run < 64:  # multiples of it do not end a run
                return total, place

    def _end(self, changes: list[int], at: int, place: int) -> None:
        if at > self._columns or place > self._length:
            raise _FaultError
        self._changes, self._place = changes, place
