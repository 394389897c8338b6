"""`convtool kernels sheet`: every preset on one image."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from convtool.cli import messages
from convtool.cli.completion import kernels
from convtool.cli.loading import loading_torch
from convtool.cli.weights import KernelPath
from convtool.options.declare import read_value
from convtool.options.values import Whole
from convtool.places.names import place

TILE = 200  # pixels
SMALL = 512  # pixels of a tile up to which threads cost more than they save
TILES, COLUMNS = Whole(16, 4096), Whole(1, 256)


def sheet(
    source: Annotated[str, typer.Argument(metavar="INPUT", help="An image.")],
    output: Annotated[
        str, typer.Argument(metavar="OUTPUT", help="The sheet; its suffix decides the format.")
    ],
    kernel: Annotated[
        list[str] | None,
        typer.Option(
            "--kernel",
            "-k",
            metavar="KERNEL",
            help="Show this kernel, or those whose names match a pattern ('sobel*'). Repeatable.",
            autocompletion=kernels,
        ),
    ] = None,
    tile: Annotated[
        str,
        typer.Option(
            "--tile", metavar="N", help=f"Pixels of the longer side of a tile. [default: {TILE}]"
        ),
    ] = str(TILE),
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="N", help="Tiles side by side. [default: a square]"),
    ] = None,
    kernel_path: KernelPath = None,
    *,
    crop: Annotated[
        bool,
        typer.Option("--crop", help="Take the middle of a larger image instead of reducing it."),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", "--force", "-f", help="Replace an existing OUTPUT.")
    ] = False,
) -> None:
    """Show what all kernels for images do to one image, as a labelled sheet, the input first.

    A larger image is reduced to a tile first, as kernels act on pixels. Each tile is what
    `convtool image` makes of that with one kernel.
    """
    size = read_value("tile", TILES, tile)
    across = None if columns is None else read_value("columns", COLUMNS, columns)
    with loading_torch():
        from convtool.look.sheet import Wanted, write_sheet  # noqa: PLC0415  # torch

    search = tuple(map(Path, kernel_path or ()))
    wanted = Wanted(tuple(kernel or ()), search, size, crop, across)
    with _few_threads(size):
        notes = write_sheet(source, place(output), wanted, overwrite=overwrite)
    for note in notes:
        messages.say(f"note: {messages.printable(source)}: {note}")
    messages.say(f"wrote {messages.printable(output)}")


@contextmanager
def _few_threads(size: int) -> Iterator[None]:
    """Filter small tiles in one thread: several would wait for each other most of the time."""
    import torch  # noqa: PLC0415  # help does without

    usual = torch.get_num_threads()
    torch.set_num_threads(1 if size <= SMALL else usual)
    try:
        yield
    finally:
        torch.set_num_threads(usual)
