"""The step alone on ten minutes of stereo at 44.1 kHz, floats to floats, against scipy.signal.oaconvolve."""

from collections.abc import Iterator

import numpy as np
import torch
from scipy import signal
from steps import Step
from timing import Row, medians

LENGTH = 600 * 44_100
TAPS = (3, 31, 255, 65_535)


def rows() -> Iterator[Row]:
    """Yield the table."""
    noise = np.random.default_rng(0)
    sound = noise.normal(0, 0.2, (2, LENGTH)).astype(np.float32)
    stored = torch.from_numpy(sound)[None]
    for taps in TAPS:
        kernel = (noise.normal(size=taps) / taps).astype(np.float32)
        step = Step(stored, torch.from_numpy(kernel).expand(2, 1, -1))
        line = kernel[None, ::-1]
        peer = "scipy.signal.oaconvolve"
        took = medians({"convtool": step, peer: lambda line=line: signal.oaconvolve(sound, line, "same", axes=1)})
        yield Row(f"{taps} taps", step.run.plan.algorithm, took["convtool"], peer, took[peer], 0.6, step.error())
