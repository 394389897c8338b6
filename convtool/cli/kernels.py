"""`convtool kernels`: list and show kernels, check kernel files."""

import json
from pathlib import Path
from typing import Annotated

import typer

from convtool.cli import messages
from convtool.cli.completion import kernel_names
from convtool.errors import KernelError
from convtool.kernels import catalogue

app = typer.Typer(help="List and show kernels, check kernel files.", no_args_is_help=True)

KernelPath = Annotated[
    list[Path] | None,
    typer.Option("--kernel-path", metavar="FOLDER", help="Folder of kernel files, searched first."),
]
PREFERRED = (2, 1, 3)  # dimensions, where a kernel has weights for several
RATE = 44100  # samples per second, where kernels in Hz and seconds are shown or checked


@app.command("list")
def list_(kernel_path: KernelPath = None) -> None:
    """List all kernels: name, dimensions, parameters, summary."""
    from rich.console import Console  # noqa: PLC0415  # the other commands do without
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(
        "name",
        "dimensions",
        "parameters",
        "summary",
        box=None,
        header_style="bold",
        pad_edge=False,
    )
    search = tuple(kernel_path or ())
    broken = 0
    for path in catalogue.catalogue(search).values():
        try:
            entry = catalogue.entry(path, search)
        except KernelError as exc:
            broken += 1
            messages.error(exc.message, exc.hint)
            continue
        table.add_row(*(Text(messages.printable(cell)) for cell in _cells(entry)))
    Console().print(table)
    if broken:
        raise typer.Exit(1)


def _cells(entry: catalogue.Entry) -> tuple[str, str, str, str]:
    dimensions = " ".join(f"{dims}-D" for dims in entry.dimensions)
    parameters = " ".join(f"{key}={_value(default)}" for key, default in entry.parameters.items())
    return entry.name, dimensions, parameters, entry.summary


def _value(default: float | str) -> str:
    return default if isinstance(default, str) else f"{default:g}"


@app.command()
def show(
    kernel: Annotated[
        str,
        typer.Argument(
            help="As for --kernel: a name, a file, a grid, an impulse response.",
            autocompletion=kernel_names,
        ),
    ],
    dims: Annotated[
        int | None,
        typer.Option(
            "--dims",
            min=1,
            max=3,
            help="1 audio, 2 images, 3 video; 2 by default, where it has weights.",
        ),
    ] = None,
    rate: Annotated[
        float,
        typer.Option("--rate", min=1, help="Samples per second, for kernels in Hz or seconds."),
    ] = RATE,
    kernel_path: KernelPath = None,
) -> None:
    """Show a kernel: its grid, sum, output range, whether it is separable, a heat map.

    For audio kernels, also show the magnitude response in dB.
    """
    from convtool.cli.plots import draw  # noqa: PLC0415  # NumPy, rich
    from convtool.kernels.loader import Request  # noqa: PLC0415  # NumPy
    from convtool.kernels.spec import parse  # noqa: PLC0415  # NumPy

    search = tuple(kernel_path or ())
    spec = parse(kernel)
    known = spec.dimensions(search)
    chosen = dims or next(preferred for preferred in PREFERRED if preferred in known)
    bank = spec.load(Request(chosen, search, rate))
    for note in dict.fromkeys(note for one in bank.kernels for note in one.notes):
        messages.say(f"note: {messages.printable(note)}")
    draw(bank, rate if chosen == 1 else None)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Kernel files.")],
) -> None:
    """Check kernel files; exit with 1 if one has an error."""
    bad = 0
    for path in files:
        try:
            _check(path)
        except KernelError as exc:
            bad += 1
            messages.error(exc.message, exc.hint)
        else:
            messages.say(f"{messages.printable(str(path))}: good")
    if bad:
        raise typer.Exit(1)


def _check(path: Path) -> None:
    """Check a kernel file, whatever its name, by computing its weights."""
    from convtool.kernels import contents, schema  # noqa: PLC0415  # pydantic, NumPy
    from convtool.kernels.loader import Request  # noqa: PLC0415  # NumPy

    file = schema.read(path)
    folders = (path.parent,)
    for dims in contents.dimensions(file, folders):
        contents.bank_of(file, (), Request(dims, folders, RATE))


@app.command()
def schema() -> None:
    """Print the JSON Schema of kernel files, for editors."""
    from convtool.kernels.schema import json_schema  # noqa: PLC0415  # pydantic

    print(json.dumps(json_schema(), indent=2))
