"""Measure what --report costs: seconds beyond the run itself, and the size of the page.

Prints a Markdown table. `python tests/bench/reports.py [image] [audio] [video]` runs some of it;
audio and video are made by ffmpeg.
"""

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

CONVTOOL = [sys.executable, "-m", "convtool"]
TONES = "0.3*sin(2*PI*t*(200+20*sin(t/7)))+0.1*(random(0)-0.5)"
OTHER = "0.3*sin(2*PI*t*(300+20*sin(t/5)))+0.05*(random(1)-0.5)"


@dataclass(frozen=True)
class Case:
    """A piece of work.

    Attributes:
        medium: its command.
        what: it is, for the table.
        source: the name of the input.
        options: of the run.
        goal: the most megabytes of the page.
    """

    medium: str
    what: str
    source: str
    options: tuple[str, ...]
    goal: float


CASES = (
    Case("image", "photo-like, 12 megapixels", "in.jpg", ("-k", "sobel-x"), 3),
    Case("audio", "ten minutes of stereo", "in.wav", ("-k", "lowpass:cutoff=500"), 4),
    Case("video", "one minute of 1080p", "in.mp4", ("-k", "blur", "--speed", "ultrafast"), 6),
)


def make(case: Case, path: Path) -> None:
    """Make the input of a case."""
    if case.medium == "image":
        rng = np.random.default_rng(0)
        coarse = rng.integers(0, 256, (188, 250, 3), dtype=np.uint8)
        smooth = Image.fromarray(coarse).resize((4000, 3000), Image.Resampling.BICUBIC)
        noise = rng.normal(0, 4, (3000, 4000, 3))
        photo = np.clip(np.asarray(smooth) + noise, 0, 255).astype(np.uint8)
        Image.fromarray(photo).save(path, quality=92)
        return
    inputs = {
        "audio": ["-i", f"aevalsrc={TONES}|{OTHER}:s=44100:d=600"],
        "video": ["-i", "mandelbrot=s=1920x1080:r=30", "-t", "60", "-pix_fmt", "yuv420p"],
    }
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", *inputs[case.medium]]
    coded = ["-c:v", "libx264", "-preset", "ultrafast"] if case.medium == "video" else []
    subprocess.run([*command, *coded, str(path)], check=True)


def timed(case: Case, folder: Path, *more: str) -> tuple[float, float]:
    """Run a case, and return the seconds that it took, and those of all cores together."""
    target = folder / f"out{Path(case.source).suffix}"
    words = [case.medium, str(folder / case.source), str(target), *case.options, "--overwrite"]
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*CONVTOOL, *words, *more], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, busy


def main() -> None:
    """Print the table."""
    wanted = sys.argv[1:] or [case.medium for case in CASES]
    print("| input | run | with --report | beyond | of all cores | page | goal |")
    print("|---|---|---|---|---|---|---|")
    for case in CASES:
        if case.medium not in wanted:
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make(case, folder / case.source)
            page = folder / "page.html"
            timed(case, folder)  # once uncounted
            alone, busy_alone = timed(case, folder)
            both, busy = timed(case, folder, "--report", str(page))
            size = page.stat().st_size / 1e6
            print(
                f"| {case.what} | {alone:.1f} s | {both:.1f} s | {both - alone:.1f} s "
                f"| {busy - busy_alone:.1f} s | {size:.2f} MB | < {case.goal:g} MB |",
                flush=True,
            )


if __name__ == "__main__":
    main()
