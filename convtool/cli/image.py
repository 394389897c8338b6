"""`convtool image`: filter pictures."""

from typing import Annotated

import typer

from convtool.cli.options import RunSettings, with_options
from convtool.options.settings import OutputSettings, Settings


@with_options("image", Settings, OutputSettings, RunSettings)
def image(
    settings: Settings,
    output_settings: OutputSettings,
    run_settings: RunSettings,
    *,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[INPUT]", help="Pictures, folders of pictures, or -.", show_default=False
        ),
    ] = None,
    output: Annotated[
        str,
        typer.Argument(metavar="OUTPUT", help="A picture, a folder (one picture a channel), or -."),
    ],
) -> None:
    """Filter pictures with a Conv2d layer.

    OUTPUT a file: all channels in one picture, in grey, in colour, or as a grid of feature maps.
    OUTPUT a folder: one grey picture a channel, STEM_KERNEL_CHANNEL.

    Numbers an axis are in PyTorch's order: height, width.
    """
    from convtool.cli.running import filter_files  # noqa: PLC0415  # torch
    from convtool.media.image import SUFFIXES, ImageRoom, format_of  # noqa: PLC0415

    filter_files(
        inputs or [], output, ImageRoom(), settings, output_settings, run_settings,
        found=SUFFIXES, written=SUFFIXES, check_suffix=format_of,
    )  # fmt: skip
