"""Say what a layer is: as PyTorch, as a command, and in numbers."""

import math
from collections.abc import Iterator
from typing import Any

from convtool.convolve.geometry import extent
from convtool.look.report.command import command_line
from convtool.look.report.pytorch import pytorch_code
from convtool.look.report.shown import Shown
from convtool.look.shape import chain_shape
from convtool.sizes import size_text


def layer_facts(shown: Shown) -> dict[str, Any]:
    """Return what the section on the layer shows."""
    view, outcome = shown.view, shown.outcome
    layer, size = view.work.layer, shown.size
    conv = layer.conv
    each = math.prod(conv.kernel_size) * conv.in_channels // conv.groups
    positions = math.prod(shown.output_size)
    bias = 0 if conv.bias is None else conv.bias.numel()
    return {
        "pytorch": pytorch_code(layer, shown.options, view.work.part.rate),
        "command": command_line(shown) if shown.medium.backend.readable else None,  # or numbers
        "input": size_text((1, len(view.work.part.channels), *size)),
        "output": size_text((1, layer.channels, *shown.output_size)),
        "axes": " × ".join(AXES[len(size)]),
        "formulas": list(_formulas(shown)),
        "receptive": size_text(extent(conv)),
        "weights": conv.weight.numel(),
        "biases": f"{bias} bias{'' if bias == 1 else 'es'}" if bias else "",
        "shape": size_text(conv.weight.shape),
        "each": each,
        "multiplyAdds": positions * conv.out_channels * each,
        "algorithm": outcome.algorithm,
        "estimates": outcome.estimates or "",
        "seconds": outcome.seconds,
        "stored": str(view.work.encoding.levels),
        "outputs": [text.encode("utf-8", "replace").decode() for text in outcome.outputs],
        "notes": [*_chain(shown), *outcome.notes],
    }


def _chain(shown: Shown) -> Iterator[str]:
    """Yield the steps of a chain with their results; the page is about its last layer."""
    part = getattr(shown.view.work.part, "base", None)
    if part is not None:
        chain = chain_shape(shown.view.work.layer, len(part.channels), part.size)
        steps = chain.steps if chain else ()
        for number, step in enumerate(steps, start=1):
            yield f"step {number} of {len(steps)}: {step}"


AXES = {1: ("samples",), 2: ("height", "width"), 3: ("frames", "height", "width")}


def _formulas(shown: Shown) -> Iterator[tuple[str, str]]:
    """Yield for each axis its name, and the formula of the output size with its numbers."""
    layer, size = shown.view.work.layer, shown.size
    formulas = layer.window.formulas(size)
    yield from zip(AXES[len(size)], formulas, strict=True)
