"""Run `convtool explain`: find out what INPUT is, explain it, and print what was found."""

import dataclasses
import secrets
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from convtool.cli import messages
from convtool.cli.animating import Animation
from convtool.cli.explained import show
from convtool.convolve.beyond import blanked, sources
from convtool.errors import UsageError
from convtool.look.explain import Asked, Explained, explain
from convtool.look.record import record
from convtool.look.typed import TABLES, Numbers, is_typed, read_table, read_typed
from convtool.media.arrays import ArraySource
from convtool.media.inputs import PIPE, opened
from convtool.media.mistaken import medium_of
from convtool.media.numbers import medium_of_numbers
from convtool.media.registry import MEDIA, Medium
from convtool.options import output
from convtool.options.animation import AnimationOptions
from convtool.options.declare import flag_of
from convtool.options.explain import ExplainOptions
from convtool.options.options import Options
from convtool.options.reading import Reading
from convtool.places.names import pure, shown

LOSSY = {
    "image": output.LOSSY | {".gif"},
    "audio": frozenset({".mp3", ".ogg", ".oga", ".opus", ".m4a"}),
}
USUAL = {"image": ".png", "audio": ".wav", "video": ".mkv"}  # formats of inputs that are only read


def explain_input(
    text: str,
    own: ExplainOptions,
    drawn: AnimationOptions,
    given: Mapping[str, Any],
    *,
    as_json: bool,
    overwrite: bool,
) -> None:
    """Explain one element of a result, and print it.

    Args:
        text: INPUT.
        own: the element.
        drawn: the animation.
        given: the options of the filter, by name.
        as_json: print one line of JSON.
        overwrite: replace an existing animation.

    Raises:
        ConvtoolError: INPUT cannot be read, an option is wrong, or there is no such element.
    """
    numbers = _numbers(text, own, given)
    if numbers is not None:
        medium, suffix = medium_of_numbers(numbers.ndim - 1), ""
        source = ArraySource(numbers)
    else:
        medium, source = _medium(text, own), None
        suffix = _suffix(text, medium, given)
    options, notes = _options(medium, given)
    film = None
    if drawn.animate is not None:
        film = Animation(drawn, medium, overwrite=overwrite)
    crop = film.crop if film else None
    asked = Asked(text, suffix, own.at, own.channel, own.page, crop)
    explained = explain(asked, medium, options, source)
    if numbers is not None and explained.layer.before:
        numbers = _seen(explained)
    if _is_lossy(medium, suffix):
        notes.append(f"{suffix} is stored with loss: this is what its encoder is given")
    notes += [note for note in explained.notes if note not in notes]
    if film is not None:
        film.write(explained, text, numbers, alone=own.channel is not None)
    if as_json:
        about = {
            "source": shown(text),
            "medium": medium.name,
            "format": suffix.removeprefix("."),
            "seed": options.kernel.seed,
        }
        messages.data(about | record(explained, notes))
        return
    for note in notes:
        messages.say(f"note: {messages.printable(note)}")
    if options.kernel.seed is not None:
        messages.say(f"seed: {options.kernel.seed}")
    padded = None if numbers is None else _padded(torch.from_numpy(numbers), explained)
    show(explained, name=shown(text), suffix=suffix, leading=f"{medium.position}s", numbers=padded)


def _numbers(text: str, own: ExplainOptions, given: Mapping[str, Any]) -> Numbers | None:
    """Return the numbers that INPUT is, None where it is a file of a medium."""
    if own.medium is not None:
        return None
    if pure(text).suffix.lower() in TABLES:
        known = {field.name for field in dataclasses.fields(Reading)}
        return read_table(text, Reading(**{key: given[key] for key in known & given.keys()}))
    return read_typed(text) if is_typed(text) else None


def _medium(name: str, own: ExplainOptions) -> Medium:
    if own.medium is not None:
        if own.medium not in MEDIA:
            raise UsageError(f"no medium '{own.medium}'", hint=f"known: {', '.join(MEDIA)}")
        return MEDIA[own.medium]
    if name == PIPE:
        raise UsageError(
            "the medium of standard input is not known", hint="--medium image, audio or video"
        )
    with opened(name, ranged=True) as file:
        return medium_of(shown(name), file)


def _suffix(name: str, medium: Medium, given: Mapping[str, Any]) -> str:
    """Return the suffix of the output: as asked, or the input's, where it can be written."""
    asked = given.get("format")
    if asked is not None:
        medium.backend.check_suffix(asked)
        return f".{asked.lower().removeprefix('.')}"
    own = pure(name).suffix.lower()
    return own if own in medium.backend.writable else USUAL.get(medium.name, own)


def _is_lossy(medium: Medium, suffix: str) -> bool:
    """Return whether files of a format hold other samples than they are given."""
    if medium.name == "video":
        return suffix != ".png"  # even where nothing else is lost, colours are converted
    return suffix in LOSSY.get(medium.name, ())


def _options(medium: Medium, given: Mapping[str, Any]) -> tuple[Options, list[str]]:
    """Return the options of a medium, and a note for each that it does not have."""
    known = {field.name for group in medium.groups.values() for field in dataclasses.fields(group)}
    notes = [
        f"{flag_of(name)} has no effect on {medium.several}" for name in given if name not in known
    ]
    options = medium.options({name: value for name, value in given.items() if name in known})
    kernel = options.kernel
    if kernel.kernel or kernel.seed is not None:
        return options, notes
    seeded = dataclasses.replace(kernel, seed=secrets.randbelow(2**31))
    return dataclasses.replace(options, kernel=seeded), notes


def _seen(explained: Explained) -> Numbers:
    """Return what the last layer of a chain sees of numbers. Shape: (C, *S)"""
    blocks = explained.view.work.seen.blocks(explained.size[0])
    return torch.cat([block.tensor for block in blocks], 2)[0].double().numpy()


def _padded(numbers: Tensor, explained: Explained) -> Tensor:
    """Return numbers with the padding around them. Shape: (C, *S)"""
    window = explained.shape.window
    places = [
        sources(torch.arange(-before, length + after), length, mode)
        for length, (before, after), mode in zip(
            explained.size, window.pads, window.modes, strict=True
        )
    ]
    for axis, along in enumerate(places, start=1):
        numbers = numbers.index_select(axis, along.clamp(min=0))
    return blanked(numbers, zip(places, window.modes, strict=True))
