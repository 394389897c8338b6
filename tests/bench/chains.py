"""A chain against its steps, one after the other: in memory, as files, and by libvips.

A photo of 12 megapixels. In memory, each step alone takes stored samples and makes such; the chain
makes them once. As files, the warm process runs both; two calls hand a PNG on. libvips runs its
own pipeline in this process, as convtool does there.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import torch
from batches import PROGRAM, QUALITY, run_command
from images import synthetic_image
from timing import THREADS, Row, medians
from torch import Tensor

from convtool.block import Block
from convtool.convolve import Step
from convtool.levels import UINT8
from convtool.media.registry import MEDIA
from convtool.outputs.atomic import Publisher
from convtool.outputs.jobs import plan_jobs
from convtool.outputs.naming import Naming
from convtool.results.choice import Choice
from convtool.results.normalize import Normalizer
from convtool.results.quantize import Quantizer
from convtool.results.scaled import Scaled
from convtool.run.batch import run_all
from convtool.run.filter import Filter
from convtool.run.pipeline import run
from convtool.run.state import Run

MEDIUM = MEDIA["image"]
STEPS = ("blur", "sharpen", "gaussian:sigma=1")
EDGES = ("gaussian:sigma=2", "sobel")


class InMemory:
    """An image that has been decoded, as a part."""

    channels, rate, levels, memory = ("r", "g", "b"), None, UINT8, 0

    def __init__(self, pixels: Tensor) -> None:
        self._pixels = pixels
        self.size = tuple(pixels.shape[2:])

    def blocks(self, length: int, *, company: bool = False) -> Iterator[Block]:
        """Yield it in blocks."""
        del company
        for pixels in self._pixels.split(length, 2):
            yield Block(pixels, UINT8)

    def tail(self, length: int) -> Tensor:
        """Return its last rows."""
        return self._pixels[:, :, -length:]


def filtered(text: str, part: InMemory) -> None:
    """Filter an image into stored samples."""
    filter_ = Filter(MEDIUM.options({"kernel": (text,)}), MEDIUM)
    layer, seen = filter_.layer_of(part), filter_.stepped(part)
    normalizer = Normalizer(layer, Choice("clamp"), scale=UINT8.scale, clip=False)
    epilogue: list[Step] = [layer.fold, Scaled(normalizer, UINT8.scale), Quantizer(UINT8)]
    for _ in filter_.blocks(seen, epilogue, UINT8):
        pass


def in_process(source: Path, out: Path) -> None:
    """Run the chain of edges on a file, as the command line does."""
    options = {"kernel": (" -> ".join(EDGES),), "overwrite": True, "quality": QUALITY}
    asked = MEDIUM.options({**options, "normalize": "clamp"})
    backend = MEDIUM.backend
    naming = Naming(readable=backend.readable, writable=backend.writable, split=False)
    jobs = plan_jobs([str(source)], str(out), naming).known
    publisher = Publisher()
    outcomes = run_all(jobs, run, lambda: Run(Filter(asked, MEDIUM)), 1, publisher=publisher)
    for _, outcome in outcomes:
        assert outcome.status == "done", outcome.error


def by_vips(source: Path, out: Path) -> None:
    """Run the same by libvips, which rounds between the steps unless it is given floats."""
    import pyvips as vips  # noqa: PLC0415  # an optional peer

    vips.concurrency_set(THREADS)
    image = vips.Image.new_from_file(str(source), access="sequential").cast("float")
    edges = image.gaussblur(2, precision="float").sobel()
    edges.cast("uchar").write_to_file(str(out), Q=QUALITY)


def command(text: str) -> list[object]:
    """Return the command that filters a file by a kernel or a chain, without the names of files."""
    return [*PROGRAM, "image", "-k", text, "--overwrite", "--quiet"]


def rows() -> Iterator[Row]:
    """Yield the table."""
    pixels = cv2.GaussianBlur(synthetic_image(), (0, 0), 0.8)
    part = InMemory(torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None])
    ways = {text: (lambda text=text: filtered(text, part)) for text in (*STEPS, " -> ".join(STEPS))}
    *steps, chain = medians(ways).values()
    yield Row("three steps, in memory", "a chain", chain, "their sum", sum(steps), 1.1)
    if not sys.platform.startswith("linux"):
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, between, out = (folder / each for each in ("in.jpg", "between.png", "out.jpg"))
        cv2.imwrite(str(source), pixels, [cv2.IMWRITE_JPEG_QUALITY, 92])
        with mock.patch.dict(os.environ, {"XDG_RUNTIME_DIR": name, "CONVTOOL_WARM": "auto"}):
            run_command([*PROGRAM, "warm", "start"])
            one, first, second = map(command, (" -> ".join(EDGES), *EDGES))

            def both_calls() -> None:
                run_command(first, source, between)
                run_command(second, between, out)

            took = medians({"chain": lambda: run_command(one, source, out), "two": both_calls})
            run_command([*PROGRAM, "warm", "stop"])
        yield Row("edges of a JPEG, warm", "a chain", took["chain"], "two calls", took["two"], 0.6)
        took = medians(
            {"chain": lambda: in_process(source, out), "vips": lambda: by_vips(source, out)}
        )
        yield Row(
            "edges of a JPEG, in process", "a chain", took["chain"], "vips", took["vips"], 0.8
        )
