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
        "Read the names of inputs from a file, or -, one per line; their folders are recreated in "
        "OUTPUT.",
        "Inputs",
        metavar="FILE",
    )
    files0_from: Path | None = option(
        None,
        "The same, with a NUL after each name, as `find -print0` writes them.",
        "Inputs",
        metavar="FILE",
    )
    glob: str | None = option(
        None,
        "Take the files in folders that match this pattern, instead of those with known suffixes.",
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
        "Template of output names in a folder: {stem} {kernel} {channel} {index} {suffix}.",
        "Output",
        metavar="TEMPLATE",
    )
    skip_existing: bool = option(
        False, "Skip inputs whose outputs are up to date.", "Output", "--skip-existing"
    )

    jobs: int | None = option(
        None,
        "Files filtered at once. Images and audio: one per core; video: one.",
        "Run",
        metavar="N",
        min=1,
        show_default="by medium",
    )
    on_error: OnError = option("continue", "Continue or stop after a failed input.", "Run")
    failed_to: Path | None = option(
        None,
        "Write the names of failed inputs to this file, a NUL after each, for --files0-from.",
        "Run",
        metavar="FILE",
    )
    dry_run: bool = option(
        False,
        "Print what would be done (shapes, cost, files), and write nothing.",
        "Run",
        "--dry-run",
    )
    show_weights: bool = option(False, "Print the layer and its weights.", "Run", "--show-weights")
    json: bool = option(False, "Print one line of JSON per input.", "Run", "--json")
    quiet: bool = option(False, "Print errors only.", "Run", "--quiet", "-q")
    verbose: bool = option(
        False,
        "Print the layer, and the algorithm and time of each input.",
        "Run",
        "--verbose",
        "-v",
    )
