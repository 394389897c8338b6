"""`convtool kernels`: look at kernels and check kernel files."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convtool.cli import messages
from convtool.cli.completion import kernel_names
from convtool.errors import KernelError
from convtool.kernels import catalogue

if TYPE_CHECKING:
    from convtool.kernels.kernel import Bank

app = typer.Typer(help="Look at kernels, and check kernel files.", no_args_is_help=True)

KernelPath = Annotated[
    list[Path] | None,
    typer.Option("--kernel-path", metavar="FOLDER", help="Folder of kernel files, searched first."),
]
PREFERRED = (2, 1, 3)
RATE = 44100  # what kernels in Hz and seconds are shown and tried with


@app.command("list")
def list_(kernel_path: KernelPath = None) -> None:
    """List all kernels: name, dimensions, parameters, what they do."""
    from rich.console import Console  # noqa: PLC0415  # the other commands do without
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(
        "name", "dimensions", "parameters", "summary", box=None, header_style="bold", pad_edge=False
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
        dimensions = " ".join(f"{dims}-D" for dims in entry.dimensions)
        parameters = " ".join(
            f"{key}={_value(default)}" for key, default in entry.parameters.items()
        )
        table.add_row(
            *(
                Text(messages.shown(cell))
                for cell in (entry.name, dimensions, parameters, entry.summary)
            )
        )
    Console().print(table)
    if broken:
        raise typer.Exit(1)


def _value(default: float | str) -> str:
    return default if isinstance(default, str) else f"{default:g}"


@app.command()
def show(
    kernel: Annotated[
        str,
        typer.Argument(
            help="What --kernel takes: a name, a file, a grid, an impulse response.",
            autocompletion=kernel_names,
        ),
    ],
    dims: Annotated[
        int | None,
        typer.Option(
            "--dims", min=1, max=3, help="1 sound, 2 pictures, 3 film; pictures where it can."
        ),
    ] = None,
    rate: Annotated[
        float, typer.Option("--rate", min=1, help="Samples a second, for kernels in Hz or seconds.")
    ] = RATE,
    kernel_path: KernelPath = None,
) -> None:
    """Show a kernel: its grid, sum, reachable range, whether it is separable, a heat map.

    Kernels of sounds are shown with what they do to frequencies, in dB.
    """
    from convtool.cli.plots import draw  # noqa: PLC0415  # NumPy, rich

    bank, chosen = _resolved(kernel, dims, rate, tuple(kernel_path or ()))
    for note in dict.fromkeys(note for one in bank.kernels for note in one.notes):
        messages.say(f"note: {messages.shown(note)}")
    draw(bank, rate if chosen == 1 else None)


def _resolved(
    kernel: str, dims: int | None, rate: float, search: tuple[Path, ...]
) -> "tuple[Bank, int]":
    """Return what a kernel's words stand for, and the dimensions that it is shown in."""
    from convtool.kernels.resolve import dimensions, resolve  # noqa: PLC0415  # NumPy

    if (
        dims in (None, 1)
        and Path(kernel).suffix
        and Path(kernel).is_file()
        and not catalogue.is_path(kernel)
    ):
        from convtool.kernels.impulse import impulse_response  # noqa: PLC0415  # torch, decoders

        return impulse_response(kernel, 1, rate), 1
    known = dimensions(kernel, search)
    chosen = dims or next(d for d in PREFERRED if d in known)
    return resolve(kernel, chosen, search=search, rate=rate), chosen


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Kernel files.")],
) -> None:
    """Check kernel files; exit 1 if any is bad."""
    from convtool.kernels import schema  # noqa: PLC0415  # pydantic
    from convtool.kernels.resolve import resolve_file  # noqa: PLC0415  # NumPy

    bad = 0
    for path in files:
        try:
            file = schema.read(path)
            for dims in schema.dimensions(file, (path.parent,)):
                resolve_file(file, dims, search=(path.parent,), rate=RATE)
        except KernelError as exc:
            bad += 1
            messages.error(exc.message, exc.hint)
        else:
            messages.say(f"{messages.shown(str(path))}: good")
    if bad:
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the JSON Schema of kernel files, for editors."""
    from convtool.kernels.schema import json_schema  # noqa: PLC0415  # pydantic

    print(json.dumps(json_schema(), indent=2))
