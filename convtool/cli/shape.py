"""`convtool shape`: the sizes of a layer worked out, for a size or for the header of a file."""

import re
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from convtool.cli import messages
from convtool.cli.loading import loading_torch
from convtool.cli.options import Fields, parameter_of, taking, values_of
from convtool.cli.pages import Content, OptionsCommand
from convtool.errors import UsageError
from convtool.layers.shape import LayerShape, shape_of
from convtool.media.inputs import PIPE
from convtool.media.numbers import medium_of_numbers
from convtool.media.registry import Medium
from convtool.options.kernel import KernelOptions
from convtool.options.layer import LayerOptions
from convtool.options.run import RunOptions
from convtool.options.shape import ShapeOptions
from convtool.padding import text_of
from convtool.places.names import scheme_of
from convtool.sizes import axes_text, counted, sides_text, size_text

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
MOST = 2**40  # samples along an axis
NAMES = ("kernel", "kernel_path", "kernel_size", "in_channels", "out_channels")
FORMULA = "floor((input + padding − dilation·(kernel − 1) − 1) / stride) + 1"
_SIZE = re.compile(r"\s*\d{1,13}(?:\s*[xX×]\s*\d{1,13}){0,2}\s*")


def _fields() -> Fields:
    groups = (KernelOptions, ShapeOptions, LayerOptions)
    every = {field.name: field for group in groups for field in fields(group)}
    layer = [field.name for field in fields(LayerOptions)]
    json = RunOptions.__dataclass_fields__["json"]
    return {name: every[name] for name in (*NAMES, *layer)} | {"json": json}


FIELDS = _fields()


class ShapeCommand(OptionsCommand):
    """The command `convtool shape`."""

    def content(self, ctx: typer.Context) -> Content:
        """Return what the page says."""
        del ctx
        return Content(
            "INPUT",
            SUMMARY,
            [
                ("convtool shape 32x32 --kernel-size 3 --padding 1", "Height and width."),
                ("convtool shape 44100 --kernel-size 9 --stride 2", "A length."),
                ("convtool shape clip.mp4 -k temporal-blur", "The size of a file."),
            ],
            [("INPUT", INPUT)],
            FIELDS,
            "numbers",
        )


SUMMARY = (
    "Work out the sizes of a layer: output, receptive field, weights, bias, parameters, "
    "multiply-adds. Nothing is filtered; of a file, only the header is read."
)
INPUT = "A size, of one to three axes, as 100, 32x32 or 16x32x32; or an image, audio or video file."
Input = Annotated[str, typer.Argument(metavar="INPUT", help=INPUT)]


def _command(**typed: Any) -> None:
    given = values_of(FIELDS, typed)
    as_json = given.pop("json", False)
    text, leading, by_header = typed["input"], AXES[3][0], False
    if _SIZE.fullmatch(text):
        shape = _of_size(text, given)
    else:
        shape, medium = _of_file(text, given)
        leading, by_header = f"{medium.position}s", medium.timed
    if as_json:
        messages.data(described(shape) | {"length_by_header": by_header})
        return
    if by_header:
        length = counted(shape.size[0], medium.position)
        name = messages.printable(text)
        messages.say(f"note: {name}: {length} by its header; only a run counts them")
    print("\n".join(_lines(shape, leading)))


shape = taking(_command, [parameter_of(each) for each in FIELDS.values()], input=Input)
shape.__doc__ = SUMMARY


def _of_size(text: str, given: dict[str, Any]) -> LayerShape:
    """Return the shapes of a layer on an input of some size."""
    size = tuple(int(number) for number in re.split(r"\s*[xX×]\s*", text.strip()))
    if not all(1 <= number <= MOST for number in size):
        raise UsageError(f"a size has whole numbers from 1 to {MOST}, not '{text}'")
    channels = given.pop("in_channels", 1)
    if given.get("kernel") or given.get("transposed"):
        with loading_torch():
            from convtool.look.shape import shape_with_kernels  # noqa: PLC0415  # torch

        medium = medium_of_numbers(len(size))
        return shape_with_kernels(size, channels, medium, medium.options(given))
    kernel = {name: given[name] for name in NAMES if name in given}
    layer = {name: value for name, value in given.items() if name not in NAMES}
    return shape_of(size, channels, KernelOptions(**kernel), LayerOptions(**layer))


