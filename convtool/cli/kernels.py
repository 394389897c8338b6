"""`convtool kernels`: list and show kernels, check kernel files; `convert` and `sheet` as well."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from convtool.cli import messages
from convtool.cli.commands import Command, Group
from convtool.cli.completion import kernels
from convtool.cli.convert import convert
from convtool.cli.networks import list_network
from convtool.cli.rows import print_rows
from convtool.cli.sheet import sheet
from convtool.cli.weights import DIMS, RATE, RATES, KernelPath
from convtool.errors import KernelError, UsageError
from convtool.kernels import catalogue
from convtool.look.plots.suffixes import check_suffix
from convtool.options.declare import read, read_value
from convtool.options.run import RunOptions
from convtool.outputs.atomic import Publisher
from convtool.outputs.existing import refuse_existing

if TYPE_CHECKING:
    from convtool.kernels.kernel import Bank

app = typer.Typer(
    cls=Group, help="List, show and convert kernels, check kernel files, draw sheets."
)

Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON per kernel.")]
PREFERRED = (2, 1, 3)  # dimensions, where a kernel has weights for several
HEADINGS = ("name", "dimensions", "parameters", "summary")
DOTS = RunOptions.__dataclass_fields__["dpi"]
DPI = DOTS.default


@app.command("list", cls=Command)
def list_(
    network: Annotated[
        str | None,
        typer.Argument(
            metavar="[NETWORK]",
            help="A file of weights, an ONNX file or a network of torchvision, to list its "
            "convolutions.",
        ),
    ] = None,
    kernel_path: KernelPath = None,
    *,
    as_json: Json = False,
) -> None:
    """List all kernels: name, dimensions, parameters, summary; one per line where piped.

    Of a network, list the convolutions: name, kind, weights, and how each moves, where it is known.
    """
    if network is not None:
        list_network(network, as_json=as_json)
        return
    search = _folders(kernel_path)
    entries = []
    broken = 0
    for path in catalogue.catalogue(search).values():
        try:
            entries.append(catalogue.entry(path, search))
        except KernelError as exc:
            broken += 1
            messages.error(exc.message, exc.hint)
    if as_json:
        for entry in entries:
            messages.data(dataclasses.asdict(entry))
    else:
        print_rows(HEADINGS, [tuple(map(messages.printable, _cells(entry))) for entry in entries])
    if broken:
        raise typer.Exit(1)


def _folders(given: list[str] | None) -> tuple[Path, ...]:
    return tuple(map(Path, given or ()))


def _cells(entry: catalogue.Entry) -> tuple[str, str, str, str]:
    dimensions = " ".join(f"{dims}-D" for dims in entry.dimensions)
    parameters = " ".join(f"{key}={_value(default)}" for key, default in entry.parameters.items())
    return entry.name, dimensions, parameters, entry.summary


def _value(default: float | str) -> str:
    return default if isinstance(default, str) else f"{default:g}"


@app.command(cls=Command)
def show(
    kernel: Annotated[
        str,
        typer.Argument(
            metavar="KERNEL",
            help="As for --kernel: a name, a file, a grid, an impulse response, a layer.",
            autocompletion=kernels,
        ),
    ],
    dims: Annotated[
        str | None,
        typer.Option(
            "--dims",
            metavar="N",
            help="1 audio, 2 images, 3 video; 2 by default, where it has weights.",
        ),
    ] = None,
    rate: Annotated[
        str,
        typer.Option(
            "--rate",
            metavar="HZ",
            help=f"Samples per second, for kernels in Hz or seconds. [default: {RATE}]",
        ),
    ] = str(RATE),
    kernel_path: KernelPath = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Draw the kernel into a PNG, SVG or PDF file, too."
        ),
    ] = None,
    dpi: Annotated[
        str,
        typer.Option("--dpi", metavar="N", help=f"Pixels per inch of --plot. [default: {DPI}]"),
    ] = str(DPI),
    *,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", "--force", "-f", help="Replace an existing plot.")
    ] = False,
) -> None:
    """Show the weights of a kernel and its magnitude response, with its sum and output range.

    Weights are drawn as heat maps. The response of audio kernels is in dB over hertz.
    """
    from rich.console import Console  # noqa: PLC0415  # the other commands do without

    from convtool.kernels.chain import steps_of  # noqa: PLC0415  # NumPy
    from convtool.kernels.loader import Request  # noqa: PLC0415  # NumPy
    from convtool.kernels.spec import parse  # noqa: PLC0415  # NumPy
    from convtool.look.terminal.kernels import draw  # noqa: PLC0415  # NumPy, rich

    if plot is not None:
        check_suffix(str(plot))
        refuse_existing(plot, overwrite=overwrite)
    resolution = int(read(DOTS, dpi))
    search = _folders(kernel_path)
    asked = None if dims is None else read_value("dims", DIMS, dims)
    hertz = float(read(RATES, rate))
    steps = steps_of(kernel, search)
    if len(steps) > 1 and plot is not None:
        raise UsageError("--plot draws one kernel, and a chain has several")
    for number, step in enumerate(steps, start=1):
        if len(steps) > 1:
            print(f"step {number} of {len(steps)}: {messages.printable(step.text)}")
        if step.plain:
            continue
        spec = parse(step.text)
        known = spec.dimensions(search)
        chosen = asked or next(preferred for preferred in PREFERRED if preferred in known)
        bank = spec.load(Request(chosen, search, hertz))
        for note in dict.fromkeys(note for one in bank.kernels for note in one.notes):
            messages.say(f"note: {messages.printable(note)}")
        draw(bank, hertz if chosen == 1 else None, Console())
        if plot is not None:
            _plot(bank, hertz if chosen == 1 else None, plot, resolution, overwrite=overwrite)


def _plot(bank: "Bank", rate: float | None, path: Path, dpi: int, *, overwrite: bool) -> None:
    """Draw a bank into a file."""
    from convtool.look.plots.figures import draw_kernels  # noqa: PLC0415  # matplotlib

    with Publisher().file(path, overwrite=overwrite) as file:
        draw_kernels(bank, rate, file, path.suffix, dpi)
    messages.say(f"wrote {messages.printable(str(path))}")


@app.command(cls=Command)
def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Kernel files.")],
) -> None:
    """Check kernel files; exit with 1 if one has an error."""
    bad = 0
    for name in files:
        try:
            _check(Path(name))
        except KernelError as exc:
            bad += 1
            messages.error(exc.message, exc.hint)
        else:
            messages.say(f"{messages.printable(name)}: good")
    if bad:
        raise typer.Exit(1)


def _check(path: Path) -> None:
    """Check a kernel file, whatever its name, by computing its weights."""
    from convtool.kernels import contents, schema  # noqa: PLC0415  # pydantic, NumPy
    from convtool.kernels.chain import steps_of  # noqa: PLC0415  # NumPy
    from convtool.kernels.formats.loader import FormatLoader  # noqa: PLC0415  # NumPy
    from convtool.kernels.loader import Request  # noqa: PLC0415  # NumPy
    from convtool.kernels.spec import parse  # noqa: PLC0415  # NumPy

    formats = FormatLoader()
    if formats.claims(str(path)) and not formats.holds_keys(path):
        spec = formats.parse(str(path))
        for dims in spec.dimensions():
            spec.load(Request(dims, rate=RATE))
        return
    file = schema.read(path)
    folders = (path.parent,)
    for dims in contents.dimensions(file, folders):
        request = Request(dims, folders, RATE)
        if not file.chain:
            contents.bank_of(file, (), request)
        for step in (step for text in file.chain for step in steps_of(text, folders)):
            if not step.plain:
                parse(step.text).load(request)


@app.command(cls=Command)
def schema() -> None:
    """Print the JSON Schema of kernel files, for editors."""
    from convtool.kernels.schema import json_schema  # noqa: PLC0415  # pydantic

    print(json.dumps(json_schema(), indent=2))


app.command(cls=Command)(convert)
app.command(cls=Command)(sheet)
