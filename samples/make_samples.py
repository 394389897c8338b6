"""Make the samples: a test chart, small images for lessons on convolution, a melody, a video.

All are drawn by formulas: `make samples` gives the same pixels and audio on every machine.
"""

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import convtool

HERE = Path(__file__).parent
HEIGHT, WIDTH = 384, 512
RATE, SECONDS = 16_000, 2.25


def chart() -> NDArray[np.float64]:
    """Return a colour test chart in 0…1: edges, a zone plate, gratings, a ramp, dots.

    Shape: (H, W, 3)
    """
    image = np.full((HEIGHT, WIDTH, 3), 0.85)
    image[:192, :256] = zone_plate(192, 256)[..., None] * [1.0, 0.95, 0.8]
    image[:192, 256:] = discs(192, 256)
    image[192:288, :256] = gratings(96, 256)[..., None]
    image[192:288, 256:] = np.linspace(0, 1, 256)[None, :, None] * [0.9, 1.0, 0.6] + [
        0.1,
        0.0,
        0.2,
    ]
    image[288:] = bars(96, WIDTH)
    return image.clip(0, 1)


def zone_plate(height: int, width: int) -> NDArray[np.float64]:
    """Return rings that become finer towards the edge, in all directions and frequencies."""
    y, x = np.mgrid[:height, :width]
    squared = (y - height / 2) ** 2 + (x - width / 2) ** 2
    return 0.5 + 0.5 * np.cos(squared * np.pi / width)


def discs(height: int, width: int) -> NDArray[np.float64]:
    """Return three overlapping discs of primary colours with soft edges on a dark ground."""
    y, x = np.mgrid[:height, :width]
    image = np.full((height, width, 3), 0.08)
    for channel, (row, column) in enumerate([(70, 95), (70, 160), (122, 128)]):
        distance = np.hypot(y - row, x - column)
        image[..., channel] += 0.85 / (1 + np.exp((distance - 55) / 0.7))
    return image


