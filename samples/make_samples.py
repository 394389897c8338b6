"""Make the samples: a test chart, the small pictures that lessons on convolution work with, a melody, a film.

Deterministic, from formulas alone: `make samples` gives the same pixels and sounds wherever it runs.
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
    """Return a colour test chart in 0…1: edges, a zone plate, gratings, a ramp, dots. Shape: (H, W, 3)."""
    picture = np.full((HEIGHT, WIDTH, 3), 0.85)
    picture[:192, :256] = zone_plate(192, 256)[..., None] * [1.0, 0.95, 0.8]
    picture[:192, 256:] = discs(192, 256)
    picture[192:288, :256] = gratings(96, 256)[..., None]
    picture[192:288, 256:] = np.linspace(0, 1, 256)[None, :, None] * [0.9, 1.0, 0.6] + [
        0.1,
        0.0,
        0.2,
    ]
    picture[288:] = bars(96, WIDTH)
    return picture.clip(0, 1)


def zone_plate(height: int, width: int) -> NDArray[np.float64]:
    """Return rings that grow finer outwards: every direction and frequency."""
    y, x = np.mgrid[:height, :width]
    squared = (y - height / 2) ** 2 + (x - width / 2) ** 2
    return 0.5 + 0.5 * np.cos(squared * np.pi / width)


def discs(height: int, width: int) -> NDArray[np.float64]:
    """Return three discs of primary colours that overlap, with soft edges on a dark ground."""
    y, x = np.mgrid[:height, :width]
    picture = np.full((height, width, 3), 0.08)
    for channel, (row, column) in enumerate([(70, 95), (70, 160), (122, 128)]):
        distance = np.hypot(y - row, x - column)
        picture[..., channel] += 0.85 / (1 + np.exp((distance - 55) / 0.7))
    return picture


def gratings(height: int, width: int) -> NDArray[np.float64]:
    """Return stripes of six periods, 2 to 64 samples."""
    x = np.arange(width // 6 * 6).reshape(6, -1)
    periods = 2.0 ** np.arange(1, 7)[:, None]
    row = np.where((x % periods) < periods / 2, 0.1, 0.9).ravel()
    return np.broadcast_to(np.pad(row, (0, width - row.size), mode="edge"), (height, width))


def bars(height: int, width: int) -> NDArray[np.float64]:
    """Return eight colour bars with a slanted edge and a few dots on them."""
    colours = np.array(
        [[b, g, r] for r in (1, 0) for g in (1, 0) for b in (1, 0)], dtype=np.float64
    )
    picture = np.repeat(0.1 + 0.8 * colours, width // 8, 0)[None].repeat(height, 0)
    y, x = np.mgrid[:height, :width]
    picture[(x - width * 0.8) > (y - height / 2) * 0.25] = 0.5
    for row in range(16, height, 32):
        picture[row : row + 2, 16::32] = 1 - picture[row : row + 2, 16::32]
    return picture


def half_plane() -> NDArray[np.uint8]:
    """Return 7×6 samples, three bright columns and three dark ones: one vertical edge."""
    picture = np.zeros((7, 6), np.uint8)
    picture[:, :3] = 255
    return picture


def checker() -> NDArray[np.uint8]:
    """Return 8×8 samples of four squares, dark and bright across from each other."""
    return np.kron(np.array([[0, 255], [255, 0]], np.uint8), np.ones((4, 4), np.uint8))


def cross() -> NDArray[np.uint8]:
    """Return 9×9 samples, both diagonals of the inner 7×7 bright."""
    picture = np.zeros((9, 9), np.uint8)
    inner = np.arange(1, 8)
    picture[inner, inner] = picture[inner, 8 - inner] = 255
    return picture


def melody() -> NDArray[np.float64]:
    """Return a tune of plucked strings in stereo, with mains hum and a click for filters to work on. Shape: (L, 2)."""
    tune = [
        (0, 60),
        (0.25, 60),
        (0.5, 67),
        (0.75, 67),
        (1, 69),
        (1.25, 69),
        (1.5, 67),
    ]  # seconds, MIDI notes
    time = np.arange(int(SECONDS * RATE)) / RATE
    sound = np.zeros((time.size, 2))
    for place, (start, note) in enumerate(tune):
        since = (time - start).clip(0)
        hertz = 440 * 2 ** ((note - 69) / 12)
        partials = [
            np.sin(2 * np.pi * hertz * n * since) * np.exp(-since * 3 * n) / n for n in range(1, 7)
        ]
        right = place / (len(tune) - 1)  # the tune wanders from left to right
        sound += 0.3 * np.sum(partials, 0)[:, None] * np.sqrt([1 - right, right])
    sound += 0.03 * np.sin(2 * np.pi * 50 * time)[:, None]
    sound[int(2 * RATE)] = 0.8
    return sound


def film() -> NDArray[np.uint8]:
    """Return two seconds of three discs that circle over a ramp, at 25 frames a second. Shape: (50, 120, 160, 3)."""
    y, x = np.mgrid[:120, :160]
    ground = np.stack([x / 160, y / 120, 1 - x / 160], -1) * 0.3 + 0.15
    frames = []
    for angle in np.linspace(0, 2 * np.pi, 50, endpoint=False):
        picture = ground.copy()
        for place, colour in enumerate(np.eye(3) * 0.6 + 0.3):
            turn = angle + place * 2 * np.pi / 3
            distance = np.hypot(y - 60 - 36 * np.sin(turn), x - 80 - 52 * np.cos(turn))
            share = 1 / (1 + np.exp((distance - 15) / 0.6))
            picture = picture * (1 - share[..., None]) + colour * share[..., None]
        frames.append(np.rint(picture * 255).astype(np.uint8))
    return np.stack(frames)


def write_film(path: Path, frames: NDArray[np.uint8], sound: NDArray[np.float64]) -> None:
    """Encode frames as H.264 and a sound of as many seconds as AAC."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "24", "preset": "slow"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        voice = container.add_stream("aac", rate=RATE)
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
        length = len(frames) * RATE // 25
        piece = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(sound[:length].T, np.float32), "fltp", "stereo"
        )
        piece.sample_rate, piece.pts = RATE, 0
        container.mux([*voice.encode(piece), *voice.encode(None)])


