"""Load an impulse response from an audio file: a kernel that gives an input the sound of a room.

The audio backend, and with it torch, is imported only for a text with a suffix of letters.
"""

import math
import re
from collections.abc import Sequence
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from convtool.errors import KernelError, LimitError
from convtool.kernels.bounds import MAX_TAPS
from convtool.kernels.kernel import Bank, Kernel
from convtool.kernels.loader import KernelSpec, Request
from convtool.media.inputs import opened
from convtool.media.registry import MEDIA
from convtool.options.reading import AudioReading

Taps = NDArray[np.float64]

BLOCK = 2**16  # samples that are read at once
_SUFFIX = re.compile(r"\.[a-z]\w*")  # not the decimals of a parameter or a grid


class ImpulseLoader:
    """Impulse responses by the path of their audio file."""

    def claims(self, text: str) -> bool:
        """Return whether the text ends with the suffix of an audio file."""
        suffix = PurePath(text).suffix.lower()
        if not _SUFFIX.fullmatch(suffix):
            return False
        return suffix in MEDIA["audio"].backend.readable

    def parse(self, text: str) -> KernelSpec:
        """Return the spec; the whole text is the path."""
        return KernelSpec(text, self, text)

    def load(self, spec: KernelSpec, request: Request) -> Bank:
        """Read the file."""
        if request.dims != 1:
            raise KernelError(f"{spec.text} is an impulse response, which is for `convtool audio`")
        return impulse_response(spec.head, request.in_channels, request.rate)

    def dimensions(self, spec: KernelSpec, search: Sequence[Path]) -> tuple[int, ...]:
        """Return 1: audio."""
        del spec, search
        return (1,)

    def files(self, spec: KernelSpec, search: Sequence[Path]) -> list[Path]:
        """Return the audio file."""
        del search
        return [Path(spec.head)]

    def steps(self, spec: KernelSpec, search: Sequence[Path]) -> Sequence[str]:
        """Return none: it is a kernel."""
        del spec, search
        return ()


def impulse_response(path: str, in_channels: int, rate: float | None) -> Bank:
    """Return the kernel of an impulse response; it is causal: its first sample is the direct sound.

    A response of one channel filters every channel of the input. One with as many channels as the
    input filters each channel by its own. One with the square of that many is a matrix, in the
    order 1→1, 1→2, …, 2→1, …: for stereo left to left, left to right, right to left, right to
    right. An input of one channel is spread to all channels of the response.

    Args:
        path: an audio file.
        in_channels: channels of the input.
        rate: samples per second of the input; a response of another rate is resampled, its gain
            kept. None takes it as it is.

    Raises:
        ReadError: the file cannot be read.
        KernelError: its channels do not fit the input's.
        LimitError: it is too long.
    """
    taps, own_rate = _read(path)
    notes: tuple[str, ...] = ()
    if rate is not None and rate != own_rate:
        taps = _resampled(taps, own_rate, rate)
        notes = (f"{path} resampled from {own_rate:g} to {rate:g} Hz",)
    weights = _weights(path, taps[:, ::-1], in_channels)
    return Bank.of(Kernel(PurePath(path).stem, 1, weights, align="causal", notes=notes))


def _read(path: str) -> tuple[Taps, float]:
    """Return the samples of an audio file in -1…1, and their rate. Shape: (C, K)"""
    with opened(path) as file:
        (part,) = MEDIA["audio"].backend.open(file, path, AudioReading()).parts()
        if part.size[0] > MAX_TAPS:
            raise LimitError(
                f"{path}: {part.size[0]} samples, the limit of an impulse response is {MAX_TAPS}"
            )
        blocks = [block.tensor[0].numpy() for block in part.blocks(BLOCK)]
    assert part.rate is not None
    return np.concatenate(blocks, axis=1).astype(np.float64) / part.levels.scale, part.rate


def _weights(path: str, taps: Taps, in_channels: int) -> Taps:
    """Return taps in the order of a layer's weights. Shape: (C, K) → (K,) or (out, in/groups, K)"""
    count = len(taps)
    if count == 1:
        return np.asarray(taps[0])
    if in_channels in (count, 1):
        return taps[:, None]
    side = math.isqrt(count)
    if side * side == count and side == in_channels:
        return taps.reshape(side, side, -1).swapaxes(0, 1)
    raise KernelError(
        f"impulse response {path} has {count} channels, for an input of {in_channels}",
        hint=f"expected 1, {in_channels} or {in_channels**2} channels",
    )


def _resampled(taps: Taps, rate: float, wanted: float) -> Taps:
    """Return taps at another rate: more of them are smaller in proportion, which keeps the gain."""
    import librosa  # noqa: PLC0415  # takes seconds to import

    changed = librosa.resample(taps, orig_sr=rate, target_sr=wanted, res_type="soxr_vhq")
    return np.asarray(changed * (rate / wanted))
