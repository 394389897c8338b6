"""Run a film's layer that looks at one frame at a time as one of pictures: strips of one frame suit the cache."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from convtool.convolve.convolution import Convolution, Finish
from convtool.convolve.geometry import Conv
from convtool.levels import Levels

TOGETHER = 2**21  # pixels of frames that are handed on together


def looks_at_one(conv: Conv) -> bool:
    """Return whether a layer is one of films, and each of its outputs looks at a single frame.

    >>> looks_at_one(nn.Conv3d(3, 3, (1, 3, 3))), looks_at_one(nn.Conv3d(3, 3, 3)), looks_at_one(nn.Conv2d(3, 3, 3))
    (True, False, False)
    """
    return isinstance(conv, nn.Conv3d) and conv.kernel_size[0] == conv.stride[0] == 1


class FrameConvolution:
    """Such a layer, made ready; the same as `Convolution` in all else.

    Args:
        conv: the layer.
        size: the whole input's frames, height and width.
        stored: how its samples are stored.
        options: as `Convolution` has them.
    """

    def __init__(self, conv: Conv, size: Sequence[int], stored: Levels, **options: Any) -> None:
        self._run = Convolution(_of_pictures(conv), size[1:], stored, **options)
        self.plan, self.device = self._run.plan, self._run.device
        self.length = max(1, min(size[0], TOGETHER // (size[1] * size[2])))

    @property
    def memory(self) -> int:
        """About how many bytes a frame takes while it is run."""
        return self._run.memory

    def __call__(
        self, pieces: Sequence[Tensor], pads: Sequence[tuple[int, int]], finish: Finish
    ) -> Tensor:
        """Run the layer on a block.

        Args:
            pieces: frames, in parts that follow each other.
            pads: samples to add before and after on each axis; none to time, which `stream` pads.
            finish: makes the final samples of a frame's responses (1, G, M, H', W'), which it may write to.

        Shape: pieces (1, C, D, H, W) → (1, C', D', H', W'), channels innermost
        """
        results = [
            self._run([frame], pads[1:], finish) for piece in pieces for frame in piece.unbind(2)
        ]
        if len(results) == 1:
            return results[0].unsqueeze(2)
        return torch.stack([result[0].movedim(0, -1) for result in results]).movedim(-1, 0)[None]


def _of_pictures(conv: Conv) -> nn.Conv2d:
    """Return the layer of pictures that does to each frame what a layer of films does."""
    rest: dict[str, Any] = {
        "stride": conv.stride[1:],
        "padding": conv.padding if isinstance(conv.padding, str) else conv.padding[1:],
        "dilation": conv.dilation[1:],
        "groups": conv.groups,
        "bias": conv.bias is not None,
        "padding_mode": conv.padding_mode,
    }
    flat = nn.Conv2d(
        conv.in_channels, conv.out_channels, conv.kernel_size[1:], **rest
    ).requires_grad_(False)  # type: ignore[arg-type]  # two of three
    flat.weight.copy_(conv.weight.squeeze(2))
    if flat.bias is not None and conv.bias is not None:
        flat.bias.copy_(conv.bias)
    return flat