def before_and_after() -> Image.Image:
    """Return a frame of the film beside what two kernels make of it, by the tool itself."""
    shown = [
        convtool.apply(HERE / "clip.mp4", kernel, normalize=rule, frames=12)[0, :, 10]
        for kernel, rule in (
            ("identity", "clamp"),
            ("sobel", "clamp"),
            ("temporal-difference", "bounds"),
        )
    ]
    row = np.concatenate([frame.permute(1, 2, 0).numpy() for frame in shown], 1)
    return Image.fromarray(np.rint(row * 255).astype(np.uint8))


def main() -> None:
    """Write all samples beside this script."""
    import cv2  # noqa: PLC0415  # 16-bit colour, which Pillow cannot write
    import soundfile  # noqa: PLC0415  # only `main` writes

    picture = chart()
    Image.fromarray(np.rint(picture * 255).astype(np.uint8)).save(
        HERE / "chart.jpg", quality=92, subsampling=0
    )
    deep = np.rint(picture[:96, 192:320] * 65535).astype(np.uint16)
    cv2.imwrite(str(HERE / "chart16.png"), deep[..., ::-1])
    for name, drawn in (("half-plane", half_plane()), ("checker", checker()), ("cross", cross())):
        Image.fromarray(drawn).save(HERE / f"{name}.png")
    write_film(HERE / "clip.mp4", film(), melody())
    before_and_after().save(HERE / "frames.jpg", quality=90)
    soundfile.write(HERE / "melody.wav", melody(), RATE, subtype="PCM_16")


if __name__ == "__main__":
    main()
