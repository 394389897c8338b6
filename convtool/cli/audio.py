"""`convtool audio`: filter sounds."""

from typing import Annotated

import typer

from convtool.cli.options import RunSettings, with_options
from convtool.options.settings import OutputSettings, Settings


@with_options("audio", Settings, OutputSettings, RunSettings)
def audio(
    settings: Settings,
    output_settings: OutputSettings,
    run_settings: RunSettings,
    *,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[INPUT]",
            help="Sounds, films with sound, folders of sounds, or -.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        str, typer.Argument(metavar="OUTPUT", help="A sound, a folder (one sound a channel), or -.")
    ],
) -> None:
    """Filter sounds with a Conv1d layer.

    OUTPUT a file: all channels in one sound.
    OUTPUT a folder: one sound a channel, STEM_KERNEL_CHANNEL.
    """
    from convtool.cli.running import filter_files  # noqa: PLC0415  # torch
    from convtool.media.audio import AudioRoom  # noqa: PLC0415
    from convtool.media.audio.formats import READABLE, SUFFIXES, format_of  # noqa: PLC0415

    filter_files(
        inputs or [], output, AudioRoom(), settings, output_settings, run_settings,
        found=READABLE, written=SUFFIXES, check_suffix=format_of,
    )  # fmt: skip
