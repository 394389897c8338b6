"""What a film says in words: the layer above the picture, and the whole for those who see none."""

import itertools
from collections.abc import Sequence

from convtool.look.animation.numbers import short
from convtool.look.animation.storyboard import Storyboard
from convtool.padding import text_of
from convtool.sizes import size_text

MOST_READ = 200  # numbers of an array that are written out


def caption(board: Storyboard) -> str:
    """Return a layer and what it is set to.

    >>> from torch import nn, zeros
    >>> from convtool.look.animation.storyboard import of_array
    >>> caption(of_array(nn.Conv2d(1, 1, 3, stride=2, padding=1), zeros(1, 5, 5)))
    'Conv2d, kernel 3×3, stride 2, padding 1'
    """
    conv = board.conv
    parts = [type(conv).__name__, f"kernel {size_text(conv.kernel_size)}"]
    parts += [f"stride {_axes(conv.stride)}"] * (set(conv.stride) != {1})
    if any(map(any, board.layer.ends)):
        named = text_of(board.layer.modes)
        mode = "" if named == "zeros" else f" {named}"
        parts.append(f"padding {_padding(board.layer.ends)}{mode}")
    parts += [f"dilation {_axes(conv.dilation)}"] * (set(conv.dilation) != {1})
    parts += [f"groups {conv.groups}"] * (conv.groups != 1)
    return ", ".join(parts)


def described(board: Storyboard) -> str:
    """Return what is seen in a film."""
    values = board.padded[list(board.inputs)]
    for axis, outside in enumerate(board.region.outside, start=1):
        values = values.index_select(axis, (~outside).nonzero().flatten())
    return (
        f"The kernel's window slides over an input of {size_text(values.shape)} in "
        f"{len(board.steps)} steps. Each step shows the samples under the window, their weights, "
        f"the products and their sum, which fills in one element of the output of "
        f"{size_text((len(board.outputs), *board.region.size))}. "
        f"Input: {_numbers(values.flatten().tolist())}. "
        f"Output: {_numbers([step.total for step in board.steps])}."
    )


def _axes(numbers: Sequence[int]) -> str:
    return str(numbers[0]) if len(set(numbers)) == 1 else size_text(numbers)


def _padding(pads: Sequence[tuple[int, int]]) -> str:
    """Return what is added on each axis; (0, 1) is what is added before and after."""
    sides = [str(a) if a == b else f"({a}, {b})" for a, b in pads]
    return sides[0] if len(set(sides)) == 1 else "×".join(sides)


def _numbers(numbers: Sequence[float]) -> str:
    shown = " ".join(short(number) for number in itertools.islice(numbers, MOST_READ))
    return shown if len(numbers) <= MOST_READ else f"{shown} …"
