"""What options ask of a cluster, and what cannot be had there."""

from collections.abc import Callable, Sequence

from convtool.cli import messages
from convtool.cluster.engine import Use
from convtool.errors import UsageError
from convtool.layers.layer import Layer
from convtool.media.inputs import PIPE
from convtool.options.options import Options
from convtool.options.run import RunOptions
from convtool.outputs.jobs import Jobs


def is_asked_for(run_options: RunOptions) -> bool:
    """Return whether a cluster filters the inputs; dry runs stay here."""
    return run_options.engine == "ray" and not run_options.dry_run


def check(planned: Jobs, run_options: RunOptions) -> None:
    """Check that a run needs nothing that is here alone.

    Raises:
        UsageError: it does.
    """
    hint = "--engine local"
    for flag in ("plot", "report", "preview"):
        if getattr(run_options, flag):
            raise UsageError(
                f"--{flag} shows what this process filters, and --engine ray filters elsewhere",
                hint=hint,
            )
    if any(PIPE in (job.input, job.merged) for job in planned.known):
        raise UsageError(
            "- is a stream of this process, and --engine ray filters elsewhere", hint=hint
        )


def use_of(
    options: Options,
    run_options: RunOptions,
    learn: Callable[[Sequence[Layer]], None],
    begin: Callable[[], None],
) -> Use:
    """Return how a run uses a cluster.

    Args:
        options: of the filter.
        run_options: the others.
        learn: takes the layers that workers make, where they are to be printed.
        begin: called once the cluster is there.
    """
    told = run_options.verbose and not run_options.quiet
    gpus = run_options.gpus_per_task
    return Use(
        address=run_options.address,
        cores=run_options.cpus_per_task,
        gpus=float(options.engine.device.startswith("cuda")) if gpus is None else gpus,
        most=run_options.jobs,
        stop=run_options.on_error == "stop",
        learn=learn if told or run_options.show_weights else None,
        log=_log if told else None,
        note=_note,
        begin=begin,
    )


def _log(node: str, line: str) -> None:
    messages.say(f"{node}: {messages.printable(line)}")


def _note(text: str) -> None:
    messages.say(f"note: {messages.printable(text)}")
