"""Frames of a layer on video that sees single frames, run as images, whose strips suit the cache.

`Convolution` decides when; here blocks are taken apart into frames, and results put together.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from convtool.convolve.beyond import fill, sources
from convtool.padding import Mode

PIXELS_PER_BLOCK = 2**21  # of frames that are handed on together


def block_length(size: Sequence[int]) -> int:
    """Return the number of frames of a block of video.

    Args:
        size: frames, height and width of the whole input.
    """
    return max(1, min(size[0], PIXELS_PER_BLOCK // (size[1] * size[2])))


def padded_frames(pieces: Sequence[Tensor], pads: tuple[int, int], mode: Mode) -> list[Tensor]:
    """Return the frames of a block, with those that are added before and after it.

    Args:
        pieces: frames in parts that follow each other, of shape (C, D, H, W).
        pads: the number of frames to add before and after.
        mode: that of time, as `stored` has it.

    >>> pieces = [torch.arange(3).reshape(1, 3, 1, 1)]
    >>> [int(frame) for frame in padded_frames(pieces, (1, 2), Mode("reflect"))]
    [1, 0, 1, 2, 1, 0]
    """
    frames = [frame for piece in pieces for frame in piece.unbind(1)]
    if not any(pads):
        return frames
    before, after = pads
    if mode.fills:
        added = torch.empty_like(frames[0])
        fill(added, mode)
        return [added] * before + frames + [added] * after
    count = len(frames)
    places = torch.arange(-before, count + after)
    return [frames[place] for place in sources(places, count, mode).tolist()]


def joined_frames(results: Sequence[Tensor]) -> Tensor:
    """Return the results of frames as video, channels innermost in memory.

    Shape: (1, C, 1, H, W) each → (1, C, D, H, W)
    """
    if len(results) == 1:
        return results[0]
    return torch.cat([result.movedim(1, -1) for result in results], 1).movedim(-1, 1)