def _of_file(name: str, given: dict[str, Any]) -> tuple[LayerShape, Medium]:
    """Return the shapes of a layer on the first part of a file, and its medium."""
    if "in_channels" in given:
        raise UsageError("--in-channels is for sizes; a file has its own channels")
    if name != PIPE and scheme_of(name) is None and not Path(name).exists():
        raise UsageError(
            f"'{name}' is neither a size nor an existing file", hint="sizes: 100, 32x32, 16x32x32"
        )
    with loading_torch():
        from convtool.look.shape import shape_on_file  # noqa: PLC0415  # torch

    return shape_on_file(name, given)


def described(shape: LayerShape) -> dict[str, Any]:
    """Return shapes as one line of JSON."""
    window = shape.window
    bias = [shape.out_channels] if shape.bias else None
    chain = {} if shape.chain is None else {"chain": asdict(shape.chain)}
    return chain | {
        "input": [shape.in_channels, *shape.size],
        "output": [shape.results, *shape.output],
        "kernel_size": window.kernel,
        "stride": window.stride,
        "padding": window.pads,
        "padding_mode": text_of(window.modes),
        "dilation": window.dilation,
        "groups": shape.groups,
        "formulas": list(window.formulas(shape.size)),
        "receptive_field": window.extent,
        "weight": shape.weight,
        "bias": bias,
        "parameters": shape.parameters,
        "multiply_adds": shape.multiply_adds,
    }


def _lines(shape: LayerShape, leading: str) -> list[str]:
    """Return shapes as people read them; the leading one of three axes has a name of its own."""
    folded = shape.results != shape.out_channels
    combined = f", combined from {shape.out_channels}" if folded else ""
    rows = {
        "input": f"{shape.in_channels} × {size_text(shape.size)}",
        "output": f"{shape.results} × {size_text(shape.output)}{combined}",
        "receptive field": size_text(shape.window.extent),
        "weight": str(shape.weight),
        "bias": f"({shape.out_channels})" if shape.bias else "none",
        "parameters": f"{shape.parameters:,}",
        "multiply-adds": f"{shape.multiply_adds:,}",
    }
    left = max(map(len, rows))
    return [
        *chain_lines(shape),
        layer_line(shape),
        "",
        *formula_lines(shape, leading),
        "",
        *(f"{key:<{left}}  {value}" for key, value in rows.items()),
    ]


def chain_lines(shape: LayerShape) -> list[str]:
    """Return the steps of a chain, or a transposed layer, before the lines on the last layer."""
    chain = shape.chain
    if chain is None:
        return []
    channels, *size = chain.input
    sums = f"{chain.parameters:,} parameters, {chain.multiply_adds:,} multiply-adds"
    if len(chain.steps) == 1:
        return [
            chain.steps[0],
            f"  receptive field {size_text(chain.receptive)}, {sums}",
            "",
            f"which is, on {channels} × {size_text(size)} with zeros between samples:",
        ]
    return [
        f"a chain of {counted(len(chain.steps), 'step')} on {channels} × {size_text(size)}:",
        *(f"  {number}  {step}" for number, step in enumerate(chain.steps, start=1)),
        f"  receptive field {size_text(chain.receptive)}, {sums}",
        "",
        "its last layer, on what the steps before it make:",
    ]


def formula_lines(shape: LayerShape, leading: str = AXES[3][0]) -> list[str]:
    """Return the output-size formula, and a line per axis with the numbers put in.

    Args:
        shape: of a layer.
        leading: the name of the first of three axes.
    """
    names = AXES[len(shape.size)]
    if len(names) == len(AXES[3]):
        names = (leading, *names[1:])
    width = max(map(len, names))
    axes = zip(names, shape.window.formulas(shape.size), strict=True)
    return [f"output = {FORMULA}", *(f"  {name:<{width}}  {text}" for name, text in axes)]


def layer_line(shape: LayerShape) -> str:
    """Return a layer in one line, with its options by their names."""
    window = shape.window
    padding = sides_text(window.pads)
    if shape.padding:
        padding = f"{shape.padding} ({padding})"
    options = {
        "kernel": size_text(window.kernel),
        "stride": axes_text(window.stride),
        "padding": padding,
        "dilation": axes_text(window.dilation),
        "groups": str(shape.groups),
    }
    rest = ", ".join(f"{key} {value}" for key, value in options.items())
    mode = f", {text_of(window.modes)}" if any(map(any, window.pads)) else ""
    return f"Conv{len(shape.size)}d({shape.in_channels} → {shape.out_channels}, {rest}{mode})"
