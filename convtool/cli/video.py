"""`convtool video`: filter films."""

import os
from typing import Annotated

import typer

from convtool.cli.options import RunSettings, with_options
from convtool.options.settings import OutputSettings, Settings


@with_options("video", Settings, OutputSettings, RunSettings)
def video(
    settings: Settings,
    output_settings: OutputSettings,
    run_settings: RunSettings,
    *,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[INPUT]", help="Films, folders of films, or -.", show_default=False
        ),
    ] = None,
    output: Annotated[
        str,
        typer.Argument(metavar="OUTPUT", help="A film, a folder (one grey film a channel), or -."),
    ],
) -> None:
    """Filter films with a Conv3d layer.

    OUTPUT a file: all channels in one film, in grey, in colour, or as a grid of feature maps.
    OUTPUT a folder: one grey film a channel, STEM_KERNEL_CHANNEL; with --format png a folder of frames each.

    Kernels for pictures filter each frame. Numbers an axis are in PyTorch's order: time, height, width.
    """
    # threads of torch that wait for each other give way to those that decode and encode
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from convtool.cli.running import filter_files  # noqa: PLC0415  # torch
    from convtool.media.video import VideoRoom, container_of  # noqa: PLC0415
    from convtool.media.video.formats import FRAMES, READABLE, SUFFIXES  # noqa: PLC0415

    filter_files(
        inputs or [], output, VideoRoom(), settings, output_settings, run_settings,
        found=READABLE, written=SUFFIXES, check_suffix=container_of, folders=(FRAMES,),
    )  # fmt: skip
