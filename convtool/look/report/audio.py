"""Say what the section on audio shows: envelopes, spectrograms, and what can be heard."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from convtool.look.plots import kept
from convtool.look.plots.spectra import RANGE, by_octaves, lowest, octave_ticks
from convtool.look.plots.taps import named
from convtool.look.plots.tracks import Track, after, before
from convtool.look.report.media import clip_data, webp
from convtool.look.report.playable import clip_of, heard_after, heard_before
from convtool.look.report.shown import Shown
from convtool.look.views import WINDOW

MOST = 4  # channels on each side
BUCKETS = 2048  # of a waveform, at most
STEPS = 1000  # of a waveform's numbers, from zero to full scale
PIXELS = 200, 800  # rows and columns of a spectrogram, at most
QUIET = 1e-6  # of full scale, below which nothing is told apart
QUALITY = 60  # of the picture of a spectrogram
LETTERS = 60  # of a title


def audio_facts(shown: Shown) -> dict[str, Any]:
    """Return what the section on audio shows."""
    view, work = shown.view, shown.view.work
    titles = kept.titles(work.layer, work.part.channels, shown.medium.single)
    sides = before(view)[:MOST], after(view, shown.medium.single)[:MOST]
    tracks = [track for side in sides for track in side]
    highest = max(track.rate for track in tracks) / 2
    loudest = _loudest(tracks)
    peak = max(track.peak for track in tracks)
    clips = clip_of(view, after=False), clip_of(view, after=True)
    lengths = view.read, view.made
    heard = heard_before(work), heard_after(work)
    names = dict(enumerate(work.part.channels)), {channel: title for title, channel in titles}
    numbers = range(len(work.part.channels)), [channel for _, channel in titles]
    return {
        "seconds": max(track.seconds for track in tracks),
        "rate": work.part.rate,
        "peak": peak * 1.05 if peak > QUIET else 1.0,
        "loudest": loudest,
        "quietest": loudest - RANGE,
        "window": WINDOW,
        "spectrograms": max(track.length for track in tracks) >= WINDOW,
        "highest": named(highest),
        "ticks": [_tick(each, name, highest) for each, name in octave_ticks(highest)],
        "before": [
            _track(*each, highest, loudest) for each in zip(sides[0], numbers[0], strict=False)
        ],
        "after": [
            _track(*each, highest, loudest) for each in zip(sides[1], numbers[1], strict=False)
        ],
        "left_out": [len(all_) - len(side) for all_, side in zip(numbers, sides, strict=True)],
        "clips": [clip_data(*each, "s") for each in zip(clips, lengths, strict=True)],
        "heard": [_heard(*each) for each in zip(heard, names, strict=True)],
        "factor": max(track.factor * _together(track) for track in tracks),
    }


def _heard(channels: tuple[int, ...], names: Mapping[int, str]) -> str:
    """Return the names of the channels that are heard; empty where there are no others."""
    if len(channels) == len(names):
        return ""
    return " and ".join(_short(names[channel]) for channel in channels)


def _short(title: str) -> str:
    """Return a title that is not too long."""
    return title if len(title) <= LETTERS else f"{title[: LETTERS - 1]}…"


def _track(track: Track, channel: int, highest: float, loudest: float) -> dict[str, Any]:
    """Return a channel as the script draws it."""
    together = _together(track)
    return {
        "title": _short(track.title.partition(" · ")[2]),
        "channel": channel,
        "seconds": track.seconds,
        "length": track.length,
        "rate": track.rate,
        "peak": track.peak,
        "full": int(track.full.sum()) > 0,
        "samples": track.factor * together,
        "lows": _numbers(-_largest(-track.lows, together)),
        "highs": _numbers(_largest(track.highs, together)),
        "spectrogram": _spectrogram(track, highest, loudest),
        "spectrogramShare": _share(track.rate / 2, highest),
        "spectrogramSeconds": list(track.heard),
    }


def _together(track: Track) -> int:
    """Return how many buckets make one of the page."""
    return max(1, -(-len(track.lows) // BUCKETS))


def _largest(values: Tensor, together: int) -> Tensor:
    """Return the largest of each so many values. Shape: (B,) → (B / together,)"""
    pieces = values.split(together)
    return values.new_tensor([float(piece.max()) for piece in pieces])


def _numbers(values: Tensor) -> list[int]:
    found: list[int] = values.mul(STEPS).round().int().tolist()
    return found


def _loudest(tracks: list[Track]) -> int:
    """Return the decibels in the brightest colour: the loudest of all tracks."""
    largest = max(float(track.spectra.max()) for track in tracks)
    return 10 * math.ceil(2 * math.log10(max(largest, QUIET)))


def _spectrogram(track: Track, highest: float, loudest: float) -> str:
    """Return a spectrogram as a picture, up to half the track's own rate."""
    import matplotlib as mpl  # noqa: PLC0415  # a library, for its map of colours

    decibels = by_octaves(track.spectra, track.rate, highest, PIXELS).numpy()
    known = decibels[~np.isnan(decibels).any(1)]
    shares = ((known - (loudest - RANGE)) / RANGE).clip(0, 1)
    return webp(mpl.colormaps["magma"](shares, bytes=True)[..., :3], QUALITY)


def _tick(frequency: float, name: str, highest: float) -> dict[str, Any]:
    """Return a frequency beside a spectrogram, and how far up it lies, as a share."""
    return {"name": name, "share": _share(frequency, highest)}


def _share(frequency: float, highest: float) -> float:
    """Return how far up a frequency lies, as a share."""
    least = lowest(highest)
    return math.log(frequency / least) / math.log(highest / least)
