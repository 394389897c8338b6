"""`convtool kernels convert`: a kernel in the format of another program."""

import sys
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated

import typer

from convtool.cli import messages
from convtool.cli.completion import kernels
from convtool.cli.weights import DIMS, RATE, RATES, KernelPath
from convtool.errors import KernelError
from convtool.media.inputs import PIPE
from convtool.options.declare import read, read_value
from convtool.outputs.atomic import Publisher
from convtool.places.names import place

if TYPE_CHECKING:
    from convtool.kernels.formats.found import Format
    from convtool.kernels.kernel import Kernel
    from convtool.kernels.loader import KernelSpec


def convert(
    source: Annotated[
        str,
        typer.Argument(
            metavar="IN",
            help="As for --kernel: a name, a file, a grid, a string of ImageMagick's.",
            autocompletion=kernels,
        ),
    ],
    output: Annotated[
        str,
        typer.Argument(
            metavar="OUT",
            help="The file; its suffix decides the format: .yaml, .json, .mat (libvips), .txt "
            "(ImageJ), .magick (ImageMagick), .npy, .safetensors, .pt (PyTorch), .wav (impulse "
            "response). - is standard output.",
        ),
    ],
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="Format of OUT: yaml, json, vips, imagej, imagemagick, npy, safetensors, pytorch "
            "or wav. [default: by the suffix]",
        ),
    ] = None,
    dims: Annotated[
        str | None,
        typer.Option(
            "--dims",
            metavar="N",
            help="1 audio, 2 images, 3 video; 2 by default, where IN has weights and OUT holds "
            "them.",
        ),
    ] = None,
    rate: Annotated[
        str,
        typer.Option(
            "--rate",
            metavar="HZ",
            help="Samples per second, for kernels in Hz or seconds and for impulse responses. "
            f"[default: {RATE}]",
        ),
    ] = str(RATE),
    kernel_path: KernelPath = None,
    *,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", "--force", "-f", help="Replace an existing OUT.")
    ] = False,
) -> None:
    """Write a kernel in the format of another program.

    Weights are converted to the direction of each format: libvips, ImageJ and PyTorch correlate as
    convtool does; strings of ImageMagick and impulse responses convolve, so they are flipped.
    Notes say what else is changed. What a format cannot hold is an error.
    """
    from convtool.kernels.chain import steps_of  # noqa: PLC0415  # NumPy
    from convtool.kernels.formats.found import Wanted  # noqa: PLC0415  # NumPy
    from convtool.kernels.formats.table import format_of  # noqa: PLC0415  # NumPy
    from convtool.kernels.loader import Request  # noqa: PLC0415  # NumPy
    from convtool.kernels.spec import parse  # noqa: PLC0415  # NumPy

    if output == PIPE and format is None:
        raise KernelError("the format of standard output is missing", hint="--format NAME")
    target = format_of(output, format)
    search = tuple(map(Path, kernel_path or ()))
    asked = None if dims is None else int(read_value("dims", DIMS, dims))
    hertz = float(read(RATES, rate))
    steps = steps_of(source, search)
    if len(steps) > 1 or steps[0].plain or steps[0].options:
        raise KernelError(f"'{source}' is a chain of steps, and a file holds one kernel")
    spec = parse(source)
    chosen = _dimension(spec, target, search, asked)
    bank = spec.load(Request(chosen, search, hertz))
    if len(bank.kernels) > 1:
        members = ", ".join(each.label for each in bank.kernels)
        raise KernelError(
            f"'{source}' is a bank of {len(bank.kernels)} kernels, and a file holds one",
            hint=f"convert each: {members}",
        )
    (kernel,) = bank.kernels
    name = kernel.label if output == PIPE else PurePath(output).stem
    written = target.write(kernel, Wanted(hertz, name))
    if output == PIPE:
        sys.stdout.buffer.write(written.content)
        sys.stdout.buffer.flush()
    else:
        with Publisher().file(place(output), overwrite=overwrite) as file:
            file.write(written.content)
    notes = (*kernel.notes, *_flipped(kernel, target), *_left_behind(kernel), *written.notes)
    for note in dict.fromkeys(notes):
        messages.say(f"note: {messages.printable(note)}")
    if output != PIPE:
        messages.say(f"wrote {messages.printable(output)}")


def _dimension(
    spec: "KernelSpec", target: "Format", search: tuple[Path, ...], asked: int | None
) -> int:
    """Return the dimension whose weights are written."""
    if asked is not None:
        if asked not in target.dims:
            raise KernelError(f"--dims {asked}: {target.title} holds no such kernels")
        return asked
    known = spec.dimensions(search)
    for dims in target.dims:
        if dims in known:
            return dims
    shown = " and ".join(f"{dims}-D" for dims in known)
    raise KernelError(f"'{spec.text}' has weights for {shown}, which {target.title} does not hold")


def _left_behind(kernel: "Kernel") -> tuple[str, ...]:
    """Return notes on what a layer brings beside its weights, which no format of kernels has."""
    moves = kernel.own is not None and kernel.own.stated
    return (
        *([f"weights and bias alone are written; the layer has {kernel.own}"] if moves else []),
        *([f"its network feeds it {kernel.preprocess}"] if kernel.preprocess else []),
    )


def _flipped(kernel: "Kernel", target: "Format") -> tuple[str, ...]:
    """Return the note on weights that are turned round, if that makes a difference."""
    if target.direction == "correlation":
        return ()
    if (kernel.flipped().weights == kernel.weights).all():
        return ()
    return (f"flipped, as {target.title} is convolved with",)
