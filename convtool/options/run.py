"""Options of the command line around the work: inputs, names of outputs, what is printed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from convtool.options.declare import Need, Situation, check, option
from convtool.options.values import Choice, File, Real, RemoteFile, Text, Whole
from convtool.places.names import Place

By = Literal["name", "order", "size"]
OnError = Literal["continue", "stop"]
Engine = Literal["local", "ray"]
Program = Literal["pytorch", "vips", "imagemagick", "ffmpeg", "sox", "onnx"]
MAX_JOBS = 2**16
MAX_OF_NODE = 2**12  # cores or GPUs
NO_RAY = "nothing runs on Ray without --engine ray"


def _is_on_ray(call: Situation) -> bool:
    return bool(call["engine"] == "ray") and not call["dry_run"]


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

    plot: Place | None = option(
        None,
        {
            "": "Plot the input and the results as PNG, SVG or PDF.",
            "audio": "Plot waveforms and spectrograms as PNG, SVG or PDF.",
            "video": "Plot frames and a slice over time: PNG, SVG or PDF.",
        },
        "Look",
        kind=RemoteFile(),
    )
    dpi: int = option(
        150,
        "Pixels per inch of --plot.",
        "Look",
        kind=Whole(20, 1200),
        rare=True,
        need=Need(lambda call: call["plot"] is not None, "there is no --plot"),
    )
    report: Place | None = option(
        None,
        "Write a page to explore the layer and its results.",
        "Look",
        kind=RemoteFile(),
    )
    emit: Program | None = option(
        None,
        "Print the same run for another program, and filter nothing: pytorch, vips, imagemagick, "
        "ffmpeg, sox or onnx.",
        "Look",
        kind=Choice("PROGRAM", get_args(Program)),
        rare=True,
    )
    preview: bool = option(
        False,
        "Show the results in the terminal.",
        "Look",
        need=Need(_is_told, "--json and --dry-run print no pictures"),
    )

    files_from: Place | None = option(
        None,
        "Read the names of inputs from a file, or -, one per line; their folders are recreated in "
        "OUTPUT.",
        "Inputs",
        kind=RemoteFile(),
    )
    files0_from: Place | None = option(
        None,
        "The same, with a NUL after each name, as `find -print0` writes them.",
        "Inputs",
        kind=RemoteFile(),
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
        "Files filtered at once; with --engine ray, tasks.",
        "Run",
        "-j",
        kind=Whole(1, MAX_JOBS),
        usual={"": "one per core", "video": "1"},
    )
    engine: Engine = option(
        "local",
        "What filters the inputs: local, this process; or ray, the machines of a Ray cluster.",
        "Run",
        kind=Choice("NAME", get_args(Engine)),
        rare=True,
    )
    address: str | None = option(
        None,
        "Address of the Ray cluster: auto, HOST:PORT or ray://HOST:PORT.",
        "Run",
        kind=Text("ADDRESS"),
        rare=True,
        usual="that of RAY_ADDRESS, else this machine alone",
        need=Need(_is_on_ray, NO_RAY),
    )
    cpus_per_task: int | None = option(
        None,
        "CPU cores of a Ray task; it filters as many files at once.",
        "Run",
        kind=Whole(1, MAX_OF_NODE),
        rare=True,
        usual={"": "1", "video": "4"},
        need=Need(_is_on_ray, NO_RAY),
    )
    gpus_per_task: float | None = option(
        None,
        "GPUs of a Ray task; a part of one, such as 0.25, shares it.",
        "Run",
        kind=Real(f"a number from 0 to {MAX_OF_NODE}", 0, MAX_OF_NODE, "N"),
        rare=True,
        usual="1 with --device cuda, else 0",
        need=Need(_is_on_ray, NO_RAY),
    )
    on_error: OnError = option(
        "continue",
        "After a failed input: continue or stop.",
        "Run",
        kind=Choice("WHAT", get_args(OnError)),
        rare=True,
    )
    failed_to: Place | None = option(
        None,
        "Write the names of failed inputs to this file, a NUL after each, for --files0-from.",
        "Run",
        kind=RemoteFile(),
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
