"""Make the pictures of the page on plots, by the commands that it names.

`make docs` writes them into `docs/pictures/`.
"""

import contextlib
import shlex
import sys
import tempfile
from pathlib import Path

from convtool.cli.app import run

HERE = Path(__file__).parent
PICTURES, SAMPLES = HERE / "pictures", HERE.parent / "samples"
# By picture: the command, and pixels per inch by which it stays small.
PLOTS = {
    "plot-image.png": ("image samples/chart.jpg edges.png -k sobel-x", 80),
    "plot-small.png": ('image samples/half-plane.png edges.png -k "1 -1" -k "1; -1"', 100),
    "plot-audio.png": ("audio samples/melody.wav low.wav -k lowpass:cutoff=500", 100),
    "plot-video.png": ("video samples/clip.mp4 edges.mp4 -k sobel-x", 76),
    "plot-kernel.png": ("kernels show sobel", 100),
}


def main() -> None:
    """Make all pictures."""
    PICTURES.mkdir(exist_ok=True)
    for name, (command, dpi) in PLOTS.items():
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            Path("samples").symlink_to(SAMPLES)
            shown = ["--plot", str(PICTURES / name), "--dpi", str(dpi), "--overwrite"]
            code = run([*shlex.split(command), *shown])
        if code:
            sys.exit(code)


if __name__ == "__main__":
    main()
