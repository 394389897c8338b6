"""Tell people what a run does: what is known beforehand, each outcome, how far it came."""

import dataclasses
import sys
from typing import Any

import numpy as np
from torch import Tensor

from convtool.cli import messages
from convtool.cli.options import Given
from convtool.errors import ConvtoolError
from convtool.layers.layer import Layer
from convtool.look.showing import Showing
from convtool.options.declare import lacking
from convtool.options.options import Options
from convtool.options.run import RunOptions
from convtool.outputs.jobs import Jobs
from convtool.padding import text_of
from convtool.run.outcomes import Outcome, Report
from convtool.sizes import sides_text


def beforehand(planned: Jobs, options: Options, run_options: RunOptions, given: Given) -> None:
    """Print what is known before any input is opened: options without effect, the seed."""
    groups = [*vars(options).values(), run_options]
    call = {name: value for group in groups for name, value in vars(group).items()}
    call |= {
        "suffixes": planned.suffixes,
        "folder": planned.root is not None,
        "folders": planned.folders,
    }
    for note in [*given.notes, *lacking(map(type, groups), given.values, call)]:
        messages.say(f"note: {note}")
    if not options.kernel.kernel:
        messages.say(f"seed: {options.kernel.seed}")


def interrupted(report: Report, planned: Jobs) -> None:
    """Print how far the run has come, and how to go on."""
    done, all_ = report.count("done") + report.count("skipped"), planned.count
    messages.say(f"interrupted: {done} of {all_ or 'many'} done")
    if all_ != 1 and planned.root is not None:
        messages.say("hint: --skip-existing continues")


def outcome(each: Outcome, run_options: RunOptions) -> None:
    """Tell an outcome; failures are told at the end, those for the same reason together."""
    silent = run_options.quiet or run_options.json or run_options.dry_run
    if each.error is None and not silent:
        messages.written(each, verbose=run_options.verbose)
    if run_options.json:
        fields = dataclasses.asdict(dataclasses.replace(each, witness=None, estimates=None))
        messages.data({key: value for key, value in fields.items() if value is not None})
    elif run_options.dry_run and each.plan is not None:
        _plan(each, run_options.verbose)


def index(showing: Showing, run_options: RunOptions) -> bool:
    """Write the index of the pages of a report, if there is one, tell its name, or why not.

    Returns:
        False where it cannot be written.
    """
    try:
        path = showing.finish()
    except ConvtoolError as exc:
        messages.error(exc.message, exc.hint)
        return False
    if path is not None and not (run_options.quiet or run_options.json):
        messages.say(f"wrote {messages.printable(str(path))}")
    return True


def _plan(outcome: Outcome, verbose: int) -> None:
    messages.notes(outcome)
    print(f"{messages.printable(outcome.input)}:")
    for key, value in (outcome.plan or {}).items():
        print(f"  {key}: {value}")
    if verbose > 1:
        print(f"  estimates: {outcome.estimates}")
    for name in outcome.outputs:
        print(f"  would write {messages.printable(name)}")


def layer(layer: Layer, *, weights: bool) -> None:
    """Tell what a layer is, and its weights where they are wanted."""
    for step in layer.steps:
        if step.spreads:
            continue
        messages.say(str(step.named))
        if isinstance(step, Layer) and step.pads is not None and step.transposed is None:
            messages.say(f"padding {sides_text(step.pads)}; {text_of(step.modes)}")
        if weights and isinstance(step, Layer):
            conv: Any = step.named
            messages.say(f"weight {tuple(conv.weight.shape)}\n{_array(conv.weight)}")
            if conv.bias is not None:
                messages.say(f"bias {tuple(conv.bias.shape)}\n{_array(conv.bias)}")


def _array(weights: Tensor) -> str:
    return np.array2string(weights.cpu().numpy(), threshold=sys.maxsize)
