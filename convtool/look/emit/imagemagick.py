"""Print a run for ImageMagick: `-morphology Correlate` with a kernel string.

Its mirror repeats the outermost pixel, which PyTorch's reflect does not.
"""

import shlex

from convtool.kernels.formats.text import written_number, written_rows
from convtool.look.emit.given import Emitted, Given
from convtool.look.emit.taps import plain, plane_of, taps_of

MODES = {"replicate": "edge", "zeros": "black", "circular": "tile"}


def emit(given: Given) -> Emitted:
    """Return the line for a shell.

    Raises:
        UsageError: ImageMagick cannot do it.
    """
    if given.medium.dims != 2:
        raise given.refusal(f"{given.title} is for images")
    taps = plane_of(given, taps_of(given, MODES))
    if given.stored.scale not in (255, 65535) or len(given.part.channels) not in (1, 3):
        raise given.refusal(
            f"{len(given.part.channels)} channels of {given.stored}, expected grey or RGB of 8 or "
            "16 bits"
        )
    name, output = plain(given, "[]:%*?@")
    words = ["convert", name, "-auto-orient"]
    if taps.bias:
        words += ["-define", f"convolve:bias={written_number(100 * taps.bias)}%"]
    if taps.mode is not None:
        words += ["-virtual-pixel", MODES[taps.mode]]
    height, width = taps.weights.shape
    kernel = f"{width}x{height}: {' '.join(written_rows(taps.weights, ','))}"
    bits = str(given.stored.scale.bit_length())
    words += ["-morphology", "Correlate", kernel, "-depth", bits, output]
    return Emitted(shlex.join(words), given.notes)
