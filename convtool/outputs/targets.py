"""Name the output files of a job, and say which channels each shows. Nothing is opened or computed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from convtool.errors import UsageError
from convtool.layers.layer import Layer
from convtool.layers.outputs import MAX_LABEL, NamedOutput
from convtool.media.contract import Tile
from convtool.outputs.jobs import Job


@dataclass(frozen=True)
class Target:
    """One output file: its path, and the channels it shows."""

    path: Path
    tiles: tuple[Tile, ...]


def plan_targets(
    job: Job, layer: Layer, names: Sequence[str], *, single: str, sheet: bool
) -> list[Target]:
    """Return the files of a job and what each shows.

    Args:
        job: where they go.
        layer: whose results they show.
        names: the input's channel names.
        single: what a channel that is made of all of them is called.
        sheet: one picture with everything on it.

    Raises:
        UsageError: two would have the same name.
    """
    if job.split:
        targets = [
            Target(job.path(result.label, name), (Tile(result.label, (channel,)),))
            for result in layer.outputs
            for name, channel in zip(
                channel_names(result, names, single), result.channels, strict=True
            )
        ]
        if len({target.path for target in targets}) < len(targets):
            raise UsageError(
                f"--name '{job.template}' calls several outputs the same",
                hint="{kernel} and {channel} differ",
            )
        return targets
    label = "+".join(result.label for result in layer.outputs)
    path = job.path(label if len(label) <= MAX_LABEL else f"{len(layer.outputs)}-kernels")
    if layer.channels in (1, 3) and not sheet:
        return [Target(path, (Tile(label, tuple(range(layer.channels))),))]
    return [
        Target(
            path, tuple(tile for result in layer.outputs for tile in _tiles(result, names, single))
        )
    ]


def _tiles(result: NamedOutput, names: Sequence[str], single: str) -> Iterator[Tile]:
    """Yield a colour tile for a filtered colour picture, else a grey one for each channel."""
    if result.natural and len(result.channels) in (1, 3):
        yield Tile(result.label, result.channels)
        return
    for name, channel in zip(channel_names(result, names, single), result.channels, strict=True):
        yield Tile(f"{result.label} {name}", (channel,))


def channel_names(result: NamedOutput, names: Sequence[str], single: str) -> tuple[str, ...]:
    """Return how a result's channels are called: as the input's, `single` for one that mixes all, else 1, 2, 3."""
    if result.natural:
        return tuple(names)
    if len(result.channels) == 1 and result.kind != "random":
        return (single,)
    return tuple(str(number) for number in range(1, len(result.channels) + 1))
