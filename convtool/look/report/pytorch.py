"""Write the lines of PyTorch that make the same layer.

Weights that are the same for all channels are written once; long ones are left to the command.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn

from convtool.errors import ConvtoolError
from convtool.kernels.resolve import resolve
from convtool.layers.chain import steps
from convtool.layers.layer import Layer
from convtool.layers.modules import Abs, Normalize, ToLinear, ToSrgb
from convtool.layers.plain import Plain
from convtool.look.report.literals import listed
from convtool.look.report.padding import padding_lines
from convtool.options.options import Options

OF_SRGB: dict[type, str] = {
    ToLinear: "torch.where(x.abs() <= 0.04045, x / 12.92, "
    "torch.copysign(((x.abs() + 0.055) / 1.055) ** 2.4, x))",
    ToSrgb: "torch.where(x.abs() <= 0.0031308, x * 12.92, "
    "torch.copysign(1.055 * x.abs() ** (1 / 2.4) - 0.055, x))",
}
MOST = 400  # weights that are written out


def pytorch_code(layer: Layer, options: Options, rate: float | None) -> str:
    """Return the lines that make a layer, its weights included.

    Args:
        layer: the layer.
        options: that it was made by.
        rate: samples per second, for kernels in hertz and seconds.
    """
    lines = ["import torch", "from torch import nn", ""]
    if layer.before:
        return "\n".join([*lines, *chain_lines(layer, options)])
    changed = options.kernel.flip or options.alignment.wet != 1
    drawn = not options.kernel.kernel and options.kernel.seed is not None and not changed
    if drawn:
        lines.append(f"torch.manual_seed({options.kernel.seed})")
    lines.append(f"layer = {constructor(layer, drawn=drawn)}")
    if drawn and layer.conv.weight.dtype != torch.float32:
        lines.append("layer = layer.double()")
    weights = _drawn(layer, options) if drawn else _weights(layer, options, rate)
    if weights:
        lines += ["with torch.no_grad():", *(f"    {line}" for line in weights)]
    if layer.pads is not None:
        first, *others = padding_lines(layer)
        lines += [f"# before the layer: {first}", *(f"# {line}" for line in others)]
    return "\n".join(lines)


def chain_lines(layer: Layer, options: Options) -> list[str]:
    """Return the lines that make a chain: its layers, and a function that runs all steps.

    Args:
        layer: the last one.
        options: that the chain was made by.
    """
    asked = [step for step in steps(options.kernel, options.layer) if step.plain is None]
    texts = iter([[spec.text for spec in step.specs] for step in asked])
    made: list[str] = []
    run = ["def chain(x):"]
    for number, step in enumerate(layer.steps, start=1):
        if step.spreads:
            continue
        if not isinstance(step, Layer):
            run.append(f"    x = {_call(step)}")
            continue
        name = f"layer{number}"
        made += [f"{name} = {constructor(step)}", "with torch.no_grad():"]
        loaded = _loaded(step, name, () if step.ends_chain else next(texts), None)
        lines = weight_lines(step, name) or [*loaded, *_bias_lines(step, name)]
        made += [f"    {line}" for line in lines]
        if step.transposed is None:
            run += [f"    {line}" for line in padding_lines(step)]
        run.append(f"    x = {name}(x)")
        run += [f"    {line}" for line in _fold_lines(step)]
    return [*made, "", *run, "    return x"]


def _call(step: Plain) -> str:
    """Return the call of a step without weights."""
    if isinstance(step.module, Abs):
        return "x.abs()"
    if isinstance(step.module, Normalize):
        shape = (-1, *(1,) * len(step.factor))
        mean, std = (f"torch.tensor({listed(each)}).reshape{shape}" for each in step.module.numbers)
        return f"(x - {mean}) / {std}"
    if isinstance(step.module, ToLinear | ToSrgb):
        return OF_SRGB[type(step.module)]
    if isinstance(step.module, nn.Upsample):
        return f"nn.Upsample(scale_factor={step.module.scale_factor})(x)"
    taps = "" if step.window is None else str(step.window.kernel)
    return f"nn.{type(step.module).__name__}({taps})(x)"


def _fold_lines(layer: Layer) -> list[str]:
    """Return the lines that combine the responses of a layer's banks."""
    if not layer.folds_anything:
        return []
    count = layer.conv.out_channels // layer.conv.groups
    how = layer.combine if layer.combine is not None else layer.folds[0][1]
    if (layer.combine is None and len(layer.folds) > 1) or how is None:
        return ["raise NotImplementedError('several banks, combined apart: run the command')"]
    if layer.combine is not None and any(each for _, each in layer.folds):
        return ["raise NotImplementedError('banks, combined twice: run the command')"]
    folds = {
        "magnitude": "square().sum(2).sqrt()",
        "max": "amax(2)",
        "sum": "sum(2)",
        "mean": "mean(2)",
    }
    return [f"x = x.unflatten(1, ({layer.conv.groups}, {count})).{folds[how]}"]


