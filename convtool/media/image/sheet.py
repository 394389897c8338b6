"""Label the tiles of a sheet."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

LABEL_HEIGHT = 22


def labelled(tiles: Sequence[Tensor], labels: Sequence[str], white: int) -> list[Tensor]:
    """Return tiles of one width, each below a white strip with its label.

    Args:
        tiles: of 1 or 3 channels; narrower ones get a white margin.
        labels: as many.
        white: the number that stands for white.

    Shape: (1 or 3, H, W) each → (1 or 3, LABEL_HEIGHT + H, W')
    """
    width = max(tile.shape[2] for tile in tiles)
    return [_labelled(tile, label, width, white) for tile, label in zip(tiles, labels, strict=True)]


def _labelled(tile: Tensor, label: str, width: int, white: int) -> Tensor:
    channels, height, tile_width = tile.shape
    cell = tile.new_full((channels, LABEL_HEIGHT + height, width), white)
    cell[:, :LABEL_HEIGHT] = _strip(label, width, white)
    cell[:, LABEL_HEIGHT:, :tile_width] = tile
    return cell


def _strip(text: str, width: int, white: int) -> Tensor:
    """Return a white strip with a text on it. Shape: (LABEL_HEIGHT, width)"""
    strip = Image.new("L", (width, LABEL_HEIGHT), 255)
    draw = ImageDraw.Draw(strip)
    font = ImageFont.load_default(LABEL_HEIGHT * 2 // 3)
    draw.text((2, LABEL_HEIGHT // 2), text, fill=0, font=font, anchor="lm")
    return torch.from_numpy(np.array(strip)).to(torch.int32) * white // 255
