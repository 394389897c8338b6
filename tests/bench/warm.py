"""Single calls that the warm process runs, start-up included, against programs in C.

A photo of 12 megapixels as JPEG and as PNG by sobel-x, against vips; ten minutes of stereo, against
ffmpeg. Linux only.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import audio
import cv2
import numpy as np
import soundfile
from batches import CONVTOOL, PROGRAM, STORED, run_command, vips_command
from images import synthetic_image
from timing import Row, medians

RUNS = 15
# Of PNG, vips is given the level of zlib that makes files of the size of ours.
AS = {"jpg": STORED, "png": "compression=1"}


def rows() -> Iterator[Row]:
    """Yield the table."""
    if not sys.platform.startswith("linux"):
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {"XDG_RUNTIME_DIR": name, "CONVTOOL_WARM": "auto"}
        with mock.patch.dict(os.environ, environment):
            run_command([*PROGRAM, "warm", "start"])
            if shutil.which("vips"):
                yield from _images(folder)
            if shutil.which("ffmpeg"):
                yield from _audio(folder)
            run_command([*PROGRAM, "warm", "stop"])


def _images(folder: Path) -> Iterator[Row]:
    image = cv2.GaussianBlur(synthetic_image(), (0, 0), 0.8)
    for suffix, stored in AS.items():
        source, ours, theirs = (folder / f"{name}.{suffix}" for name in ("in", "ours", "theirs"))
        quality = [cv2.IMWRITE_JPEG_QUALITY, 92] if suffix == "jpg" else []
        cv2.imwrite(str(source), image, quality)
        command = vips_command(source, theirs, folder / "mask.mat", stored)
        took = _measured(
            lambda source=source, ours=ours: run_command(CONVTOOL, source, ours),
            lambda command=command: run_command(command),
        )
        sizes = " and ".join(f"{path.stat().st_size / 1e6:.1f}" for path in (ours, theirs))
        yield Row(f"12 megapixels, {suffix}, {sizes} MB", "separable", took[0], "vips", took[1], 1)


def _audio(folder: Path) -> Iterator[Row]:
    noise = np.random.default_rng(0)
    samples = noise.normal(0, 0.1, (audio.LENGTH, 2)).astype(np.float32)
    soundfile.write(folder / "in.wav", samples, audio.RATE, subtype="PCM_16")
    audio.write_kernels(folder, noise)
    for taps in audio.LONG:
        commands = audio.commands(folder, taps)
        ours, theirs = (
            (lambda command=commands[name]: audio.run_anew(folder, command))
            for name in ("convtool", "ffmpeg")
        )
        took = _measured(ours, theirs)
        yield Row(f"ten minutes of stereo, {taps} taps", "fft", took[0], "ffmpeg", took[1], 0.8)


def _measured(ours: Callable[[], None], theirs: Callable[[], None]) -> tuple[float, float]:
    """Return the seconds of both."""
    took = medians({"convtool": ours, "peer": theirs}, runs=RUNS)
    return took["convtool"], took["peer"]
