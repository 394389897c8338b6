"""Name the output files of a job, and which channels each shows. Nothing is opened or computed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convtool.errors import UsageError
from convtool.layers.layer import Layer
from convtool.layers.outputs import MAX_LABEL, NamedOutput
from convtool.media.contract import Tile
from convtool.outputs.job import Job
from convtool.places.names import Place, same_file_key


@dataclass(frozen=True)
class Target:
    """One output file.

    Attributes:
        path: its name.
        tiles: the channels it shows.
    """

    path: Place
    tiles: tuple[Tile, ...]


def plan_targets(
    job: Job,
    layer: Layer,
    names: Sequence[str],
    *,
    single: str,
    sheet: bool,
    banded: bool = False,
) -> list[Target]:
    """Return the output files of a job.

    Args:
        job: the input and the place of its outputs.
        layer: the layer whose results they show.
        names: the names of the input's channels.
        single: the name of a channel that is made of all input channels.
        sheet: show everything on one image.
        banded: one tile can show all bands of an image, as many as the input has.

    Raises:
        UsageError: two files would have the same name.
    """
    if job.split:
        return _split_targets(job, layer, names, single)
    label = "+".join(result.label for result in layer.outputs)
    if len(label) > MAX_LABEL:
        path = job.path(f"{len(layer.outputs)}-kernels")
    else:
        path = job.path(label)
    natural = len(layer.outputs) == 1 and layer.outputs[0].natural
    if (layer.channels in (1, 3) or (natural and banded)) and not sheet:
        return [Target(path, (Tile(label, tuple(range(layer.channels))),))]
    tiles: list[Tile] = []
    for result in layer.outputs:
        tiles += _tiles(result, names, single)
    return [Target(path, tuple(tiles))]


def _split_targets(job: Job, layer: Layer, names: Sequence[str], single: str) -> list[Target]:
    """Return one file per channel of each result."""
    targets = []
    for result in layer.outputs:
        for name, channel in _named_channels(result, names, single):
            path = job.path(result.label, name)
            targets.append(Target(path, (Tile(result.label, (channel,)),)))
    if len({same_file_key(target.path) for target in targets}) < len(targets):
        raise UsageError(
            f"--name '{job.template}' gives several outputs the same name",
            hint="{kernel} and {channel} tell them apart",
        )
    return targets


def _tiles(result: NamedOutput, names: Sequence[str], single: str) -> Iterator[Tile]:
    """Yield one tile for a result in grey or colour, else a grey one for each of its channels."""
    if result.natural and len(result.channels) in (1, 3):
        yield Tile(result.title, result.channels)
        return
    for name, channel in _named_channels(result, names, single):
        yield Tile(f"{result.title} {name}", (channel,))


def _named_channels(
    result: NamedOutput, names: Sequence[str], single: str
) -> Iterator[tuple[str, int]]:
    return zip(channel_names(result, names, single), result.channels, strict=True)


def channel_names(result: NamedOutput, names: Sequence[str], single: str) -> tuple[str, ...]:
    """Return the names of a result's channels.

    They are the input's where the kernel keeps channels apart, `single` for one channel that mixes
    all of them, else 1, 2, 3, ….

    Args:
        result: the channels that one kernel makes.
        names: the names of the input's channels.
        single: the name of a channel that is made of all input channels.
    """
    if result.natural:
        return tuple(names)
    if len(result.channels) == 1 and not result.random:
        return (single,)
    return tuple(str(number) for number in range(1, len(result.channels) + 1))
