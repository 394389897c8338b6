"""Print a run for FFmpeg: its `convolution` filter, for images and video.

It correlates by whole numbers in a matrix of 3, 5 or 7 rows, or in one row or column, and treats
edges in a way of its own, so these are added before and cut off behind.
"""

import shlex
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convtool.kernels.formats.text import written_number
from convtool.look.emit.given import Emitted, Given
from convtool.look.emit.taps import plain, plane_of, taps_of

if TYPE_CHECKING:
    from convtool.media.video.pixels import Colours

MODES = {
    "replicate": "smear",
    "reflect": "reflect",
    "circular": "wrap",
    "zeros": "fixed:color=black",
}
GREY = {mode: word for mode, word in MODES.items() if mode != "zeros"}  # its black is 16 there
SQUARES, LONGEST = (3, 5, 7), 49
MOST = 2**31 - 1  # of its sums
EXACT = 4096  # divisors that are tried for weights such as 1/16
NEAR = 1e-5  # of a sum of 0 or 1, and of a whole number
ERROR = 0.25  # of a level, that rounding weights to whole numbers may cost
MATRICES = {1: "bt709", 4: "fcc", 5: "bt470", 6: "smpte170m", 7: "smpte240m", 9: "bt2020"}
RANGES = {0: "tv", 1: "tv", 2: "pc"}
SOUND = (
    "FFmpeg's afir takes an impulse response from a file, and scales it",
    "`convtool kernels convert KERNEL FILE.wav` writes one; --emit sox prints the taps",
)


def emit(given: Given) -> Emitted:
    """Return the line for a shell.

    Raises:
        UsageError: FFmpeg cannot do it.
    """
    if given.medium.dims == 1:
        raise given.refusal(*SOUND)
    grey = len(given.part.channels) == 1
    taps = plane_of(given, taps_of(given, GREY if grey else MODES))
    weights, mode = _shaped(given, taps.weights)
    channels = len(given.part.channels)
    if channels not in (1, 3) or given.stored.floats:
        raise given.refusal(f"{channels} channels of {given.stored}, expected grey or RGB integers")
    bits = given.stored.scale.bit_length()
    if taps.bias < 0:
        raise given.refusal("the bias is negative, and FFmpeg adds positive ones only")
    whole, step = _whole_numbers(given, weights)
    names = "gray" if channels == 1 else "gbrp"
    format = names if bits == 8 else f"{names}{bits}le"
    numbers = " ".join(str(number) for number in whole.ravel())
    bias = written_number(taps.bias * given.stored.scale)
    planes = [
        f"{plane}m={numbers}:{plane}rdiv={written_number(step)}:{plane}bias={bias}"
        f":{plane}mode={mode}"
        for plane in range(channels)
    ]
    name, output = plain(given, "%")
    before, after, settings = _video(given) if given.medium.timed else ([], [], ["-frames:v", "1"])
    filters = [f"convolution={':'.join(planes)}"]
    if taps.mode is not None:
        (top, _), (left, _) = taps.pads
        pad = f"pad=iw+{2 * left}:ih+{2 * top}:{left}:{top}"
        fill = f"fillborders={left}:{left}:{top}:{top}:{MODES[taps.mode]}"
        filters = [pad, fill, *filters, f"crop=iw-{2 * left}:ih-{2 * top}:{left}:{top}"]
    chain = ",".join([*before, f"format={format}", *filters, *after])
    begin = ["ffmpeg", "-y" if given.options.output.overwrite else "-n", "-i", name]
    note = "FFmpeg does not turn images by their EXIF orientation"
    notes = given.notes if given.medium.timed else (*given.notes, note)
    return Emitted(shlex.join([*begin, "-vf", chain, *settings, output]), notes)


def _video(given: Given) -> tuple[list[str], list[str], list[str]]:
    """Return the filters before and after the convolution of a video, and how it is encoded."""
    import av  # noqa: PLC0415  # few calls need it

    from convtool.media.video.encoding import VideoEncoding  # noqa: PLC0415

    encoding, source = given.work.encoding, given.work.source
    assert isinstance(encoding, VideoEncoding)
    header = source.header  # type: ignore[attr-defined]  # of a video
    before, after = [], []
    settings = ["-map", "0:v:0", "-map", "0:a?", "-c:a", "copy", "-c:v", encoding.codec.encoder]
    for name, value in encoding.options.items():
        settings += [f"-{name}", value] if name != "threads" else []
    if not av.VideoFormat(header.format).is_rgb and len(given.part.channels) == 3:
        before.append(f"scale=flags=neighbor:in_color_matrix={_matrix(given, header.colours)}")
    if not av.VideoFormat(encoding.pixel_format).is_rgb and len(given.part.channels) == 3:
        matrix, colours = _matrix(given, encoding.colours), encoding.colours
        after.append(
            f"scale=flags=area:out_color_matrix={matrix}:out_range={RANGES[colours.range]}"
        )
        settings += ["-colorspace", str(colours.space), "-color_range", str(colours.range)]
    after.append(f"format={encoding.pixel_format}")
    return before, after, settings


def _matrix(given: Given, colours: "Colours") -> str:
    """Return the matrix of luma and chroma by its name in FFmpeg's filter."""
    number = colours.matrix(*given.part.size[1:])
    if number not in MATRICES:
        raise given.refusal(f"FFmpeg's scale does not convert by the matrix {number} of the video")
    return MATRICES[number]


def _shaped(given: Given, weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], str]:
    """Return weights as the filter takes them, with zeros around, and its word for their shape."""
    height, width = weights.shape
    for size in SQUARES:
        if max(height, width) <= size:
            down, across = (size - height) // 2, (size - width) // 2
            return np.pad(weights, ((down, down), (across, across))), "square"
    if min(height, width) == 1 and max(height, width) <= LONGEST:
        return weights, "row" if height == 1 else "column"
    raise given.refusal(
        f"the kernel is {height}×{width}, and FFmpeg takes at most {SQUARES[-1]}×{SQUARES[-1]}, or "
        f"{LONGEST} in one row"
    )


def _whole_numbers(given: Given, weights: NDArray[np.float64]) -> tuple[NDArray[np.int64], float]:
    """Return weights as whole numbers, and what each stands for: 1 by their sum, which may be 0.

    Raises:
        UsageError: they cannot be as exact as the samples need.
    """
    total = float(weights.sum())
    near = np.rint(weights)
    if abs(total - 1) <= NEAR:
        room = MOST // (given.stored.scale * weights.size)
        largest = float(np.abs(weights).max())
        steps = [1 / divisor for divisor in range(1, EXACT + 1) if largest * divisor <= room]
        near = next(
            (
                numbers
                for step in [*steps, largest / room]
                if np.abs(weights - (numbers := np.rint(weights / step)) * step).max()
                <= NEAR * step
            ),
            np.rint(weights * room / largest),
        )
    elif abs(total) > NEAR:
        raise given.refusal(
            f"the weights add up to {total:g}, and FFmpeg 5.1 divides by their sum whatever its "
            "rdiv says"
        )
    step = 1 / (float(near.sum()) or 1.0)
    error = float(np.abs(weights - near * step).sum()) * given.stored.scale
    if error > ERROR:
        raise given.refusal(
            f"FFmpeg's weights are whole numbers, and results of {given.stored} would be wrong by "
            f"{error:.2g} levels"
        )
    return near.astype(np.int64), step
