"""Modules of plain steps that PyTorch has no module for."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Abs(nn.Module):
    """The size of each sample; PyTorch has a function for it, and no module."""

    def forward(self, samples: Tensor) -> Tensor:
        """Return the sizes. Shape: any, kept"""
        return samples.abs()


class ZerosBetween(nn.Module):
    """Zeros between the samples of an input.

    Args:
        stride: positions from one sample to the next, per axis.
    """

    def __init__(self, stride: Sequence[int]) -> None:
        super().__init__()
        self.stride = tuple(stride)

    def forward(self, samples: Tensor, *, first: bool = True) -> Tensor:
        """Return samples with zeros between them; where others came before, before the first, too.

        Shape: (N, C, L, *S) → (N, C, (L - 1)·stride + 1, *S')
        """
        size = [(n - 1) * step + 1 for n, step in zip(samples.shape[2:], self.stride, strict=True)]
        start = 0 if first else self.stride[0] - 1
        spread = samples.new_zeros(*samples.shape[:2], size[0] + start, *size[1:])
        places = [slice(None, None, step) for step in self.stride]
        places[0] = slice(start, None, self.stride[0])
        spread[(slice(None), slice(None), *places)] = samples
        return spread

    def extra_repr(self) -> str:
        """Return what stands in the brackets."""
        return f"stride={self.stride}"


class Normalize(nn.Module):
    """(x − mean) / std of each channel; torchvision has a transform for it, which takes images.

    Args:
        mean: of each channel.
        std: of each channel.

    Attributes:
        numbers: both. Shape: (2, C)
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.numbers = torch.tensor([mean, std], dtype=torch.float64)

    def forward(self, samples: Tensor) -> Tensor:
        """Return the normalized samples. Shape: (N, C, *S) or (C,), kept"""
        ones = (1,) * max(0, samples.ndim - 2)
        mean, std = (each.reshape(-1, *ones) for each in self.numbers.to(samples))
        normalized: Tensor = (samples - mean) / std
        return normalized

    def extra_repr(self) -> str:
        """Return the numbers."""
        mean, std = (tuple(round(n, 6) for n in each.tolist()) for each in self.numbers)
        return f"mean={mean}, std={std}"


class ToLinear(nn.Module):
    """Linear light from what sRGB stores; values below zero mirror those above.

    Source: IEC 61966-2-1
    """

    def forward(self, samples: Tensor) -> Tensor:
        """Return the light of samples, where 1 is white. Shape: any, kept"""
        size = samples.abs()
        light = torch.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4)
        return torch.copysign(light, samples)


class ToSrgb(nn.Module):
    """What sRGB stores of linear light; the inverse of `ToLinear`.

    Source: IEC 61966-2-1
    """

    def forward(self, light: Tensor) -> Tensor:
        """Return the samples of light. Shape: any, kept"""
        size = light.abs()
        stored = torch.where(size <= 0.0031308, size * 12.92, 1.055 * size ** (1 / 2.4) - 0.055)
        return torch.copysign(stored, light)
