"""Options of the command line around the work: inputs, names of outputs, what is printed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from convtool.options.declare import Need, Situation, check, option
from convtool.options.values import Choice, File, Text, Whole

By = Literal["name", "order", "size"]
OnError = Literal["continue", "stop"]
MAX_JOBS = 2**16


def _is_told(call: Situation) -> bool:
    return not (call["json"] or call["dry_run"])


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What the command line does around the work."""

    output: str | None = option(
        None,
        "Name of OUTPUT; all other names are then inputs.",
        "Output",
        "-o",
        kind=Text("OUTPUT"),
    )
    name: str | None = option(
        None,
        "Template of output names in a folder: {stem} {kernel} {channel} {index} {suffix}.",
        "Output",
        kind=Text("TEMPLATE"),
        rare=True,
    )
    skip_existing: bool = option(
        False,
        "Skip inputs whose outputs are up to date; replace those of changed inputs.",
        "Output",
        need=Need(lambda call: call["folder"], "OUTPUT is no folder"),
    )

    plot: Path | None = option(
        None,
        {
            "": "Plot the input and the results as PNG, SVG or PDF.",
            "audio": "Plot waveforms and spectrograms as PNG, SVG or PDF.",
            "video": "Plot frames and a slice over time: PNG, SVG or PDF.",
        },
        "Look",
        kind=File(),
    )
    dpi: int = option(
        150,
        "Pixels per inch of --plot.",
        "Look",
        kind=Whole(20, 1200),
        rare=True,
        need=Need(lambda call: call["plot"] is not None, "there is no --plot"),
    )
    report: Path | None = option(
        None,
        "Write a page to explore the layer and its results.",
        "Look",
        kind=File(),
    )
    preview: bool = option(
        False,
        "Show the results in the terminal.",
        "Look",
        need=Need(_is_told, "--json and --dry-run print no pictures"),
    )

    files_from: Path | None = option(
        None,
        "Read the names of inputs from a file, or -, one per line; their folders are recreated in "
        "OUTPUT.",
        "Inputs",
        kind=File(),
    )
    files0_from: Path | None = option(
        None,
        "The same, with a NUL after each name, as `find -print0` writes them.",
        "Inputs",
        kind=File(),
        rare=True,
    )
    glob: str | None = option(
        None,
        "Take the files in folders that match this pattern, instead of those with known suffixes.",
        "Inputs",
        kind=Text("PATTERN"),
        rare=True,
        need=Need(lambda call: call["folders"], "no INPUT is a folder"),
    )
    shard: str | None = option(
        None,
        "Filter the I-th of N parts of the inputs; each input is in exactly one of them.",
        "Inputs",
        kind=Text("I/N"),
        rare=True,
    )
    shard_by: By = option(
        "name",
        "What divides inputs among shards: name, order or size.",
        "Inputs",
        kind=Choice("WHAT", get_args(By)),
        rare=True,
        need=Need(lambda call: call["shard"] is not None, "there is no --shard"),
    )
    options: Path | None = option(
        None,
        "YAML file of options by their long names; flags override it.",
        "Inputs",
        kind=File(),
        rare=True,
    )

    jobs: int | None = option(
        None,
        "Files filtered at once.",
        "Run",
        "-j",
        kind=Whole(1, MAX_JOBS),
        usual={"": "one per core", "video": "1"},
    )
    on_error: OnError = option(
        "continue",
        "After a failed input: continue or stop.",
        "Run",
        kind=Choice("WHAT", get_args(OnError)),
        rare=True,
    )
    failed_to: Path | None = option(
        None,
        "Write the names of failed inputs to this file, a NUL after each, for --files0-from.",
        "Run",
        kind=File(),
        rare=True,
    )
    dry_run: bool = option(False, "Print shapes, cost and files, and write nothing.", "Run")
    show_weights: bool = option(False, "Print the layer and its weights.", "Run", rare=True)
    json: bool = option(False, "Print one line of JSON per input.", "Run")
    quiet: bool = option(False, "Print errors only.", "Run", "-q")
    verbose: int = option(
        0,
        "Print the layer, and each input's algorithm and time; -vv also prints the estimates "
        "behind the choice.",
        "Run",
        "-v",
        kind=Whole(0, 9),
        counted=True,
    )

    def __post_init__(self) -> None:
        check(self)