def gratings(height: int, width: int) -> NDArray[np.float64]:
    """Return stripes of six periods from 2 to 64 samples."""
    x = np.arange(width // 6 * 6).reshape(6, -1)
    periods = 2.0 ** np.arange(1, 7)[:, None]
    row = np.where((x % periods) < periods / 2, 0.1, 0.9).ravel()
    return np.broadcast_to(np.pad(row, (0, width - row.size), mode="edge"), (height, width))


def bars(height: int, width: int) -> NDArray[np.float64]:
    """Return eight colour bars with a slanted edge and a few dots."""
    colours = np.array(
        [[b, g, r] for r in (1, 0) for g in (1, 0) for b in (1, 0)], dtype=np.float64
    )
    image = np.repeat(0.1 + 0.8 * colours, width // 8, 0)[None].repeat(height, 0)
    y, x = np.mgrid[:height, :width]
    image[(x - width * 0.8) > (y - height / 2) * 0.25] = 0.5
    for row in range(16, height, 32):
        image[row : row + 2, 16::32] = 1 - image[row : row + 2, 16::32]
    return image


def half_plane() -> NDArray[np.uint8]:
    """Return 7×6 samples, three bright columns and three dark ones: one vertical edge."""
    image = np.zeros((7, 6), np.uint8)
    image[:, :3] = 255
    return image


def checker() -> NDArray[np.uint8]:
    """Return 8×8 samples of four squares, dark and bright in turn."""
    return np.kron(np.array([[0, 255], [255, 0]], np.uint8), np.ones((4, 4), np.uint8))


def cross() -> NDArray[np.uint8]:
    """Return 9×9 samples with bright diagonals in the inner 7×7."""
    image = np.zeros((9, 9), np.uint8)
    inner = np.arange(1, 8)
    image[inner, inner] = image[inner, 8 - inner] = 255
    return image


def melody() -> NDArray[np.float64]:
    """Return plucked strings in stereo, with mains hum and a click to filter. Shape: (L, 2)"""
    tune = [  # seconds, MIDI notes
        (0, 60),
        (0.25, 60),
        (0.5, 67),
        (0.75, 67),
        (1, 69),
        (1.25, 69),
        (1.5, 67),
    ]
    time = np.arange(int(SECONDS * RATE)) / RATE
    audio = np.zeros((time.size, 2))
    for place, (start, note) in enumerate(tune):
        since = (time - start).clip(0)
        hertz = 440 * 2 ** ((note - 69) / 12)
        partials = [
            np.sin(2 * np.pi * hertz * n * since) * np.exp(-since * 3 * n) / n for n in range(1, 7)
        ]
        right = place / (len(tune) - 1)  # the tune moves from left to right
        audio += 0.3 * np.sum(partials, 0)[:, None] * np.sqrt([1 - right, right])
    audio += 0.03 * np.sin(2 * np.pi * 50 * time)[:, None]
    audio[int(2 * RATE)] = 0.8
    return audio


def video() -> NDArray[np.uint8]:
    """Return two seconds of three discs circling over a ramp, at 25 frames per second.

    Shape: (50, 120, 160, 3)
    """
    y, x = np.mgrid[:120, :160]
    ground = np.stack([x / 160, y / 120, 1 - x / 160], -1) * 0.3 + 0.15
    frames = []
    for angle in np.linspace(0, 2 * np.pi, 50, endpoint=False):
        image = ground.copy()
        for place, colour in enumerate(np.eye(3) * 0.6 + 0.3):
            turn = angle + place * 2 * np.pi / 3
            distance = np.hypot(y - 60 - 36 * np.sin(turn), x - 80 - 52 * np.cos(turn))
            share = 1 / (1 + np.exp((distance - 15) / 0.6))
            image = image * (1 - share[..., None]) + colour * share[..., None]
        frames.append(np.rint(image * 255).astype(np.uint8))
    return np.stack(frames)


def write_video(path: Path, frames: NDArray[np.uint8], audio: NDArray[np.float64]) -> None:
    """Encode frames as H.264, and audio of the same duration as AAC."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "24", "preset": "slow"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        track = container.add_stream("aac", rate=RATE)
        for image in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        container.mux(stream.encode(None))
        length = len(frames) * RATE // 25
        piece = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(audio[:length].T, np.float32), "fltp", "stereo"
        )
        piece.sample_rate, piece.pts = RATE, 0
        container.mux([*track.encode(piece), *track.encode(None)])


def before_and_after() -> Image.Image:
    """Return a frame of the video beside the results of two kernels."""
    shown = [
        convtool.apply(HERE / "clip.mp4", kernel, normalize=rule, frames=12)[0, :, 10]
        for kernel, rule in (
            ("identity", "clamp"),
            ("sobel", "clamp"),
            ("temporal-difference", "centred"),
        )
    ]
    row = np.concatenate([frame.permute(1, 2, 0).numpy() for frame in shown], 1)
    return Image.fromarray(np.rint(row * 255).astype(np.uint8))


def main() -> None:
    """Write all samples beside this script."""
    import cv2  # noqa: PLC0415  # 16-bit colour, which Pillow cannot write
    import soundfile  # noqa: PLC0415  # only `main` writes

    image = chart()
    Image.fromarray(np.rint(image * 255).astype(np.uint8)).save(
        HERE / "chart.jpg", quality=92, subsampling=0
    )
    deep = np.rint(image[:96, 192:320] * 65535).astype(np.uint16)
    cv2.imwrite(str(HERE / "chart16.png"), deep[..., ::-1])
    for name, drawn in (("half-plane", half_plane()), ("checker", checker()), ("cross", cross())):
        Image.fromarray(drawn).save(HERE / f"{name}.png")
    write_video(HERE / "clip.mp4", video(), melody())
    before_and_after().save(HERE / "frames.jpg", quality=90)
    soundfile.write(HERE / "melody.wav", melody(), RATE, subtype="PCM_16")


if __name__ == "__main__":
    main()
