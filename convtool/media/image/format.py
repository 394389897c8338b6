"""The picture formats: their suffixes and what each can hold."""

from dataclasses import dataclass

import torch

from convtool.media import named


@dataclass(frozen=True)
class Format:
    """One picture format, as it is written.

    Attributes:
        name: Pillow's name for it, or `NPY`.
        suffixes: file name endings; the first is the usual one.
        dtypes: sample types it can hold, the smallest first.
        alpha: it can hold transparency.
        frames: it can hold several pictures.
        quality: it is lossy, and `--quality` counts.
        copies: how many times its samples, about, are held while it is made; measured.
    """

    name: str
    suffixes: tuple[str, ...]
    dtypes: tuple[torch.dtype, ...] = (torch.uint8,)
    alpha: bool = False
    frames: bool = False
    quality: bool = False
    copies: int = 4

    def dtype_for(self, wanted: torch.dtype) -> torch.dtype:
        """Return the sample type that keeps most of `wanted`."""
        deep_enough = [dtype for dtype in self.dtypes if dtype.itemsize >= wanted.itemsize]
        return deep_enough[0] if deep_enough else self.dtypes[-1]


FORMATS = (
    Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), quality=True, copies=3),
    Format("PNG", (".png", ".apng"), (torch.uint8, torch.uint16), alpha=True, frames=True),
    Format("WEBP", (".webp",), alpha=True, frames=True, quality=True, copies=7),
    Format(
        "TIFF",
        (".tif", ".tiff"),
        (torch.uint8, torch.uint16, torch.float32),
        alpha=True,
        frames=True,
    ),
    Format("BMP", (".bmp", ".dib")),
    Format("GIF", (".gif",), alpha=True, frames=True, copies=6),
    Format("AVIF", (".avif", ".avifs"), alpha=True, frames=True, quality=True, copies=12),
    Format("PPM", (".ppm", ".pgm", ".pnm"), (torch.uint8, torch.uint16)),
    Format("NPY", (".npy",), (torch.float32,), frames=True),
)
READABLE = tuple(format.name for format in FORMATS if format.name != "NPY")
SUFFIXES = {suffix: format for format in FORMATS for suffix in format.suffixes}


def format_of(suffix: str) -> Format:
    """Return the format that `.png` or `png` stands for.

    Raises:
        UsageError: it stands for none.
    """
    return named(suffix, SUFFIXES, "no picture format is known by")