def constructor(layer: Layer, *, drawn: bool = False) -> str:
    """Return the call that makes the layer, without what has its default.

    Args:
        layer: the layer.
        drawn: its weights are drawn by the call, as float32.

    >>> from convtool.layers.build import build
    >>> constructor(build([], dims=1, in_channels=1, random_channels=2, padding_mode="zeros"))
    "nn.Conv1d(1, 2, kernel_size=(3,), padding='same')"
    """
    if layer.transposed is not None:
        return f"nn.{layer.transposed}"
    conv = layer.conv
    words = [str(conv.in_channels), str(conv.out_channels), f"kernel_size={conv.kernel_size}"]
    if set(conv.stride) != {1}:
        words.append(f"stride={conv.stride}")
    if conv.padding != "valid" and (isinstance(conv.padding, str) or any(conv.padding)):
        words.append(f"padding={conv.padding!r}")
    if set(conv.dilation) != {1}:
        words.append(f"dilation={conv.dilation}")
    if conv.groups != 1:
        words.append(f"groups={conv.groups}")
    if conv.bias is None:
        words.append("bias=False")
    if conv.padding_mode != "zeros":
        words.append(f"padding_mode={conv.padding_mode!r}")
    if conv.weight.dtype != torch.float32 and not drawn:
        words.append(f"dtype={conv.weight.dtype}")
    return f"nn.Conv{len(conv.kernel_size)}d({', '.join(words)})"


def _drawn(layer: Layer, options: Options) -> list[str]:
    """Return the lines that draw random weights otherwise than by default."""
    kernel = options.kernel
    if kernel.init == "default":
        return []
    groups = f", groups={layer.conv.groups}" if kernel.init == "dirac" else ""
    lines = [f"nn.init.{kernel.init}_(layer.weight{groups})"]
    if options.layer.bias:
        lines.append("nn.init.zeros_(layer.bias)")
    return lines


def _weights(layer: Layer, options: Options, rate: float | None) -> list[str]:
    """Return the lines that set weights and bias."""
    lines = weight_lines(layer, "layer")
    loaded = _loaded(layer, "layer", options.kernel.kernel, rate)
    return lines or [*loaded, *_bias_lines(layer, "layer")]


def weight_lines(layer: Layer, name: str) -> list[str]:
    """Return the lines that set weights and bias; none where there are too many to be written.

    Args:
        layer: the layer.
        name: of its variable.
    """
    conv: Any = layer.named
    weight, repeats = of_one_group(conv.weight.detach(), conv.groups)
    if weight.numel() > MOST:
        return []
    times = f".repeat({repeats}, {', '.join('1' * (weight.ndim - 1))})" if repeats > 1 else ""
    line = f"{name}.weight[:] = torch.tensor({listed(weight)}){times}"
    return [line, *_bias_lines(layer, name)]


def _bias_lines(layer: Layer, name: str) -> list[str]:
    bias = layer.conv.bias
    if bias is None:
        return []
    if not bool(bias.any()):
        return [f"{name}.bias.zero_()"]
    return [f"{name}.bias[:] = torch.tensor({listed(bias)})"]


def _loaded(layer: Layer, name: str, texts: Sequence[str], rate: float | None) -> list[str]:
    """Return the lines that load weights which are too many to be written out.

    Args:
        layer: the layer.
        name: of its variable.
        texts: of its kernels.
        rate: samples per second, for kernels in hertz and seconds.
    """
    conv = layer.conv
    dims = len(conv.kernel_size)
    if len(texts) == 1:
        with suppress(ConvtoolError):
            (kernel, *others) = resolve(texts[0], dims, rate=rate).kernels
            weights = torch.from_numpy(kernel.weights).to(conv.weight.dtype)
            alike = conv.weight.shape[2:] == weights.shape[-dims:]
            if not others and alike and bool((conv.weight == weights).all()):
                timed = "" if rate is None else f", rate={rate:g}"
                return [
                    "import convtool",
                    f"bank = convtool.resolve({texts[0]!r}, {dims}{timed})",
                    f"{name}.weight[:] = torch.from_numpy(bank.kernels[0].weights)",
                ]
    return _too_many(layer)


def _too_many(layer: Layer) -> list[str]:
    words = f"{layer.conv.weight.numel()} weights are too many to list: run the command instead"
    return [f"raise NotImplementedError({words!r})"]


def of_one_group(weight: Tensor, groups: int) -> tuple[Tensor, int]:
    """Return the weights of one group, and how often they follow each other."""
    grouped = weight.reshape(groups, -1, *weight.shape[1:])
    if bool((grouped == grouped[:1]).all()):
        return grouped[0], groups
    return weight, 1
