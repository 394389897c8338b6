"""Make the gallery: every preset with its kernel, what it does to a sample, and its source.

`make docs` writes `docs/gallery.md` and the pictures in `docs/gallery/`, from the samples and the
kernel files alone. Pictures are stored without loss.
"""

import contextlib
import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image
from temporary import SAMPLES, temporary_folder

import convtool
from convtool.cli.app import run
from convtool.kernels import catalogue, heat

HERE = Path(__file__).parent
PAGE, PICTURES = HERE / "gallery.md", HERE / "gallery"
PART = (150, 100, 366, 308)  # of the chart: left, top, right, bottom
FRAME, ROW, GAP = 10, 60, 4  # of the clip: the frame and the row that are shown; pixels between
RATE, DPI = 16_000, "90"  # samples per second of the melody; pixels per inch of plots
STEREO = ("mid-side", "left-right")
EXTENT = 160  # pixels of a plane of a kernel for images, and half of what all planes of others have

TITLE = "# Gallery"
INTRODUCTION = """
Every preset with its weights, what it does to a sample, and where it comes from. Click on a name to
see its kernel file. `make docs` makes this page and its pictures from the samples.

Kernels are red above zero and blue below; those that come from parameters are shown at their
defaults. Results that are *centred* lie on both sides of zero, and zero is shown as middle grey;
others are *clamped* to the range of the input. [Kernels](kernels.md) explains how
presets are used, and [Options](options.md#result) how results are shown.
"""

IMAGES = """
Each picture is a part of the result, pixel by pixel, of

```sh
convtool image samples/chart.jpg out.png --merge -k blur
```

![The part of the chart that is shown](gallery/input.webp)
"""

AUDIO = """
The first picture of each has the weights and the gain over frequency, the second the waveform and
the spectrogram of a sample before and after:

```sh
convtool kernels show lowpass --rate 16000 --plot kernel.png
convtool audio samples/melody.wav out.wav -k lowpass --mono --plot melody.png
```

The presets for channels are shown without `--mono`. Their weights are a matrix, with a row per
output and a column per input.
"""

VIDEO = """
Each picture has a frame before and after, and below it an x–t slice: the middle row of all frames,
time running down.

```sh
convtool video samples/clip.mp4 out.mp4 -k temporal-blur
```
"""


class Family(NamedTuple):
    """Presets that belong together.

    Attributes:
        title: its heading.
        text: what they do.
        names: those of the presets.
    """

    title: str
    text: str
    names: tuple[str, ...]


FAMILIES_2D = (
    Family(
        "Blurs",
        "Means of neighbours. Their weights sum to 1, so that flat areas stay as they are.",
        ("identity", "blur", "box", "gaussian", "disk", "motion"),
    ),
    Family(
        "Sharpening and relief",
        "The image plus its differences from its neighbours. Their weights sum to 1, too.",
        ("sharpen", "unsharp", "emboss"),
    ),
    Family(
        "Differences",
        "The smallest edge detectors: two or four weights that sum to zero.",
        ("difference-x", "difference-y", "roberts-x", "roberts-y", "cross-difference"),
    ),
    Family(
        "Gradients",
        "Differences across an edge, smoothed along it. Each direction answers to edges that lie "
        "across it; the magnitude answers to all.",
        ("sobel-x", "sobel-y", "sobel", "prewitt-x", "prewitt-y", "scharr-x", "scharr-y"),
    ),
    Family(
        "Sobel by the brighter side",
        "Teaching pages name the four directions by the side that has to be brighter.",
        ("left-sobel", "right-sobel", "top-sobel", "bottom-sobel"),
    ),
    Family(
        "Second derivatives and blobs",
        "They answer to lines, dots and blobs of their own size, and to both sides of an edge.",
        ("laplacian-4", "laplacian-8", "outline", "log", "dog", "gabor"),
    ),
    Family(
        "Compass directions",
        "One pattern, turned by 45° seven times, and the strongest answer of all eight.",
        (
            "kirsch-n",
            "kirsch-ne",
            "kirsch-e",
            "kirsch-se",
            "kirsch-s",
            "kirsch-sw",
            "kirsch-w",
            "kirsch-nw",
            "kirsch",
        ),
    ),
)
FAMILIES_1D = (
    Family(
        "Frequencies",
        "Designed in hertz, for the sample rate of the file.",
        ("lowpass", "highpass", "bandpass", "bandstop"),
    ),
    Family(
        "Neighbouring samples",
        "A few taps: means and differences of samples, and of a sample and its echo.",
        ("moving-average", "derivative", "pre-emphasis", "echo"),
    ),
    Family(
        "Channels",
        "They mix the two channels of stereo, and nothing else.",
        ("mid-side", "left-right"),
    ),
)
FAMILIES_3D = (
    Family(
        "In time and space",
        "Kernels that look at neighbouring frames. Those for images filter each frame by itself.",
        ("temporal-blur", "gaussian-3d", "temporal-difference", "sobel-t", "laplacian-3d"),
    ),
)
RULES = {"clamp": "clamped", "centred": "centred"}
KINDS = {1: "audio", 2: "images", 3: "video"}
Pixels = NDArray[np.uint8]


