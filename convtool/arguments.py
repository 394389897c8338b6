"""What Python programs give to `apply`: tensors, arrays, paths, weights.

It must not know media or options: it only makes one kind of value of many.
"""

from collections.abc import Sequence
from os import PathLike, fspath
from typing import Any

import numpy as np
import torch
from torch import Tensor

from convtool.errors import UsageError
from convtool.places.names import Place, place

MAX_CHANNELS = 32  # of audio that is not asked for by name
MAX_SHOWN = 120  # characters of a message
NUMBERS = (int, float, list, tuple)


def given(source: Any) -> Tensor | Place:
    """Return a tensor without its gradient, an array as a tensor, or a path.

    Raises:
        UsageError: it is nothing of these.
    """
    if isinstance(source, Tensor):
        return source.detach()
    if isinstance(source, str | PathLike):
        return place(fspath(source))
    if isinstance(source, np.ndarray):
        try:
            return torch.from_numpy(np.ascontiguousarray(source).copy())
        except TypeError as exc:
            raise UsageError(f"an array holds numbers, not {source.dtype}") from exc
    raise UsageError(f"a tensor, an array or a path is filtered, not {type(source).__name__}")


def kernels(kernel: Any) -> tuple[str, ...]:
    """Return the text of each kernel.

    Args:
        kernel: a text, an array of weights or nested lists of numbers; or several of them. None for
            none.
    """
    if kernel is None:
        return ()
    if isinstance(kernel, str):
        return (kernel,)
    if _is_grid(kernel):
        return (_grid(kernel),)
    return tuple(each if isinstance(each, str) else _grid(each) for each in kernel)


def _is_grid(kernel: Any) -> bool:
    if isinstance(kernel, list | tuple):
        return bool(kernel) and all(isinstance(each, NUMBERS) for each in kernel)
    return isinstance(kernel, Tensor | np.ndarray)


def _grid(weights: Any) -> str:
    """Return weights as the grid that `-k` takes.

    Raises:
        UsageError: they are not numbers in lists of one length.
    """
    if isinstance(weights, Tensor):
        weights = weights.detach().cpu().numpy()
    problem = "a kernel holds numbers, in lists of one length"
    try:
        array = np.asarray(weights)
    except ValueError as exc:
        raise UsageError(problem) from exc
    if array.dtype.kind not in "iuf":
        raise UsageError(f"{problem}, not {weights!r}"[:MAX_SHOWN])
    return str(array.astype(np.float64).tolist())


def refuse_ambiguous(shape: Sequence[int]) -> None:
    """Refuse a shape that is rather (C, H, W), one image as torchvision has it, than (N, C, L).

    Raises:
        UsageError: there are more channels than audio has, or not fewer than samples.
    """
    if len(shape) != 3 or shape[1] == 1 or MAX_CHANNELS >= shape[1] < shape[2]:
        return
    raise UsageError(
        f"a tensor of shape {tuple(shape)} may be an image, (C, H, W), or audio, (N, C, L)",
        hint="tensor[None] makes it one image of a batch; medium='audio' takes it as audio",
    )
