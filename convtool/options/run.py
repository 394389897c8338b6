"""Options of the command line around the work: inputs, names of outputs, what is printed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from convtool.options.declare import option

OnError = Literal["continue", "stop"]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What the command line does around the work."""

    files_from: Path | None = option(
        None,
        "File, or -, with the name of an INPUT on each line; their folders are made below OUTPUT.",
        "Inputs",
        metavar="FILE",
    )
    files0_from: Path | None = option(
        None, "The same with a NUL after each name, as in `find -print0`.", "Inputs", metavar="FILE"
    )
    glob: str | None = option(
        None,
        "Take the files of folders that match, instead of those with known suffixes.",
        "Inputs",
        metavar="PATTERN",
    )
    options: Path | None = option(
        None,
        "YAML file of options by their long names; flags override it.",
        "Inputs",
        metavar="FILE",
        is_eager=True,
    )

    name: str | None = option(
        None,
        "Names of outputs in a folder, of {stem} {kernel} {channel} {index} {suffix}.",
        "Output",
        metavar="TEMPLATE",
    )
    skip_existing: bool = option(
        False, "Skip inputs whose outputs are up to date.", "Output", "--skip-existing"
    )

    jobs: int | None = option(
        None,
        "Files filtered at once. Image and audio: one per core; video: one.",
        "Run",
        metavar="N",
        min=1,
        show_default="by medium",
    )
    on_error: OnError = option("continue", "After a failed input, continue or stop.", "Run")
    failed_to: Path | None = option(
        None,
        "Write the names of failed inputs here, a NUL after each, for --files0-from.",
        "Run",
        metavar="FILE",
    )
    dry_run: bool = option(
        False,
        "Print what would be done: shapes, cost, files. Write nothing.",
        "Run",
        "--dry-run",
    )
    show_weights: bool = option(False, "Print the layer and its weights.", "Run", "--show-weights")
    json: bool = option(False, "Print one line of JSON per input.", "Run", "--json")
    quiet: bool = option(False, "Print errors only.", "Run", "--quiet", "-q")
    verbose: bool = option(
        False,
        "Print the layer, its algorithm and the time of each input.",
        "Run",
        "--verbose",
        "-v",
    )