def content(name: str) -> dict[str, Any]:
    """Return what a preset's file says."""
    text = (catalogue.builtin_folder() / f"{name}.yaml").read_text()
    return dict(yaml.safe_load(text))


def filtered(name: str) -> Image.Image:
    """Return the part of the chart after a kernel."""
    result = convtool.apply(SAMPLES / "chart.jpg", name, normalize="auto")
    return Image.fromarray(stored(result[0].permute(1, 2, 0).numpy())).crop(PART)


def stored(image: NDArray[np.floating[Any]]) -> Pixels:
    """Return samples in 0…1 as 8-bit samples."""
    return np.rint(image.clip(0, 1) * 255).astype(np.uint8)


@cache
def clip(name: str) -> Pixels:
    """Return the frames of the clip after a kernel. Shape: (D, H, W, 3)"""
    result = convtool.apply(SAMPLES / "clip.mp4", name, normalize="auto")
    return stored(result[0].permute(1, 2, 3, 0).numpy())


def before_and_after(name: str) -> Image.Image:
    """Return a frame and an x-t slice of the clip before a kernel, and after it."""
    columns = [
        np.concatenate([frames[FRAME], white(frames), frames[:, ROW]])
        for frames in (clip("identity"), clip(name))
    ]
    between = np.full((len(columns[0]), GAP, 3), 255, np.uint8)
    return Image.fromarray(np.concatenate([columns[0], between, columns[1]], 1))


def white(frames: Pixels) -> Pixels:
    """Return the rows between a frame and a slice."""
    return np.full((GAP, frames.shape[2], 3), 255, np.uint8)


def heard(name: str) -> Image.Image:
    """Return the plot of the melody before and after a kernel."""
    channels = [] if name in STEREO else ["--mono"]
    return plotted("audio", "samples/melody.wav", "out.wav", "-q", "-k", name, *channels)


def gain(name: str) -> Image.Image:
    """Return the plot of an audio kernel and its gain."""
    return plotted("kernels", "show", name, "--dims", "1", "--rate", str(RATE))


def plotted(*command: str) -> Image.Image:
    """Return the plot that a command draws."""
    with temporary_folder(), contextlib.redirect_stdout(io.StringIO()):
        code = run([*command, "--plot", "plot.png", "--dpi", DPI])
        assert code == 0, command
        with Image.open("plot.png") as image:
            return image.convert("RGB")


def section(name: str) -> str:
    """Return the section that shows an audio preset."""
    weights = f"![the weights and the gain of {name}](gallery/kernels/{name}.webp)"
    if name in STEREO:
        weights = f"![the weights of {name}: a row per output](gallery/kernels/{name}.png)"
    result = f"![a sample before and after {name}](gallery/{name}.webp)"
    return "\n\n".join(["", described(name, content(name), 1, "<br>"), weights, result, ""])


