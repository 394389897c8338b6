"""What the index says of each input: a row of its table, with a small picture of the result."""

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import numpy as np
import torch

from convtool.look.keepers import Envelope, Frames, Means
from convtool.look.report.shown import Shown
from convtool.look.witness import View
from convtool.outputs.job import Job
from convtool.places import names
from convtool.run.outcomes import Outcome
from convtool.sizes import counted, size_text

PIXELS = 160  # per axis of a picture
BUCKETS, HIGH = 160, 48  # of a waveform, and units of its drawing from top to bottom


@dataclass(frozen=True)
class Row:
    """What the index says of an input.

    Attributes:
        index: the number of the input, from 1.
        name: its name.
        status: what happened to it.
        link: the address of its page; empty where it has none.
        size: of the input, as people write it.
        outputs: the names of the files written.
        algorithm: that ran the layer.
        seconds: the time it took.
        notes: what a user should know.
        error: what went wrong.
        hint: what to do about it.
        picture: of the result, as the URL of its data; empty where there is none.
        waveform: of the result, as the path of a drawing; empty where there is none.
    """

    index: int
    name: str
    status: str
    link: str = ""
    size: str = ""
    outputs: tuple[str, ...] = ()
    algorithm: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    error: str = ""
    hint: str = ""
    picture: str = ""
    waveform: str = ""


def row_of(job: Job, outcome: Outcome, shown: Shown | None, page: str = "") -> Row:
    """Return the row of a job.

    Args:
        job: the job.
        outcome: what happened to it.
        shown: what its page shows; None where it has none.
        page: the name of its page, from the folder of the index; empty where it has none.
    """
    told: dict[str, Any] = {
        "outputs": tuple(map(text, outcome.outputs)),
        "algorithm": outcome.algorithm or "",
        "seconds": outcome.seconds,
        "notes": tuple(map(text, outcome.notes)),
        "error": text(outcome.error or ""),
        "hint": text(outcome.hint or ""),
        "link": quote(os.fsencode(page)),
    }
    if shown is not None:
        told |= {"size": _size(shown), **_picture(shown)}
    return Row(job.index, text(names.shown(job.input)), outcome.status, **told)


def text(name: str) -> str:
    """Return a name for people; bytes that are no text are replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _size(shown: Shown) -> str:
    view = shown.view
    part = view.work.part
    if len(part.size) == 1:
        assert part.rate is not None
        channels = counted(len(part.channels), "channel")
        return f"{view.read / part.rate:.4g} s, {channels} at {part.rate:g} Hz"
    pixels = size_text(list(reversed(part.size[-2:])))
    if len(part.size) == 3:
        return f"{view.read} frames of {pixels}"
    return pixels if shown.look.parts == 1 else f"{shown.look.parts} pages, the first {pixels}"


def _picture(shown: Shown) -> dict[str, str]:
    """Return a small picture of the first result of the first part."""
    view = shown.view
    if len(view.work.part.size) == 1:
        return {"waveform": _waveform(view)}
    from convtool.look.report.media import thumbnail  # noqa: PLC0415  # Pillow
    from convtool.look.report.packed import bytes_of  # noqa: PLC0415
    from convtool.look.report.run_data import shown_range  # noqa: PLC0415

    levels, output = view.work.encoding.levels, view.work.layer.outputs[0]
    colour = output.natural and len(output.channels) == 3
    channels = list(output.channels if colour else output.channels[:1])
    samples = _picture_samples(view)[channels]
    shades = bytes_of(samples, levels, shown_range(levels, samples))
    return {"picture": thumbnail(np.moveaxis(shades, 0, 2), PIXELS)}


def _picture_samples(view: View) -> torch.Tensor:
    """Return the result of an image, or a frame in the middle of that of a video."""
    if "overview" in view.after:
        means = view.after["overview"]
        assert isinstance(means, Means)
        return means.samples
    frames = view.after["frames"]
    assert isinstance(frames, Frames)
    return frames.samples[:, len(frames.positions) // 2]


def _waveform(view: View) -> str:
    """Return the waveform of the first channel of a result, scaled to its peak."""
    envelope = view.after["envelope"]
    assert isinstance(envelope, Envelope)
    lows, highs = (samples[0].double() for samples in envelope.samples)
    together = max(1, -(-len(lows) // BUCKETS))
    tops = [float(each.max()) for each in highs.split(together)]
    bottoms = [float(each.min()) for each in lows.split(together)]
    peak = max(*map(abs, tops), *map(abs, bottoms), 1e-30)
    step = PIXELS / len(tops)

    def down(value: float) -> str:
        return f"{HIGH / 2 * (1 - value / peak):.1f}"

    there = [f"V{down(top)}H{(n + 1) * step:.1f}" for n, top in enumerate(tops)]
    back = [f"V{down(low)}H{n * step:.1f}" for n, low in enumerate(bottoms)]
    return f"M0 {down(0)}{''.join(there)}{''.join(reversed(back))}Z"
