"""Impulse responses, `.wav`; `ImpulseLoader` reads them, from all formats of audio.

Direction: convolution: the first sample is the direct sound, so the taps are reversed. Scaling:
none; samples are floats of 32 bits, and weights beyond 1 stay. An impulse response is causal: a
kernel whose middle tap lies on the current sample becomes one that is later by as many samples.
Several channels are those of `ImpulseLoader`: one per channel, or a matrix.
"""

import io

import numpy as np

from convtool.errors import KernelError
from convtool.kernels.formats.found import Format, Wanted, Weights, Written, refuse_bias
from convtool.kernels.kernel import Kernel
from convtool.sizes import counted

MAX_CHANNELS = 255  # of libsndfile's WAV with few bytes of header


def write(kernel: Kernel, wanted: Wanted) -> Written:
    """Return the file of a kernel at a sample rate.

    Raises:
        KernelError: it is not for audio, has a bias, or mixes channels otherwise than a square
            matrix does.
    """
    import soundfile  # noqa: PLC0415  # few calls need it

    if kernel.dims != 1:
        raise KernelError(f"kernel '{kernel.label}': impulse responses are for audio")
    if wanted.rate != int(wanted.rate):
        raise KernelError(
            f"impulse responses have a whole number of samples per second, not {wanted.rate:g}"
        )
    refuse_bias(kernel, "an impulse response")
    taps = _taps(kernel)
    file = io.BytesIO()
    soundfile.write(file, taps[:, ::-1].T, int(wanted.rate), "FLOAT", format="WAV")
    notes = []
    late = taps.shape[1] - 1 - (taps.shape[1] - 1) // 2
    if kernel.align == "centre" and late:
        notes.append(
            f"an impulse response is causal, and its result {counted(late, 'sample')} later: "
            "--align centre has them where they were"
        )
    return Written(file.getvalue(), tuple(notes))


def _taps(kernel: Kernel) -> Weights:
    """Return the taps of each channel of the file. Shape: (C, K)"""
    weights = kernel.weights
    if not kernel.has_channel_axes:
        return weights[None]
    outputs, inputs, length = weights.shape
    if inputs == 1 and outputs <= MAX_CHANNELS:
        return weights[:, 0]
    if inputs == outputs and outputs**2 <= MAX_CHANNELS:
        return np.swapaxes(weights, 0, 1).reshape(-1, length)
    raise KernelError(
        f"kernel '{kernel.label}' makes {outputs} channels of {inputs}, and an impulse response "
        "filters each channel, or mixes as many as it makes"
    )


FORMAT = Format("wav", "an impulse response", (".wav",), "convolution", (1,), write)