def row(name: str, dims: int) -> str:
    """Return the row of a table that shows a preset."""
    said = content(name)
    result = f"![a sample after {name}](gallery/{name}.webp)"
    weights = f"![the weights of {name}](gallery/kernels/{name}.png)"
    if "bank" in said:
        members = ", ".join(f"`{member}`" for member in said["bank"])
        weights = f"the {said['combine']} of {members}"
    return f"| {result} | {weights} | {described(name, said, dims, '<br>')} |\n"


def described(name: str, said: dict[str, Any], dims: int, end: str) -> str:
    """Return what a preset is, its parameters and its source.

    Args:
        name: of the preset.
        said: by its file.
        dims: those that it is shown in.
        end: of a line.
    """
    facts = [
        *([RULES[said["normalize"]]] if dims > 1 else []),
        *(f"`{key}={value['default']}`" for key, value in said.get("parameters", {}).items()),
        *others(name, dims),
    ]
    lines = [
        f"**[{name}](../kernels/{name}.yaml)**: {plain(said['summary'])}",
        *([", ".join(facts)] if facts else []),
        f"Source: {plain(said['source'])}",
    ]
    return end.join(lines)


def others(name: str, dims: int) -> Iterator[str]:
    """Yield the media that a preset has weights for beside the one that is shown."""
    entry = catalogue.entry(catalogue.builtin_folder() / f"{name}.yaml")
    kinds = [KINDS[each] for each in entry.dimensions if each != dims]
    if kinds:
        yield f"also for {' and '.join(kinds)}"


def plain(text: str) -> str:
    """Return a text without what Markdown would take for markup."""
    return re.sub(r"([\\`*_|<>\[\]])", r"\\\1", text)


SECTIONS = (
    ("Images", IMAGES, FAMILIES_2D, 2),
    ("Audio", AUDIO, FAMILIES_1D, 1),
    ("Video", VIDEO, FAMILIES_3D, 3),
)
DRAW = {1: heard, 2: filtered, 3: before_and_after}


def page() -> str:
    """Return the text of the gallery."""
    parts = [TITLE, INTRODUCTION]
    for title, text, families, dims in SECTIONS:
        parts += [f"\n## {title}\n", text]
        for family in families:
            parts.append(f"\n### {family.title}\n\n{family.text}\n")
            if dims == 1:
                parts += [section(name) for name in family.names]
            else:
                parts.append("\n| result | weights | preset |\n|---|---|---|\n")
                parts += [row(name, dims) for name in family.names]
    return re.sub(r"\n{3,}", "\n\n", "".join(parts)).rstrip() + "\n"


def shown() -> Iterator[tuple[str, int]]:
    """Yield each preset of the gallery, and the dimensions that it is shown in."""
    for _, _, families, dims in SECTIONS:
        for family in families:
            yield from ((name, dims) for name in family.names)


def weights(name: str, dims: int) -> bytes:
    """Return the picture of the weights of a preset, other than those drawn with their gain."""
    kernel = convtool.resolve(name, dims).kernels[0]
    if dims == 1:  # one tap per pair of channels: a matrix
        return heat.png(heat.planes(kernel.weights[..., 0], 2), EXTENT)
    return heat.png(kernel.planes, EXTENT if dims == 2 else 2 * EXTENT // len(kernel.planes))


def main() -> None:
    """Write the page and its pictures."""
    (PICTURES / "kernels").mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page())
    save(filtered("identity"), "input")
    for name, dims in shown():
        save(DRAW[dims](name), name)
        if dims == 1 and name not in STEREO:
            save(gain(name), f"kernels/{name}")
        elif "bank" not in content(name):
            (PICTURES / "kernels" / f"{name}.png").write_bytes(weights(name, dims))


def save(image: Image.Image, name: str) -> None:
    """Store a picture without loss."""
    image.save(PICTURES / f"{name}.webp", lossless=True, method=6, quality=100)


if __name__ == "__main__":
    main()
