"""Write animations: SVG, GIF by Pillow, MP4 by FFmpeg."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.video.reformatter import Colorspace
from PIL import Image, ImageColor

from convtool.errors import UsageError
from convtool.look.animation.drawing import film
from convtool.look.animation.fitting import SCREEN
from convtool.look.animation.raster import frame, size_of
from convtool.look.animation.scene import Film
from convtool.look.animation.storyboard import Storyboard
from convtool.look.animation.svg import svg
from convtool.media.ffmpeg import refused
from convtool.outputs.atomic import Publisher

SECONDS, LEAST_SECONDS, MOST_SECONDS = 1.0, 0.1, 60.0  # per step
EDGES = 48  # colours of a GIF for the edges of letters, beside those of the drawing
NEAR = 10  # levels of 8 bits
FAST, SLOW = 10, 5  # frames per second of videos, whose steps are each several frames long
LARGER = 2  # how much a video is enlarged, where it stays within a screen


def animate(
    board: Storyboard,
    path: Path,
    *,
    title: str = "",
    notes: Sequence[str] = (),
    seconds: float = SECONDS,
    overwrite: bool = False,
) -> None:
    """Write how a layer's window slides over a small input while the output fills in.

    Args:
        board: the steps.
        path: a name that ends in one of SUFFIXES.
        title: what the input is; shown above, as it is.
        notes: what else is to be said; shown below.
        seconds: per step.
        overwrite: replace an existing file.

    Raises:
        UsageError: the input is too large, or the name or the seconds are wrong.
        WriteError: the file cannot be written.
    """
    write = writer_of(path)
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise UsageError(
            f"{seconds:g} seconds per step are out of range: {LEAST_SECONDS} to {MOST_SECONDS}"
        )
    made = film(board, title=title, notes=notes, seconds=seconds)
    with Publisher().file(path, overwrite=overwrite) as file:
        write(made, file)


def writer_of(path: Path) -> Callable[[Film, BinaryIO], None]:
    """Return what writes a film as a file of a name.

    Raises:
        UsageError: the name has another suffix than one of SUFFIXES.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise UsageError(
            f"{path.name}: unknown format of an animation", hint=f"known: {', '.join(SUFFIXES)}"
        )
    return write


def _write_svg(film: Film, file: BinaryIO) -> None:
    file.write(svg(film).encode())


def _write_gif(film: Film, file: BinaryIO) -> None:
    """Write a GIF whose frames share one palette."""
    palette = _palette(film)
    steps = (
        frame(film, step).quantize(palette=palette, dither=Image.Dither.NONE)
        for step in range(film.steps)
    )
    durations = [round(100 * each) * 10 for each in film.durations]  # GIF counts hundredths
    next(steps).save(file, "GIF", save_all=True, append_images=steps, duration=durations, loop=0)


def _palette(film: Film) -> Image.Image:
    """Return an image with a palette: the film's own colours, and those of the edges of letters.

    Those of edges that are nearly a colour of the film are left out: Pillow takes colours for each
    other that differ by little.
    """
    items = [item for sprite in film.sprites for item in sprite.items]
    used = {film.background, *(colour for item in items for colour in item.colours)}
    own = np.array([ImageColor.getrgb(colour) for colour in sorted(used)])
    last = frame(film, film.steps - 1).quantize(EDGES, dither=Image.Dither.NONE)
    edges = np.array(last.getpalette()).reshape(-1, 3)
    apart = np.abs(edges[:, None] - own).max(2).min(1) >= NEAR
    image = Image.new("P", (1, 1))
    image.putpalette([*own.flatten().tolist(), *edges[apart].flatten().tolist()])
    return image


def _write_mp4(film: Film, file: BinaryIO) -> None:
    """Write a video of a constant rate, which all players and slides take."""
    scale = min(LARGER, SCREEN[0] / film.width, SCREEN[1] / film.height)
    scale = math.floor(scale * 4) / 4  # so that cells stay equal
    pictures = (frame(film, step, scale) for step in range(film.steps))
    with refused("the animation cannot be encoded"), av.open(file, "w", "mp4") as container:
        rate = SLOW if film.seconds >= 1 else FAST
        stream = container.add_stream("h264", rate, {"crf": "18", "preset": "veryfast"})
        stream.width, stream.height = size_of(film, scale)
        stream.pix_fmt, stream.codec_context.colorspace = "yuv420p", Colorspace.ITU709
        for image, count in zip(pictures, _repeats(film.durations, rate), strict=True):
            picture = av.VideoFrame.from_ndarray(np.asarray(image), "rgb24")
            picture = picture.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
            for _ in range(count):
                picture.pts = None
                container.mux(stream.encode(picture))
        container.mux(stream.encode())


def _repeats(durations: Sequence[float], rate: int) -> Iterator[int]:
    """Yield in how many frames each step is shown, whose rounding does not add up.

    >>> list(_repeats([0.25, 0.25, 1.0], 10))
    [2, 3, 10]
    """
    shown = 0
    for end in itertools.accumulate(durations):
        yield round(end * rate) - shown
        shown = round(end * rate)


_WRITERS = {".gif": _write_gif, ".mp4": _write_mp4, ".svg": _write_svg}
SUFFIXES = tuple(_WRITERS)
