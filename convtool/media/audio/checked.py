"""The policies of reading, applied to audio: empty, truncated and damaged files, and NaN."""

from collections.abc import Iterator

from convtool.errors import ReadError
from convtool.media.audio.streams import AudioDecoder, Samples
from convtool.media.policies import Notes, finite, refuse_truncated
from convtool.options.reading import Reading


class CheckedStream:
    """The samples of a file: truncated files and samples that are not finite are refused.

    Args:
        decoder: of the file.
        name: of the file, for messages.
        reading: says what is allowed or replaced instead.
        notes: where losses are noted.

    Raises:
        ReadError: the header shows that the file is truncated, or holds no samples.
    """

    def __init__(self, decoder: AudioDecoder, name: str, reading: Reading, notes: Notes) -> None:
        self.rate, self.channels = decoder.rate, decoder.channels
        self.length, self.levels = decoder.length, decoder.levels
        self._decoder, self._name = decoder, name
        self._reading, self._notes = reading, notes
        if decoder.flaw:
            self._refuse_damaged(decoder.flaw)
        if decoder.declared is None:
            self._refuse_truncated("no end-of-stream marker")
        elif decoder.declared > decoder.length:
            self._refuse_truncated(self._loss(decoder.length))
        if not decoder.length:
            raise ReadError(f"{name}: no samples")

    def blocks(self, length: int) -> Iterator[Samples]:
        """Yield all samples in blocks of at most `length`.

        Shape: (L, C)

        Raises:
            ReadError: the file is damaged, truncated or empty, or has samples that are not finite.
        """
        read = 0
        blocks = self._until_damage(length)
        for block in blocks:
            read += len(block)
            if self.levels.floats:
                yield finite(block, self._reading, self._name, blocks)
            else:
                yield block
        if read < self.length - self._decoder.slack:
            self._refuse_truncated(self._loss(read))
        if not read:
            raise ReadError(f"{self._name}: no samples")

    def _until_damage(self, length: int) -> Iterator[Samples]:
        """Yield the decoder's blocks; damage after the first one may end them."""
        any_read = False
        try:
            for block in self._decoder.blocks(length):
                yield block
                any_read = True
        except ReadError:
            if not self._reading.allow_truncated or not any_read:
                raise

    def _loss(self, found: int) -> str:
        declared = self._decoder.declared or self.length
        seconds = f"{found / self.rate:.2f} of {declared / self.rate:.2f} s"
        return f"{found} of {declared} samples, {seconds}"

    def _refuse_damaged(self, flaw: str) -> None:
        if not self._reading.allow_truncated:
            raise ReadError(
                f"{self._name}: the audio is damaged: {flaw}",
                hint="--allow-truncated reads what there is",
            )
        self._notes.note(f"damaged: {flaw}")

    def _refuse_truncated(self, loss: str) -> None:
        refuse_truncated(self._notes, self._name, loss, self._reading)
