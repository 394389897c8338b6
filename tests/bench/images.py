"""The layer alone on a 12-megapixel RGB image, stored integers to stored integers, against cv2."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import torch
from steps import Step
from timing import Row, medians

SIZE = (3000, 4000)


def synthetic_image(seed: int = 0) -> np.ndarray:
    """Return an image with edges, gradients and noise. Shape: (H, W, 3) uint8."""
    noise = np.random.default_rng(seed)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    waves = [127 + 90 * np.sin(x / period) * np.cos(y / (period + 9)) for period in (37, 61, 90)]
    return np.clip(np.stack(waves, 2) + noise.normal(0, 12, (*SIZE, 3)), 0, 255).astype(np.uint8)


def rows() -> Iterator[Row]:
    """Yield the table."""
    image = synthetic_image()
    stored = torch.from_numpy(image).permute(2, 0, 1)[None]
    out = np.empty_like(image)
    noise = np.random.default_rng(1)

    def filter2d(kernel: np.ndarray) -> Callable[[], object]:
        return lambda: cv2.filter2D(image, -1, kernel, dst=out, borderType=cv2.BORDER_REPLICATE)

    def blur(sigma: float) -> Callable[[], object]:
        return lambda: cv2.GaussianBlur(
            image, (0, 0), sigma, dst=out, borderType=cv2.BORDER_REPLICATE
        )

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
        work.append(
            (f"{size}×{size} random floats", kernel, filter2d(kernel), "cv2.filter2D", goal)
        )
    work += [
        (f"gaussian σ = {sigma}", gaussian(sigma), blur(sigma), "cv2.GaussianBlur", 2.0)
        for sigma in (3, 10)
    ]
    for name, kernel, peer, label, goal in work:
        step = Step(stored, torch.from_numpy(kernel).float().expand(3, 1, -1, -1))
        took = medians({"convtool": step, label: peer})
        yield Row(
            name, step.run.plan.algorithm, took["convtool"], label, took[label], goal, step.error()
        )
