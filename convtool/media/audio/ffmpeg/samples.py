"""Turn the frames that FFmpeg decodes into blocks of samples, their channels in the usual order."""

import ctypes
from typing import Any

import av
import numpy as np

from convtool.errors import ReadError
from convtool.media.audio.joined import refuse_change
from convtool.media.audio.known import CODECS
from convtool.media.audio.layout import FEW_MASKS, mask_of, order
from convtool.media.audio.streams import Samples
from convtool.media.audio.subtypes import FLOAT32, LOSSY, levels_of

# By a sample format of FFmpeg, without its p for planar: the subtype of samples.
SUBTYPES = {"u8": "PCM_U8", "s16": "PCM_16", "s32": "PCM_32", "flt": "FLOAT", "dbl": "DOUBLE"}
ALAC_BITS, FLAC_BITS = 5, 12  # where a codec's extra data state the bits of a sample
DTYPES: dict[str, Any] = {
    "u8": np.uint8,
    "s16": np.int16,
    "s32": np.int32,
    "flt": np.float32,
    "dbl": np.float64,
}
UNSAFE = 8  # PyAV 18 reads beyond the planes of frames with as many channels
NAMES = {"MP3": "MPEG_LAYER_III", "MP2": "MPEG_LAYER_II", "MP1": "MPEG_LAYER_I"}


class Unpacker:
    """Turns frames of one track into samples.

    Args:
        codec: of the track.
        name: the input's name, for messages.

    Attributes:
        rate: samples per second.
        channels: their number.
        layout: their mask; 0 where their positions are not known.
        subtype: how samples are stored, by libsndfile's name, or that of a lossy codec.
        levels: how blocks store samples.

    Raises:
        ReadError: the sample format is not known.
    """

    def __init__(self, codec: av.AudioCodecContext, name: str) -> None:
        self._name = name
        coding = codec.codec.canonical_name
        if coding not in CODECS:
            raise ReadError(f"{name}: the audio cannot be read: {coding} is not supported")
        self._format = codec.format.name.removesuffix("p") if codec.format else "flt"
        if self._format not in SUBTYPES:
            raise ReadError(
                f"{name}: the audio cannot be read: samples of type {self._format} are unknown"
            )
        self.rate: int = codec.sample_rate
        layout = _kept(codec.layout)
        self.channels: int = layout.nb_channels
        self.layout, self._order = _positions(layout)
        if _is_custom(layout):
            raise ReadError(
                f"{name}: the audio cannot be read: channels in the order {layout.name}"
            )
        self._packer = self._packer_of(codec, layout)
        kind = coding.upper()
        bits = _bits(codec, SUBTYPES[self._format])
        self.subtype = NAMES.get(kind, kind)
        if self.subtype == "ALAC" and bits:
            self.subtype = f"ALAC_{bits}"
        elif self.subtype not in LOSSY and self._format != "flt":
            self.subtype = "PCM_24" if bits == 24 else SUBTYPES[self._format]
        elif codec.name.startswith("pcm"):
            self.subtype = "FLOAT"
        self.levels = FLOAT32 if self._format == "flt" else levels_of(self.subtype)
        self._shift = 8 if self._format == "s32" and bits in (20, 24) else 0
        self._seen = 0
        self._found: tuple[int, int, str] | None = None

    def _packer_of(
        self, codec: av.AudioCodecContext, layout: av.AudioLayout
    ) -> av.AudioResampler | None:
        """Return what packs planar frames, for as many channels as PyAV cannot read from them."""
        if not codec.format or not codec.format.is_planar or self.channels < UNSAFE:
            return None
        return av.AudioResampler(self._format, layout, self.rate)

    def samples(self, frame: av.AudioFrame) -> Samples:
        """Return the samples of a frame.

        Shape: (L, C)

        Raises:
            ReadError: the sample rate or the channels have changed.
        """
        self._refuse_change(frame)
        self._seen += frame.samples
        array = self._array(frame)
        if self._format == "u8":
            array = array.astype(np.int16) - 128
        if self._shift:
            array = array >> self._shift
        return array if self._order is None else array[:, self._order]

    def _array(self, frame: av.AudioFrame) -> Samples:
        """Return the samples of a frame as they are stored. Shape: (L, C)"""
        if self._packer is not None:
            frame.pts = None  # with damaged times, the packer would fill gaps
            packed = [_packed(each, self.channels) for each in self._packer.resample(frame)]
            return np.concatenate(packed) if packed else np.empty((0, self.channels), np.float32)
        if frame.format.is_planar:
            return frame.to_ndarray().T
        return _packed(frame, self.channels)

    def _refuse_change(self, frame: av.AudioFrame) -> None:
        found = (frame.sample_rate, frame.layout.nb_channels, frame.format.name)
        if found == self._found:
            return
        seconds = self._seen / self.rate
        kind = found[2].removesuffix("p")
        refuse_change(self._name, "sample rate", f"{self.rate} Hz", f"{found[0]} Hz", seconds)
        own, other = str(self.channels), str(found[1])
        refuse_change(self._name, "number of channels", own, other, seconds)
        refuse_change(self._name, "sample format", self._format, kind, seconds)
        self._found = found


def _packed(frame: av.AudioFrame, channels: int) -> Samples:
    """Return the samples of a frame that is not planar.

    Shape: (L, C)
    """
    array: Samples = np.frombuffer(
        memoryview(frame.planes[0]), DTYPES[frame.format.name], frame.samples * channels
    )
    return array.reshape(-1, channels).copy()


def _positions(layout: av.AudioLayout) -> tuple[int, list[int] | None]:
    """Return the mask of a layout, and where its channels stand in the file."""
    names = [channel.name for channel in layout.channels]
    mask = mask_of(names)
    if mask:
        return mask, order(names)
    return FEW_MASKS.get(layout.nb_channels, 0), None


def _is_custom(layout: av.AudioLayout) -> bool:
    """Return whether a layout has an order of its own, such as `6 channels (FL+FC+…)`."""
    return "(" in layout.name and " " in layout.name


def _kept(layout: av.AudioLayout) -> av.AudioLayout:
    """Return a layout, kept for ever where it has an order of its own.

    PyAV 18 shares the memory of such a layout with its codec, and frees it twice.
    """
    reference = ctypes.py_object(layout)
    ctypes.pythonapi.Py_IncRef(reference)
    if not _is_custom(layout):
        ctypes.pythonapi.Py_DecRef(reference)
    return layout


def _bits(codec: av.AudioCodecContext, subtype: str) -> int:
    """Return how many bits of its 32 a sample uses; 0 where that is not known."""
    data, name = codec.extradata or b"", codec.codec.canonical_name
    if "24" in name:
        return 24
    if name == "alac" and len(data) >= 24:
        return data[-24 + ALAC_BITS]
    if name == "flac" and len(data) >= 34:
        packed = data[-34 + FLAC_BITS : -34 + FLAC_BITS + 2]
        return (int.from_bytes(packed, "big") >> 4 & 31) + 1
    return 16 if subtype == "PCM_16" else 0
