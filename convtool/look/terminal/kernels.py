"""Draw kernels in the terminal: what they are, numbers, heat maps, magnitude responses."""

from collections.abc import Sequence

import numpy as np
from rich.console import Console

from convtool.kernels.heat import has_numbers
from convtool.kernels.kernel import Bank, Kernel
from convtool.look.terminal.heat_map import heat_map
from convtool.look.terminal.picture import lacking
from convtool.look.terminal.response import response, response_2d, response_over_time
from convtool.look.terminal.waveform import waveform

MOST = 6  # planes of a trained layer, which has hundreds
LISTED = 8  # sums and biases, beyond which their range is said
ROUNDING = 1e-12  # of a sum, in units of that of the sizes of its terms


def draw(bank: Bank, rate: float | None, console: Console) -> None:
    """Print the kernels of a bank.

    Args:
        bank: the kernels.
        rate: samples per second, for audio kernels; None for others.
        console: what they are printed on; where it is no terminal, all is plain text.
    """
    if len(bank.kernels) > 1:
        how = f"combined by {bank.combine}" if bank.combine else "not combined"
        _say(console, f"{bank.label}: a bank of {len(bank.kernels)}, {how}\n")
    if rate is not None:
        _say(console, f"at {rate:g} samples per second")
    for number, kernel in enumerate(bank.kernels):
        if number:
            console.print()
        _draw(console, kernel, rate)


def _say(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def _draw(console: Console, kernel: Kernel, rate: float | None) -> None:
    _describe(console, kernel, signed_input=rate is not None)
    planes = kernel.planes
    most = len(planes) if kernel.own is None else MOST
    for title, plane, largest in planes[:most]:
        console.print()
        if title:
            _say(console, title)
        heat_map(plane, console, largest)
        if rate is not None and not has_numbers(plane) and not lacking(console):
            console.print()
            waveform(plane[0], rate, console)
        if rate is not None and plane.size > 1:
            console.print()
            response(plane[0], rate, console)
        elif plane.size > 1 and kernel.dims == 2:
            console.print()
            response_2d(plane, console)
    if len(planes) > most:
        _say(console, f"\nand {len(planes) - most} more; --plot FILE draws all")
    if kernel.dims == 3 and not kernel.has_channel_axes:
        _draw_video_response(console, kernel)


def _draw_video_response(console: Console, kernel: Kernel) -> None:
    """Print the response to what stands still, and to what changes as a whole."""
    over_time, in_space = kernel.weights.sum((1, 2)), kernel.weights.sum(0)
    if over_time.size > 1:
        console.print()
        response_over_time(over_time, console)
    if in_space.size > 1:
        console.print()
        _say(console, "of pictures that stand still:")
        response_2d(in_space, console)


def _describe(console: Console, kernel: Kernel, *, signed_input: bool) -> None:
    low, high = kernel.output_range(signed=signed_input)
    inputs = "-1…1" if signed_input else "0…1"
    biases = kernel.bias if isinstance(kernel.bias, tuple) else (kernel.bias,)
    bias = f", bias {_listed(biases)}" if any(biases) else ""
    _say(console, f"{kernel.name}  {'×'.join(map(str, kernel.weights.shape))}")
    _say(console, f"sum        {_sums(kernel)}{bias}")
    _say(console, f"range      {low:g} … {high:g} for inputs in {inputs}")
    _say(console, f"separable  {'yes' if kernel.separable else 'no'}")
    _say(console, f"normalize  {kernel.normalize}")
    if kernel.own is not None:
        _say(console, f"moves      {kernel.own}")
    if kernel.preprocess is not None:
        _say(console, f"input      {kernel.preprocess}")


def _sums(kernel: Kernel) -> str:
    """Return the sum of the weights of each output: zero where only rounding differs from it."""
    outputs = kernel.weights.reshape(len(kernel.weights) if kernel.has_channel_axes else 1, -1)
    sums, sizes = outputs.sum(1), np.abs(outputs).sum(1)
    return _listed(np.where(np.abs(sums) <= ROUNDING * sizes, 0.0, sums).tolist())


def _listed(numbers: Sequence[float]) -> str:
    """Return numbers, or the smallest and largest of many."""
    if len(numbers) > LISTED:
        return f"{min(numbers):g} … {max(numbers):g}"
    return ", ".join(f"{each:g}" for each in numbers)
