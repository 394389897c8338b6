"""How a chain ends: a layer where its last step has none, and the names of what comes out."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from convtool.kernels.kernel import joined_rule
from convtool.layers.build import CONVS
from convtool.layers.layer import Layer
from convtool.layers.outputs import MAX_LABEL, NamedOutput
from convtool.layers.plain import Plain


def nothing(made: Sequence[Layer | Plain], dims: int, channels: int, dtype: torch.dtype) -> Layer:
    """Return a layer that changes nothing, behind a step without weights.

    Args:
        made: the steps before it.
        dims: spatial axes of the input.
        channels: of what the steps make.
        dtype: of the weights.
    """
    conv = CONVS[dims](
        channels, channels, (1,) * dims, groups=channels, bias=False, dtype=dtype
    ).requires_grad_(False)
    conv.weight.fill_(1)
    rules = ["clamp"]
    for each in made:
        if isinstance(each, Plain):
            rules = [each.rule(rule) for rule in rules]
        else:
            rules = [output.normalize for output in each.outputs]
    output = NamedOutput("", tuple(range(channels)), True, joined_rule(rules, None), "")
    return Layer(conv, ((channels, None),), None, (output,), ends_chain=True)


def named(layer: Layer) -> Layer:
    """Return the last layer of a chain, its outputs named by all steps."""
    labels = [label for each in layer.before if not each.spreads and (label := _label(each))]
    if not labels:
        return layer
    outputs = []
    for output in layer.outputs:
        steps = [*labels, output.label] if output.label else labels
        label = "-".join(steps)
        if len(label) > MAX_LABEL:
            label = f"chain-of-{len(steps)}-{output.label}".rstrip("-")
        title = " -> ".join([*labels, output.title] if output.title else labels)
        outputs.append(replace(output, label=label, title=title))
    return replace(layer, outputs=tuple(outputs))


def _label(step: Layer | Plain) -> str:
    if isinstance(step, Plain):
        return step.label
    return "+".join(output.label for output in step.outputs)
