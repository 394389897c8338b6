"""`convtool fit`: the kernel that turns one file into another."""

from dataclasses import fields
from typing import Annotated, Any

import typer

from convtool.cli.loading import loading_torch
from convtool.cli.options import Fields, parameter_of, taking, values_of
from convtool.cli.pages import Content, HelpAll, OptionsCommand
from convtool.options.fit import FitOptions
from convtool.options.output import Output
from convtool.options.reading import AudioReading, ImageReading, VideoReading
from convtool.options.run import RunOptions

SUMMARY = (
    "Find the kernel that turns BEFORE into AFTER, by least squares: its weights and bias, what it "
    "leaves unexplained, and which weights the files do not tell. With -o, the kernel is written "
    "as YAML, which -k takes.\n\n"
    "AFTER is taken for BEFORE correlated with the kernel, plus the bias, rounded and clamped. "
    "Windows that reach beyond BEFORE are left out, whatever the padding was, and so are those "
    "where AFTER is clipped."
)
NAMES = [
    ("BEFORE", "An image, audio or video file: what was filtered."),
    ("AFTER", "The same, filtered: of the same size, rate and, without --groups 1, channels."),
]
OF_MEDIA = (ImageReading, AudioReading, VideoReading)
LEFT_OUT = {"rate"}  # which would filter both files


def _fields() -> Fields:
    groups = (FitOptions, *OF_MEDIA)
    every = {field.name: field for group in reversed(groups) for field in fields(group)}
    names = [field.name for group in groups for field in fields(group)]
    return {
        **{name: every[name] for name in names if name not in LEFT_OUT},
        "overwrite": Output.__dataclass_fields__["overwrite"],
        "json": RunOptions.__dataclass_fields__["json"],
    }


FIELDS = _fields()


class FitCommand(OptionsCommand):
    """The command `convtool fit`."""

    def content(self, ctx: typer.Context) -> Content:
        """Return what the page says."""
        del ctx
        return Content(
            "BEFORE AFTER",
            SUMMARY,
            [
                ("convtool fit in.png blurred.png -o mine.yaml", "Images, 5×5."),
                ("convtool fit dry.wav wet.wav --size 255 -o eq.yaml", "Audio."),
                ("convtool fit in.png grey.png --size 1 --groups 1", "Mixed channels."),
                ("convtool fit in.png edges.png --range -4,4 --size 3", "Of a gradient."),
            ],
            NAMES,
            FIELDS,
        )


Before = Annotated[str, typer.Argument(metavar="BEFORE", help=NAMES[0][1])]
After = Annotated[str, typer.Argument(metavar="AFTER", help=NAMES[1][1])]


def _command(**typed: Any) -> None:
    given = values_of(FIELDS, typed)
    as_json, overwrite = given.pop("json", False), given.pop("overwrite", False)
    own = {field.name: given.pop(field.name) for field in fields(FitOptions) if field.name in given}
    names = typed["before"], typed["after"]
    with loading_torch():
        from convtool.cli.fitting import fit_files  # noqa: PLC0415  # torch

    fit_files(names, own, given, as_json=as_json, overwrite=overwrite)


fit = taking(
    _command,
    [parameter_of(each) for each in FIELDS.values()],
    before=Before,
    after=After,
    help_all=HelpAll,
)
fit.__doc__ = SUMMARY
