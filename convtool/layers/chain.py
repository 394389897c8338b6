"""The steps of a chain, and the layer that ends it.

A chain is its last layer, which knows the steps before it. Whoever runs that layer gives it what
those make of an input. A chain whose last step has no weights ends in a layer that changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch

from convtool.errors import KernelError, UsageError
from convtool.kernels.chain import StepText, steps_of
from convtool.kernels.kernel import Bank
from convtool.kernels.loader import KernelSpec
from convtool.kernels.spec import parse
from convtool.layers.build import build
from convtool.layers.colour import of_luma
from convtool.layers.ending import named, nothing
from convtool.layers.layer import Layer
from convtool.layers.own import normalizing
from convtool.layers.plain import Plain, plain_step
from convtool.layers.transposed import plain_options, transposed
from convtool.options.declare import read
from convtool.options.kernel import KernelOptions
from convtool.options.layer import AlignmentOptions, LayerOptions

OF_KERNELS = ("combine", "flip", "out_channels")  # options of a step beside those of layers
Load = Callable[[int, int, float | None], Sequence[Bank]]  # the number of a step, channels, rate


@dataclass(frozen=True)
class Step:
    """A step as it is asked for.

    Attributes:
        specs: its kernels, side by side; none for random weights.
        plain: the text of a step without weights; None for a layer.
        kernel: its options of kernels.
        layer: its options of the layer.
    """

    specs: tuple[KernelSpec, ...]
    plain: str | None
    kernel: KernelOptions
    layer: LayerOptions


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all steps of a chain are made for.

    Attributes:
        dims: 1, 2 or 3.
        random_channels: output channels of random weights; None for as many as the input has.
        padding_mode: where the options state none.
        centred: inputs lie in -1…1, instead of 0…1.
        luma: of colours, the brightness alone is filtered.
        alignment: of audio.
        dtype: of the weights.
    """

    dims: int
    random_channels: int | None
    padding_mode: str
    centred: bool
    luma: bool
    alignment: AlignmentOptions
    dtype: torch.dtype


def steps(kernel: KernelOptions, layer: LayerOptions, *, linear: bool = False) -> list[Step]:
    """Return the steps that options ask for: mostly one, with all kernels.

    Args:
        kernel: the options of kernels.
        layer: those of layers.
        linear: filter in linear light.

    Raises:
        KernelError: a text is wrong, or a chain stands beside other kernels.
        UsageError: an option of a step is wrong.
    """
    asked = _steps(kernel, layer)
    if not linear:
        return asked
    before, behind = (Step((), name, kernel, layer) for name in ("to-linear", "to-srgb"))
    return [before, *asked, behind]


def _steps(kernel: KernelOptions, layer: LayerOptions) -> list[Step]:
    """Return the steps of `-k`.

    The padding mode, `flip` and `bias` hold for all steps of a chain, the others for its last
    kernel, as far as a step has none of its own.
    """
    search = kernel.kernel_path
    chains = [steps_of(text, search) for text in kernel.kernel]
    if all(len(chain) == 1 and _is_bare(chain[0]) for chain in chains):
        return [Step(tuple(map(parse, kernel.kernel)), None, kernel, layer)]
    if len(chains) > 1:
        raise KernelError(
            "a chain does not stand beside other kernels", hint="give one -k, or a bank as a file"
        )
    (chain,) = chains
    of_all = (
        KernelOptions(
            kernel=kernel.kernel,
            kernel_path=search,
            flip=kernel.flip,
            preprocess=kernel.preprocess,
        ),
        LayerOptions(padding_mode=layer.padding_mode, bias=layer.bias),
    )
    last = max((n for n, step in enumerate(chain) if not step.plain), default=-1)
    return [
        _step(step, *((kernel, layer) if number == last else of_all))
        for number, step in enumerate(chain)
    ]


def _is_bare(step: StepText) -> bool:
    return not step.plain and not step.options


def _step(step: StepText, kernel: KernelOptions, layer: LayerOptions) -> Step:
    if step.plain:
        if step.options:
            raise KernelError(f"step '{step.text}' has no weights, and takes no options")
        return Step((), step.text, kernel, layer)
    of_kernels = {field.name: field for field in fields(KernelOptions) if field.name in OF_KERNELS}
    of_layers = {field.name: field for field in fields(LayerOptions)}
    values: dict[str, Any] = {}
    for name, text in step.options:
        field = (of_kernels | of_layers).get(name.replace("-", "_"))
        if field is None:
            names = ", ".join(each.replace("_", "-") for each in of_kernels | of_layers)
            raise UsageError(f"step '{step.text}' has no option '{name}'", hint=f"options: {names}")
        values[field.name] = read(field, text)
    return Step(
        (parse(step.text),),
        None,
        replace(kernel, **{name: values[name] for name in values.keys() & of_kernels}),
        replace(layer, **{name: values[name] for name in values.keys() & of_layers}),
    )


def chained(
    steps: Sequence[Step], setting: Setting, in_channels: int, rate: float | None, load: Load
) -> Layer:
    """Return the last layer of a chain, with the steps before it.

    Args:
        steps: the steps, at least one.
        setting: what they are made for.
        in_channels: of the input.
        rate: its samples per second; None where there is no time.
        load: returns the kernels of a step.

    Raises:
        KernelError: a kernel cannot be used.
        LayerError: the options do not fit the input.
        UsageError: the options do not fit each other.
    """
    if len(steps) > 1 and setting.alignment.wet != 1:
        raise UsageError("--wet mixes the result of one layer with the input; a chain has several")
    made: list[Layer | Plain] = []
    channels = in_channels
    high = torch.ones(channels, dtype=setting.dtype)
    reach = (-high if setting.centred else torch.zeros_like(high)), high
    for number, step in enumerate(steps):
        for each in _made(step, setting, channels, load(number, channels, rate)):
            if isinstance(each, Plain):
                made.append(each)
                reach = each.range(*reach)
            else:
                layer = replace(each, reach=reach if made else None)
                made.append(layer)
                channels, reach = layer.channels, layer.output_range(centred=setting.centred)
            rate = None if rate is None else rate / float(each.stride[0])
    if isinstance(made[-1], Plain):
        made.append(replace(nothing(made, setting.dims, channels, setting.dtype), reach=reach))
    *before, end = made
    assert isinstance(end, Layer)
    notes = dict.fromkeys(note for each in made if isinstance(each, Layer) for note in each.notes)
    return named(replace(end, before=tuple(before), notes=tuple(notes))) if before else end


def _made(
    step: Step, setting: Setting, channels: int, kernels: Sequence[Bank]
) -> Sequence[Layer | Plain]:
    """Return what a step consists of: one, or two where it is a transposed layer."""
    if step.plain is not None:
        return [plain_step(step.plain, setting.dims)]
    options, alignment = step.layer, setting.alignment
    if options.transposed and (alignment.length != "same" or alignment.align or alignment.wet != 1):
        raise UsageError("--transposed has its own --padding, and no --length, --align or --wet")
    if setting.luma:
        kernels = of_luma(kernels, channels)
    layer = build(
        kernels,
        dims=setting.dims,
        in_channels=channels,
        random_channels=setting.random_channels or channels,
        padding_mode=setting.padding_mode,
        kernel=step.kernel,
        layer=plain_options(options) if options.transposed else options,
        alignment=alignment,
        dtype=setting.dtype,
    )
    fed = normalizing(kernels, step.kernel, setting.dims)
    layers = transposed(layer, options) if options.transposed else (layer,)
    return layers if fed is None else (fed, *layers)
