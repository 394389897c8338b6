"""The taps of a run that other programs can do: one kernel for all channels, at every position."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convtool.look.emit.given import Given
from convtool.look.report.pytorch import of_one_group
from convtool.padding import text_of

CLAMPED = ("clamp", "none")


@dataclass(frozen=True)
class Taps:
    """A kernel as other programs take it.

    Attributes:
        weights: of shape (*K), in the order of correlation, with the zeros of a dilation.
        origin: the tap that lies on the current sample, with the output of the input's size.
        pads: samples that are added before and after on each axis.
        bias: added to every output; 1 is white, or full scale.
        mode: how the input goes on beyond its ends; None where nothing is added.
    """

    weights: NDArray[np.float64]
    origin: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    bias: float
    mode: str | None


def taps_of(given: Given, modes: dict[str, str], *, same: bool = True) -> Taps:
    """Return the taps of a run.

    Args:
        given: the run.
        modes: the padding modes that the program has, by PyTorch's names.
        same: it makes results of the input's size only.

    Raises:
        UsageError: the program cannot do the run, with the reason.
    """
    conv, layer = given.layer.conv, given.layer
    given.refuse_chain()
    _check_channels(given)
    if set(conv.stride) != {1}:
        raise given.refusal(f"the stride is not 1, and {given.title} makes every position")
    dilation = conv.dilation
    each, _ = of_one_group(conv.weight.detach(), conv.groups)
    spread = [(k - 1) * d + 1 for k, d in zip(conv.kernel_size, dilation, strict=True)]
    weights = np.zeros(spread)
    numbers = each[0, 0].numpy()
    shortest = np.array([float(str(number)) for number in numbers.ravel()])  # 0.1 of float32, too
    weights[tuple(slice(None, None, d) for d in dilation)] = shortest.reshape(numbers.shape)
    pads = tuple((before, after) for before, after in layer.ends)
    full = [sum(ends) == taps - 1 for ends, taps in zip(pads, spread, strict=True)]
    if same and not all(full):
        raise given.refusal(
            f"the padding is {pads}, and {given.title} makes results of the input's size",
            "--padding same",
        )
    padded = any(sum(ends) for ends in pads)
    mode = text_of(layer.modes)
    if padded and mode not in modes:
        known = ", ".join(modes) or "none"
        raise given.refusal(
            f"{given.title} does not pad by {mode} as PyTorch does",
            f"it has --padding-mode {known}",
        )
    bias = 0.0 if conv.bias is None else float(conv.bias[0])
    origin = tuple(before for before, _ in pads)
    return Taps(weights, origin, pads, bias, mode if padded else None)


def _check_channels(given: Given) -> None:
    """Check that each channel is filtered by the same kernel, and stored as it comes."""
    conv, layer = given.layer.conv, given.layer
    if layer.folds_anything or len(layer.outputs) > 1:
        raise given.refusal("the layer is a bank of kernels, expected one")
    if not conv.groups == conv.in_channels == conv.out_channels:
        raise given.refusal(
            f"the layer mixes channels, and {given.title} filters each by itself",
            "--groups depthwise",
        )
    _, repeats = of_one_group(conv.weight.detach(), conv.groups)
    biases = [0.0] if conv.bias is None else conv.bias.tolist()
    if repeats != conv.groups or len(set(biases)) > 1:
        raise given.refusal("each channel has weights of its own, expected the same for all")
    name = given.rule(given.shares[0])
    if name not in CLAMPED:
        raise given.refusal(
            f"results are mapped by {name}, and {given.title} only clips them", "--normalize clamp"
        )
    if given.stored.floats != given.part.levels.floats or (
        given.stored.scale != given.part.levels.scale
    ):
        raise given.refusal(
            f"samples of {given.part.levels} are stored as {given.stored}, expected the same"
        )


def plane_of(given: Given, taps: Taps) -> Taps:
    """Return taps as rows and columns of odd size, their middle on the current sample.

    Raises:
        UsageError: the kernel has several frames.
    """
    weights, origin = taps.weights, taps.origin
    while weights.ndim > 2:
        if len(weights) > 1:
            raise given.refusal(f"the kernel spans {len(weights)} frames, expected one")
        weights, origin = weights[0], origin[1:]
    ends = []
    for place, length in zip(origin, weights.shape, strict=True):
        after = length - 1 - place
        ends.append((max(0, after - place), max(0, place - after)))
    weights = np.pad(weights, ends)
    middle = tuple(length // 2 for length in weights.shape)
    return Taps(weights, middle, tuple((m, m) for m in middle), taps.bias, taps.mode)


def plain(given: Given, forbidden: str) -> tuple[str, str]:
    """Return the names of the input and the output.

    Args:
        given: the run.
        forbidden: characters that mean something else in names to the program.

    Raises:
        UsageError: one of them is in a name.
    """
    names = (given.input, given.output)
    for name in names:
        if found := next((each for each in forbidden if each in name), None):
            raise given.refusal(f"'{found}' in '{name}' means something else to {given.title}")
    first, second = (f"./{name}" if name.startswith("-") else name for name in names)
    return first, second
