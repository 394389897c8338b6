"""Encode AAC and ALAC in M4A files with FFmpeg (PyAV), block by block.

The samples that the encoder adds at the beginning and the end are cut off by an edit list, so that
players show what was encoded, sample for sample.
"""

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, BinaryIO

import av
import numpy as np

from convtool.block import Block
from convtool.convolve.geometry import Placement
from convtool.errors import WriteError
from convtool.media.audio.layout import title
from convtool.media.audio.metadata.ilst import write_ilst
from convtool.media.audio.metadata.model import Metadata
from convtool.media.audio.rate import stored_rate
from convtool.media.audio.source import AudioPart
from convtool.media.audio.streams import Samples
from convtool.media.audio.subtypes import levels_of
from convtool.media.callbacks import CallbackFile
from convtool.media.policies import Notes
from convtool.sizes import counted

# By a subtype: FFmpeg's encoder, its sample format, and the bits that samples are shifted by.
ENCODERS = {
    "AAC": ("aac", "fltp", 0),
    "ALAC_16": ("alac", "s16p", 0),
    "ALAC_24": ("alac", "s32p", 8),
}
BIT_RATE = 80_000  # of AAC, per second and channel


class M4aEncoder(Notes):
    """An M4A file being made.

    Args:
        file: where its bytes go, open for reading, too.
        subtype: how it stores samples.
        channels: those of the layer that it holds, in this order.
        layout: the mask of its channels.
        metadata: what it holds beside samples.
    """

    def __init__(
        self,
        file: BinaryIO,
        subtype: str,
        channels: Sequence[int],
        layout: int,
        metadata: Metadata,
    ) -> None:
        super().__init__()
        self._file, self._callbacks = file, CallbackFile(file)
        self._subtype, self._levels = subtype, levels_of(subtype)
        self._codec, self._format, self._shift = ENCODERS[subtype]
        self._channels, self._layout, self._metadata = list(channels), layout, metadata
        self._output: Any = None
        self._held: Samples = np.empty((0, len(channels)))
        self._written = 0

    def begin(self, part: AudioPart, placement: Placement, *_: object) -> None:
        """Write the header of a result.

        Args:
            part: the input's.
            placement: the result's length, and its stride on the part.

        Raises:
            WriteError: the format cannot hold as many channels or samples per second.
        """
        self._rate = stored_rate(part, placement, self)
        self._refuse_unknown()
        with self._translated():
            self._callbacks.call(self._start)

    def _refuse_unknown(self) -> None:
        if not self._layout:
            raise WriteError(
                f"M4A cannot hold {counted(len(self._channels), 'channel')} as {self._subtype}",
                hint="--mono or another --format",
            )
        rates = av.codec.Codec(self._codec, "w").audio_rates
        if rates and self._rate not in rates:
            known = ", ".join(map(str, sorted(rates)))
            raise WriteError(
                f"M4A cannot hold {self._rate} Hz as {self._subtype}, but {known}",
                hint="--rate 48000 or another --format",
            )

    def _start(self) -> None:
        self._output = av.open(
            self._callbacks, "w", format="ipod", options={"movie_timescale": str(self._rate)}
        )
        self._output.metadata.clear()
        self._stream = self._output.add_stream(
            self._codec, rate=self._rate, layout=title(self._layout)
        )
        self._stream.time_base = Fraction(1, self._rate)
        context = self._stream.codec_context
        context.format = self._format
        if self._subtype == "AAC":
            context.bit_rate = BIT_RATE * len(self._channels)
        if self._metadata.chapters:
            self._output.set_chapters(self._chapters())
        self._output.start_encoding()
        self._frame = context.frame_size

    def _chapters(self) -> list[Any]:
        """Return the chapters as PyAV takes them."""
        return [
            {
                "id": number,
                "start": round(chapter.start * 1000),
                "end": round(chapter.end * 1000),
                "time_base": Fraction(1, 1000),
                "metadata": {"title": chapter.title},
            }
            for number, chapter in enumerate(self._metadata.chapters)
        ]

    def prepare(self, block: Block) -> Samples:
        """Return the samples of this file's channels as FFmpeg takes them.

        Shape: (1, C, L) → (L, C')
        """
        array: Samples = block.tensor[0, self._channels].T.numpy()
        return np.left_shift(array, self._shift) if self._shift else array

    def write(self, prepared: Samples) -> None:
        """Encode the next samples.

        Shape: (L, C')
        """
        held = np.concatenate([self._held, prepared]) if len(self._held) else prepared
        whole = len(held) // self._frame * self._frame
        self._held = held[whole:]
        with self._translated():
            self._callbacks.call(self._encode, held[:whole])

    def _encode(self, samples: Samples) -> None:
        for start in range(0, len(samples), self._frame):
            planes = np.ascontiguousarray(samples[start : start + self._frame].T)
            self._output.mux(self._stream.encode(self._framed(planes)))

    def _framed(self, planes: Samples) -> av.AudioFrame:
        """Return a frame of planar samples. Shape: (C, L)"""
        frame = av.AudioFrame(self._format, title(self._layout), planes.shape[1])
        for plane, channel in zip(frame.planes, planes, strict=False):
            plane.update(channel)
        frame.sample_rate, frame.time_base = self._rate, Fraction(1, self._rate)
        frame.pts = self._written
        self._written += planes.shape[1]
        return frame

    def close(self) -> None:
        """Encode what is left, complete the file, and write its tags."""
        with self._translated():
            self._callbacks.call(self._end)
        write_ilst(self._file, self._metadata)

    def _end(self) -> None:
        if len(self._held):
            self._encode(self._held)
        self._output.mux(self._stream.encode(None))
        self._output.close()

    def drop(self) -> None:
        """Release the file, complete or not."""
        if self._output is not None:
            with contextlib.suppress(OSError, av.FFmpegError):  # it was raised before
                self._callbacks.call(self._output.close)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Translate the errors of FFmpeg.

        Raises:
            WriteError: it cannot encode the audio.
        """
        try:
            yield
        except av.FFmpegError as exc:
            result = (
                f"{counted(len(self._channels), 'channel')} at {self._rate} Hz as {self._subtype}"
            )
            raise WriteError(
                f"M4A cannot hold {result}", hint="--rate, --mono or another --format"
            ) from exc
