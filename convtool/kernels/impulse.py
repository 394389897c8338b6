"""Read a sound file as an impulse response: a kernel that lets inputs sound as the room or device it was taken in."""

import math

import numpy as np
from numpy.typing import NDArray

from convtool.errors import KernelError, LimitError
from convtool.kernels.kernel import Bank, Kernel
from convtool.media.audio.read import AudioSource
from convtool.media.inputs import opened
from convtool.options.settings import Settings

Taps = NDArray[np.float64]

MAX_TAPS = 2**22  # 95 s at 44.1 kHz
BLOCK = 2**16


def impulse_response(path: str, in_channels: int, rate: float | None) -> Bank:
    """Return the kernel of an impulse response, which looks back: its first sample is the sound itself.

    One channel filters every channel of the input by itself, as many as the input has each its own. The square of
    that many are a matrix: 1→1, 1→2, …, 2→1, …, such as left to left, left to right, right to left, right to right.
    A single channel is spread to as many as the response has.

    Args:
        path: a sound file.
        in_channels: of the input.
        rate: samples a second of the input; a response of another rate is resampled, its gain kept. None to take it
            as it is.

    Raises:
        ReadError: the file cannot be read.
        KernelError: it does not fit so many channels.
        LimitError: it is too long.
    """
    with opened(path) as file:
        source = AudioSource(file, path, Settings())
        (sound,) = source.parts()
        if sound.size[0] > MAX_TAPS:
            raise LimitError(
                f"{path}: {sound.size[0]} samples, an impulse response has at most {MAX_TAPS}"
            )
        blocks = list(sound.read(BLOCK))
    taps = np.concatenate(blocks).T.astype(np.float64) / sound.levels.scale
    notes: tuple[str, ...] = ()
    if rate is not None and rate != sound.rate:
        taps = _resampled(taps, sound.rate, rate)
        notes = (f"{path} resampled from {sound.rate} to {rate:g} Hz",)
    weights = _weights(path, taps[:, ::-1], in_channels)
    stem = path.rsplit("/", 1)[-1].rpartition(".")[0]
    return Bank(stem, (Kernel(stem, 1, weights, align="causal", notes=notes),))


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
        f"impulse response {path}: {count} channels for an input of {in_channels}",
        hint=f"it has 1, {in_channels} or {in_channels**2} channels",
    )


def _resampled(taps: Taps, rate: float, wanted: float) -> Taps:
    """Return taps at another rate; there are more of them, each so much smaller."""
    import librosa  # noqa: PLC0415  # takes seconds to import

    changed = librosa.resample(taps, orig_sr=rate, target_sr=wanted, res_type="soxr_vhq")
    return np.asarray(changed * (rate / wanted))
