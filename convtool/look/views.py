"""Choose what is kept of a part to be drawn: reduced overviews by the number of its axes.

Images keep means, audio an envelope and windows for a spectrogram, video some frames and an x-t
slice. Everything is in units of stored samples, before and after the layer alike.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from convtool.convolve.beyond import PADDED
from convtool.convolve.geometry import Placement
from convtool.look.keepers import Envelope, Exact, Frames, Keeper, Means, Slice
from convtool.media.policies import Samples

PIXELS = 1600  # per axis of an overview of an image
BUCKETS = 4096  # of an envelope
COLUMNS, WINDOW = 800, 2048  # of a spectrogram, and samples of each of its windows
FRAMES, FRAME_PIXELS = 8, 640  # of a filmstrip, and pixels per axis of each
TIMES = 1024  # of an x-t slice

Keepers = dict[str, Keeper]


def overviews(size: Sequence[int], placement: Placement) -> tuple[Keepers, Keepers]:
    """Return what keeps overviews of a part and of its result, by name.

    Args:
        size: the part's spatial size; the first number may be an estimate.
        placement: of the result.
    """
    return _OVERVIEWS[len(size)](size, placement)


def _audio(size: Sequence[int], placement: Placement) -> tuple[Keepers, Keepers]:
    return _sounds(size[0]), _sounds(placement.size[0])


def _sounds(length: int) -> Keepers:
    return {
        "envelope": Envelope(length, BUCKETS),
        "windows": Exact([windows(length).flatten()]),
    }


def _image(size: Sequence[int], placement: Placement) -> tuple[Keepers, Keepers]:
    return {"overview": Means(size, PIXELS)}, {"overview": Means(placement.size, PIXELS)}


def _video(size: Sequence[int], placement: Placement) -> tuple[Keepers, Keepers]:
    """Keep the same frames and the same row of the part and its result."""
    del size  # of which the frames are an estimate
    row = placement.size[1] // 2
    first, step = int(placement.centres(0)[0]), int(placement.stride[0])
    before: Keepers = {
        "frames": Frames(FRAMES, FRAME_PIXELS, first, step),
        "slice": Slice(int(placement.centres(1)[row]), TIMES),
    }
    after: Keepers = {"frames": Frames(FRAMES, FRAME_PIXELS), "slice": Slice(row, TIMES)}
    return before, after


Overviews = Callable[[Sequence[int], Placement], tuple[Keepers, Keepers]]
_OVERVIEWS: dict[int, Overviews] = {1: _audio, 2: _image, 3: _video}


def opacity(alpha: Samples, placement: Placement) -> tuple[Tensor, Tensor]:
    """Return the opacity of an image and of its result, reduced as overviews are.

    Args:
        alpha: of the image, which its layer leaves alone.
        placement: of the result.

    Shape: (H, W) → two tensors (H', W'), in 0…1
    """
    whole = torch.from_numpy(alpha)
    scale = 1.0 if whole.is_floating_point() else float(torch.iinfo(whole.dtype).max)
    rows, columns = (placement.centres(axis) for axis in (0, 1))

    def reduced(image: Tensor) -> Tensor:
        means = Means(image.shape, PIXELS)
        means.take(image[None], 0)
        return means.samples[0] / scale

    return reduced(whole), reduced(whole[rows][:, columns])


def windows(length: int) -> Tensor:
    """Return the positions of the samples of each window of a spectrogram.

    Windows of short audio go on beyond its end, as PADDED.

    Shape: (W, WINDOW), of int64
    """
    starts = spread(max(1, length - WINDOW + 1), COLUMNS)
    places = torch.tensor(starts)[:, None] + torch.arange(WINDOW)
    return torch.where(places < length, places, PADDED)


def spread(length: int, count: int) -> list[int]:
    """Return at most `count` positions, evenly spread from the first to the last.

    >>> spread(9, 3), spread(2, 3)
    ([0, 4, 8], [0, 1])
    """
    if length <= count:
        return list(range(length))
    return [round(index * (length - 1) / (count - 1)) for index in range(count)]
