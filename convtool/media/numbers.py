"""Numbers that belong to no medium: what layers do to them follows PyTorch's defaults.

It must not import torch, as the registry must not.
"""

import importlib
from typing import TYPE_CHECKING

from convtool.media.registry import Medium

if TYPE_CHECKING:
    from convtool.media.contract import Backend


def _load() -> "Backend":
    backend: Backend = importlib.import_module("convtool.media.arrays").BACKEND  # torch
    return backend


def medium_of_numbers(dims: int) -> Medium:
    """Return what stands for a medium where the input is a size or typed numbers.

    Results are the raw responses; padding is zeros, and random weights have one output channel.

    Args:
        dims: 1, 2 or 3.
    """
    return Medium(
        "numbers",
        dims,
        _load,
        position={1: "position", 2: "row", 3: "plane"}[dims],
        several="numbers",
        aligned=dims == 1,
        padding_mode="zeros",
        random_channels=1,
        usual="none",
    )
