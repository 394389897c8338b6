"""The memory of a run: what things need, by estimates, and the budget that jobs share.

It counts what headers and plans declare; it measures nothing. Large jobs wait for each other, and
those over the limit are refused.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from convtool.errors import LimitError

MEBI = 2**20

SPOOLED = 64 * MEBI  # of a pipe's content; what comes after it goes to a temporary file

# What estimates of memory are made of, measured. How often an image format copies the samples that
# it saves is stated beside each format.

# A layer.
BLOCK_COPIES = 3  # of a block: staged, between two passes, and as sums
SPECTRUM_COPIES = 3  # of the spectrum of a kernel, which is computed in float64
RESULT_COPIES = 3  # of a file's result for `apply`: in blocks, joined, normalized

# Images.
IMAGE_SAVED = 32 * MEBI  # bytes of samples that rows must save: photos are faster as a whole
IMAGE_PIXELS = 2**31  # of a file, unless another limit is given
IMAGE_PIXELS_HELD = 2**28  # the same where an image is held whole: few bytes can declare many
IMAGE_BLEED_BYTES = 12  # per sample of an image with transparency, filled in floats
IMAGE_GRID_CHANNELS = 3  # of each tile, grey ones too
IMAGE_GRID_COPIES = 4  # of an image with several tiles
IMAGE_SHEET_TILES = 3  # that the input of a sheet takes: it is there as floats, too

# Video.
VIDEO_DECODED_FRAMES = 8  # that decoders keep for others to refer to, beside one per thread
VIDEO_ENCODED_FRAMES = 32  # that encoders look ahead, with all of their chroma
VIDEO_PIXEL_BYTES = 6  # of the largest pixel that is decoded: three samples of 16 bits


def refuse_larger(what: str, needed: int, limit: int) -> None:
    """Check the memory that something needs against the budget.

    Args:
        what: the beginning of the message.
        needed: bytes.
        limit: the value of `--max-memory`, in MiB.

    Raises:
        LimitError: it is larger.
    """
    if needed > limit * MEBI:
        raise LimitError(
            f"{what} takes about {-(-needed // MEBI)} MiB of memory, the limit is {limit} MiB",
            hint="raise it with --max-memory",
        )


def worth_rows(whole: int, by_rows: int | None) -> bool:
    """Return whether an image is read or written by rows, which takes longer and less memory.

    Args:
        whole: bytes that are held otherwise.
        by_rows: bytes held so; None where it cannot be.
    """
    return by_rows is not None and whole - by_rows > IMAGE_SAVED


class Budget:
    """The memory that all jobs of a run share.

    Args:
        limit: MiB.
    """

    def __init__(self, limit: int) -> None:
        self._left = limit * MEBI
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, needed: int) -> Iterator[None]:
        """Take bytes, at most the whole budget, as soon as other jobs leave them.

        >>> with Budget(8192).taken(2**30):
        ...     pass
        """
        with self._changed:
            self._changed.wait_for(lambda: needed <= self._left)
            self._left -= needed
        try:
            yield
        finally:
            with self._changed:
                self._left += needed
                self._changed.notify_all()
