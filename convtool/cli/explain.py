"""`convtool explain`: one element of a result worked out: window, weights, products, sum."""

import math
from dataclasses import fields
from typing import Annotated, Any

import typer

from convtool.cli import messages
from convtool.cli.loading import loading_torch
from convtool.cli.options import Fields, parameter_of, taking, values_of
from convtool.cli.pages import Content, HelpAll, OptionsCommand
from convtool.errors import UsageError
from convtool.options.animation import AnimationOptions
from convtool.options.declare import lacking
from convtool.options.engine import EngineOptions
from convtool.options.explain import ExplainOptions
from convtool.options.kernel import KernelOptions
from convtool.options.layer import AlignmentOptions, LayerOptions
from convtool.options.output import AudioOutput, Output, VideoOutput
from convtool.options.reading import AudioReading, ImageReading, VideoReading
from convtool.options.result import ResultOptions
from convtool.options.run import RunOptions
from convtool.sizes import size_text

SUMMARY = (
    "Work out one element of a result: the window of the input, the weights, every product, the "
    "sum, the bias, the normalization, and the sample that `convtool image`, `audio` or `video` "
    "stores there. Nothing is written but what --animate asks for.\n\n"
    "INPUT can be numbers: then the whole padded input, the result and the formula of its size are "
    "shown, too."
)
INPUT = (
    "An image, audio or video file, a .csv or .npy file of numbers, or numbers: '1 2 3', "
    "'0 1; 2 3' (rows), '1 2 || 3 4' (channels), '0..24 as 5x5'."
)
OUTPUT = ("format", "subtype", "codec", "pix_fmt")  # what decides how samples are stored
OF_MEDIA = (AudioOutput, VideoOutput, ImageReading, AudioReading, VideoReading)
OWN = (ExplainOptions, AnimationOptions)
OF_FILTERS = (KernelOptions, LayerOptions, AlignmentOptions, ResultOptions, EngineOptions)


def _fields() -> Fields:
    groups = (*OWN, *OF_FILTERS, *OF_MEDIA)
    every = {field.name: field for group in reversed(groups) for field in fields(group)}
    stored = {field.name for group in OF_MEDIA[:2] for field in fields(group)} - {*OUTPUT}
    own = {field.name: field for group in OWN for field in fields(group)}
    rest = {name: field for name, field in every.items() if name not in stored}
    ordered = [field.name for group in (*OF_FILTERS, *OF_MEDIA) for field in fields(group)]
    return (
        own
        | {name: rest[name] for name in ordered if name in rest}
        | {"overwrite": Output.__dataclass_fields__["overwrite"]}
        | {"json": RunOptions.__dataclass_fields__["json"]}
    )


FIELDS = _fields()


class ExplainCommand(OptionsCommand):
    """The command `convtool explain`."""

    def content(self, ctx: typer.Context) -> Content:
        """Return what the page says."""
        del ctx
        return Content(
            "INPUT",
            SUMMARY,
            [
                ("convtool explain in.png --at 10,20 -k sobel-x", "Row 10, column 20."),
                ("convtool explain in.wav --at 1.5s -k blur", "A sample of audio."),
                ('convtool explain "1 2 3 4" -k "2 2 2" --padding 1', "Numbers."),
                ('convtool explain "0..24 as 5x5" -k 1 --padding 2', "A grid, padded."),
                ("convtool explain --grid 5x5 -k box --animate a.gif", "An animation."),
            ],
            [("INPUT", INPUT)],
            FIELDS,
            "numbers",
        )


Input = Annotated[str | None, typer.Argument(metavar="INPUT", help=INPUT)]


def _command(**typed: Any) -> None:
    given = values_of(FIELDS, typed)
    as_json, overwrite = given.pop("json", False), given.pop("overwrite", False)
    own, drawn = ExplainOptions(**_taken(ExplainOptions, given)), _drawn(given)
    text = _input(typed["input"], drawn)
    with loading_torch():
        from convtool.cli.explaining import explain_input  # noqa: PLC0415  # torch

    explain_input(text, own, drawn, given, as_json=as_json, overwrite=overwrite)


def _drawn(given: dict[str, Any]) -> AnimationOptions:
    """Take the options of the animation, and tell which have no effect."""
    taken = _taken(AnimationOptions, given)
    drawn = AnimationOptions(**taken)
    for note in lacking([AnimationOptions], taken, vars(drawn)):
        messages.say(f"note: {note}")
    return drawn


def _taken(group: type, given: dict[str, Any]) -> dict[str, Any]:
    """Take the options of a group out of those that were given."""
    return {field.name: given.pop(field.name) for field in fields(group) if field.name in given}


def _input(text: str | None, drawn: AnimationOptions) -> str:
    """Return INPUT, or the numbers that --grid stands for."""
    if drawn.grid is None and text is None:
        raise UsageError("INPUT is missing", hint="--grid 5x5 takes a numbered grid instead")
    if text is not None and not text.strip():
        raise UsageError("INPUT is empty", hint="for example '1 2 3', or the name of a file")
    if drawn.grid is None:
        return str(text)
    if text is not None:
        raise UsageError(f"--grid is there instead of INPUT, and '{text}' was given, too")
    return f"0..{math.prod(drawn.grid) - 1} as {size_text(drawn.grid).replace('×', 'x')}"


explain = taking(
    _command, [parameter_of(each) for each in FIELDS.values()], input=Input, help_all=HelpAll
)
explain.__doc__ = SUMMARY
