"""The step alone on a 12-MP RGB picture, stored integers to stored integers, against cv2 and the stock forward."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import torch
from scipy import signal
from timing import Row, medians

from convtool.convolve import Convolution
from convtool.filter import Filter
from convtool.levels import to_levels
from convtool.media import MEDIA
from convtool.normalize import Normalizer
from convtool.settings import Settings
from convtool.stream import Stream

SIZE = (3000, 4000)


def picture(seed: int = 0) -> np.ndarray:
    """Return a picture with edges, gradients and noise. Shape: (H, W, 3) uint8."""
    noise = np.random.default_rng(seed)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    waves = [127 + 90 * np.sin(x / period) * np.cos(y / (period + 9)) for period in (37, 61, 90)]
    return np.clip(np.stack(waves, 2) + noise.normal(0, 12, (*SIZE, 3)), 0, 255).astype(np.uint8)


class Step:
    """Convtool's filter on a picture in memory, into memory that is there already."""

    def __init__(self, kernels: list[np.ndarray], image: np.ndarray, **options: object) -> None:
        specs = tuple("; ".join(" ".join(map(repr, row)) for row in kernel.tolist()) for kernel in kernels)
        self.filter = Filter(Settings(kernel=specs, normalize="clamp", **options), MEDIA[2])
        self.stored = torch.from_numpy(image).permute(2, 0, 1)[None]
        self.layer = self.filter.layer(self.stored.shape[1])
        self.run = Convolution(self.layer.conv, SIZE, torch.uint8, algorithm=self.filter.settings.algorithm)
        self.normalizer = Normalizer(self.layer, "clamp", full=255, clip=False)
        self.out = torch.empty(*SIZE, 3, dtype=torch.uint8).permute(2, 0, 1)[None]

    def __call__(self) -> torch.Tensor:
        """Run it."""

        def finish(responses: torch.Tensor) -> torch.Tensor:
            return to_levels(self.normalizer(self.layer.fold(responses), 255), torch.uint8)

        stream = Stream(self.layer.conv, lambda window, pads: self.run(window, pads, finish))
        start = 0
        for block in stream(torch.split(self.stored, self.run.length, 2)):
            self.out[:, :, start : start + block.shape[2]] = block
            start += block.shape[2]
        return self.out

    def error(self) -> float:
        """Return the raw result's largest difference to float64, over Σ|w| × max|x|, on a part of the picture."""
        part = self.stored[:, :, :700, :900]
        kernel = self.layer.conv.weight[0, 0].double().numpy()
        exact = torch.from_numpy(
            signal.oaconvolve(part.double().numpy(), kernel[None, None, ::-1, ::-1], "valid", axes=(2, 3))
        )
        run = Convolution(self.layer.conv, SIZE, torch.uint8, algorithm=self.run.plan.algorithm)
        ours = run([part], [(0, 0), (0, 0)])
        return float((ours - exact).abs().max() / (self.layer.conv.weight[0].abs().sum() * 255))


def rows() -> Iterator[Row]:
    """Yield the table."""
    image = picture()
    out = np.empty_like(image)
    noise = np.random.default_rng(1)

    def filter2d(kernel: np.ndarray) -> Callable[[], object]:
        return lambda: cv2.filter2D(image, -1, kernel, dst=out, borderType=cv2.BORDER_REPLICATE)

    def blur(sigma: float) -> Callable[[], object]:
        return lambda: cv2.GaussianBlur(image, (0, 0), sigma, dst=out, borderType=cv2.BORDER_REPLICATE)

    def gaussian(sigma: float) -> np.ndarray:
        line = cv2.getGaussianKernel(2 * round(4 * sigma) + 1, sigma)
        return line @ line.T

    sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], float)
    sharpen = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], float)
    work = [
        ("3×3 sobel-x", sobel, filter2d(sobel), "cv2.filter2D", 2.0),
        ("3×3 sharpen", sharpen, filter2d(sharpen), "cv2.filter2D", 2.0),
    ]
    whole = noise.integers(-9, 9, (3, 3)).astype(float)
    work.append(("3×3 nine whole numbers", whole, filter2d(whole), "cv2.filter2D", 2.0))
    for size, goal in ((3, 3.0), (7, 2.0), (15, 0.5), (31, 0.5), (101, 0.5)):
        kernel = noise.normal(size=(size, size)) / size
        work.append((f"{size}×{size} random floats", kernel, filter2d(kernel), "cv2.filter2D", goal))
    work += [(f"gaussian σ = {sigma}", gaussian(sigma), blur(sigma), "cv2.GaussianBlur", 2.0) for sigma in (3, 10)]
    for name, kernel, peer, label, goal in work:
        step = Step([kernel], image)
        took = medians({"convtool": step, label: peer})
        yield Row(name, step.run.plan.algorithm, took["convtool"], label, took[label], goal, step.error())
