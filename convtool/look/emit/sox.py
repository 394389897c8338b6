"""Print a run for SoX: its `fir` effect, for audio.

It convolves, so taps are reversed, and it has the tap in the middle on the current sample; zeros
are added, or samples cut off, where convtool's lies elsewhere.
"""

import shlex

import numpy as np

from convtool.kernels.formats.text import written_number
from convtool.look.emit.given import Emitted, Given
from convtool.look.emit.taps import plain, taps_of

MODES = {"zeros": "zeros"}
INLINE = 64  # taps in the line itself
MOST = 2**16


def emit(given: Given) -> Emitted:
    """Return the line for a shell.

    Raises:
        UsageError: SoX cannot do it.
    """
    if given.medium.dims != 1:
        raise given.refusal(f"{given.title} is for audio")
    taps = taps_of(given, MODES, same=False)
    count = len(taps.weights)
    if count > MOST:
        raise given.refusal(f"{count} taps are too many to print, the limit is {MOST}")
    responses = taps.weights[::-1]
    if count % 2 == 0:
        responses = np.append(responses, 0.0)
    ((before, after),) = taps.pads
    ahead = before - (count - 1) // 2  # samples that results are later than by the middle tap
    behind = before + after - (count - 1) - ahead
    name, output = plain(given, "")
    words = ["sox", "-D", name, *_encoding(given), output]
    if max(ahead, behind) > 0:
        words += ["pad", f"{max(ahead, 0)}s", f"{max(behind, 0)}s"]
    numbers = [written_number(each) for each in responses]
    words += ["fir", *(numbers if count <= INLINE else ["-"])]
    if min(ahead, behind) < 0:
        words += ["trim", f"{max(-ahead, 0)}s"]
        words += [f"-{-behind}s"] if behind < 0 else []
    if taps.bias:
        words += ["dcshift", written_number(taps.bias)]
    text = shlex.join(words)
    if count > INLINE:
        text = "\n".join([f"{text} <<'END'", *numbers, "END"])
    return Emitted(text, given.notes)


def _encoding(given: Given) -> list[str]:
    """Return how samples are stored."""
    if given.suffix not in (".wav", ".aiff", ".aif", ".flac", ".au"):
        return []
    if given.stored.floats:
        return ["-b", str(8 * given.stored.dtype.itemsize), "-e", "floating-point"]
    bits = given.stored.scale.bit_length()
    unsaid = given.suffix == ".flac" or bits == 8  # of which WAV's are unsigned
    return ["-b", str(bits), *([] if unsaid else ["-e", "signed-integer"])]
