"""The run-length compression of Windows bitmaps, of 4 and 8 bits."""

import numpy as np

from convtool.media.image.samples import Samples

END_OF_ROW, END, DELTA = 0, 1, 2
BYTE = 8  # bits


def unpacked(data: bytes, shape: tuple[int, int], bits: int) -> tuple[Samples, bool]:
    """Return indices, the last row first, and whether the runs are complete and in the image.

    Pixels that are skipped are 0.

    Args:
        data: the runs.
        shape: the height and width.
        bits: 4 or 8.

    Shape: (H, W)
    """
    height, width = shape
    values = np.zeros(shape, np.uint8)
    row = column = place = 0
    while place + 1 < len(data):
        count, value = data[place], data[place + 1]
        place += 2
        if count:
            run = _indices(bytes([value]) * -(-count * bits // BYTE), bits)[:count]
        elif value == END_OF_ROW:
            row, column = row + 1, 0
            continue
        elif value == END:
            return values, True
        elif value == DELTA:
            if place + 1 >= len(data):
                return values, False
            column, row = column + data[place], row + data[place + 1]
            place += 2
            continue
        else:
            length = -(-value * bits // BYTE)
            run = _indices(data[place : place + length], bits)[:value]
            if len(run) < value:
                return values, False
            place += length + length % 2
        if row >= height:
            return values, False
        shown = run[: max(0, width - column)]  # some programs pad rows to whole words
        values[row, column : column + len(shown)] = shown
        column += len(run)
    return values, row >= height or (row == height - 1 and column >= width)


def _indices(data: bytes, bits: int) -> Samples:
    found = np.frombuffer(data, np.uint8)
    if bits == BYTE:
        return found
    return np.stack([found >> 4, found & 15], -1).ravel()
