"""Show a part before and after in a terminal: pictures, waveforms, a frame.

It draws what a witness kept of the run: the samples that were read and stored, reduced.
"""

from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from torch import Tensor

from convtool.levels import Levels
from convtool.look.keepers import Envelope, Frames, Means
from convtool.look.terminal.picture import Pixels, Titled, pictures
from convtool.look.terminal.waveform import Trace, waveforms
from convtool.look.witness import View
from convtool.media.contract import weighted
from convtool.media.grid import arrange
from convtool.run.state import Work

MOST_NAMES = 3  # of kernels in a title


def show(view: View, console: Console) -> None:
    """Print a part and its result, side by side or one below the other.

    Args:
        view: what was kept of them, overviews included.
        console: of a terminal; pictures are not printed elsewhere.
    """
    if view.read and view.made:
        _BY_AXES[len(view.placement.size)](view, console)


def _image(view: View, console: Console) -> None:
    before, after = view.before["overview"], view.after["overview"]
    assert isinstance(before, Means)
    assert isinstance(after, Means)
    _print(view, before.samples, after.samples, "", "", console)


def _video(view: View, console: Console) -> None:
    """Show the frame in the middle of the result, and the one of the input that it lies on."""
    before, after = view.before["frames"], view.after["frames"]
    assert isinstance(before, Frames)
    assert isinstance(after, Frames)
    middle = len(after.positions) // 2
    made = after.positions[middle]
    lies_on = int(view.placement.centres(0)[made])
    near = min(range(len(before.positions)), key=lambda i: abs(before.positions[i] - lies_on))
    read = before.positions[near]
    _print(
        view,
        before.samples[:, near],
        after.samples[:, middle],
        f", frame {read}",
        f", frame {made}",
        console,
    )


def _audio(view: View, console: Console) -> None:
    work = view.work
    before = _trace("input", view.before["envelope"], work.seen.levels)
    after = _trace(_title(work), view.after["envelope"], work.encoding.levels)
    rate = work.part.rate or 1.0
    stride = view.placement.stride[0]
    traces = [
        Trace(*before, seconds=view.read / rate),
        Trace(*after, seconds=view.made * stride / rate),
    ]
    waveforms(traces, console)


_BY_AXES: dict[int, Callable[[View, Console], None]] = {1: _audio, 2: _image, 3: _video}


def _trace(title: str, kept: object, levels: Levels) -> tuple[str, np.ndarray, np.ndarray]:
    assert isinstance(kept, Envelope)
    low, high = (side.double().numpy() / levels.scale for side in kept.samples)
    return title, low, high


def _print(
    view: View, before: Tensor, after: Tensor, input_: str, result: str, console: Console
) -> None:
    """Print two pictures, as stored.

    Args:
        view: of the part.
        before: of the input.
        after: of the result, all channels of the layer.
        input_: added to the title of the first.
        result: likewise of the second.
        console: of a terminal.

    Shape: (C, H, W), (C', H', W')
    """
    work = view.work
    opaque = not weighted(work.seen)
    if not opaque:  # colours of the input are multiplied by their opacity already
        before = before[:-1] + work.seen.levels.scale - before[-1:]
    of_input, range_before = _unit(before, work.seen.levels, "input", opaque=True)
    of_result, range_after = _unit(after, work.encoding.levels, "result", opaque=opaque)
    sizes = work.part.size[-2:], view.placement.size[-2:]
    (height, width), (height_after, width_after) = sizes
    shown = [
        Titled(
            f"input{_bands(of_input)} {width}×{height}{input_}",
            _pixels(_coloured(of_input)),
            range_before,
        ),
        Titled(
            f"{_title(work)}{_count(work)} {width_after}×{height_after}{result}",
            _pixels(_merged(of_result, work)),
            range_after,
        ),
    ]
    pictures(shown, console)


def _unit(samples: Tensor, levels: Levels, name: str, *, opaque: bool) -> tuple[Tensor, str]:
    """Return samples in 0…1, and the range that is shown where it is another one.

    Args:
        samples: in units of stored ones.
        levels: how they are stored.
        name: what they are.
        opaque: the last channel is no opacity.
    """
    values = samples.float() / levels.scale
    if not opaque:
        values = values[:-1] * values[-1:] + 1 - values[-1:]
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        return values, ""
    return (values - low) / ((high - low) or 1.0), f"{name}: {low:.3g} black, {high:.3g} white"


def _merged(samples: Tensor, work: Work) -> Tensor:
    """Return a result as one file shows it: grey, in colour, or as a grid. Shape: (1 or 3, H, W)"""
    tiles: list[Tensor] = []
    for target in work.targets:
        for tile in target.tiles:
            channels = samples[list(tile.channels)]
            tiles += [channels] if len(channels) in (1, 3) else list(channels[:, None])
    return arrange(tiles, 1.0)


def _coloured(samples: Tensor) -> Tensor:
    """Return an input in grey or colour; bands of another number as a grid."""
    return samples if len(samples) in (1, 3) else arrange(list(samples[:, None]), 1.0)


def _bands(samples: Tensor) -> str:
    """Return how many bands of an input are shown one by one."""
    return "" if len(samples) in (1, 3) else f", {len(samples)} tiles of"


def _pixels(image: Tensor) -> Pixels:
    """Return an image in 0…1 in 8 bits. Shape: (1 or 3, H, W) → (H, W) or (H, W, 3)"""
    levels = (image.clamp(0, 1) * 255).round().to(torch.uint8)
    return levels[0].numpy() if len(levels) == 1 else levels.permute(1, 2, 0).numpy()


def _title(work: Work) -> str:
    """Return what a result is called: by its kernels, where there are not too many."""
    names = list(dict.fromkeys(result.title for result in work.layer.outputs))
    return ", ".join(names) if len(names) <= MOST_NAMES else f"{len(names)} kernels"


def _count(work: Work) -> str:
    """Return how many pictures a result has, where there are several."""
    sizes = [len(tile.channels) for target in work.targets for tile in target.tiles]
    count = sum(1 if size in (1, 3) else size for size in sizes)
    return f", {count} tiles of" if count > 1 else ""
