"""Time the command line against the imports that bound it, as a Markdown table.

Commands run in turn, once uncounted, then several times; each figure is a median in seconds.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

RUNS = 7


def measure(commands: dict[str, list[str]]) -> dict[str, float]:
    """Return the median wall time of each command, all run in turn."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(RUNS + 1):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            if turn:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def main() -> None:
    """Print the table."""
    python, convtool = [sys.executable, "-c"], [sys.executable, "-m", "convtool"]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.png", Path(folder) / "out.png"
        Image.effect_noise((64, 64), 50).convert("RGB").save(source)
        medians = measure(
            {
                "import typer, rich": [*python, "import typer, rich"],
                "convtool --help": [*convtool, "--help"],
                "convtool --version": [*convtool, "--version"],
                "convtool kernels list": [*convtool, "kernels", "list"],
                "convtool image --help": [*convtool, "image", "--help"],
                "import torch": [*python, "import torch"],
                "convtool image, 64×64 PNG": [
                    *convtool,
                    "image",
                    str(source),
                    str(target),
                    "-k",
                    "blur",
                    "--overwrite",
                ],
            }
        )
    light, heavy = medians["import typer, rich"], medians["import torch"]
    print("| process | seconds | against | goal |")
    print("|---|---|---|---|")
    for name, seconds in medians.items():
        if name.startswith("convtool image, "):
            print(f"| {name} | {seconds:.2f} | {seconds / heavy:.2f} × import torch | 1.25 × |")
        elif name.startswith("convtool"):
            against = f"{seconds - light:+.2f} s to import typer, rich"
            print(f"| {name} | {seconds:.2f} | {against} | +0.30 s |")
        else:
            print(f"| {name} | {seconds:.2f} | | |")


if __name__ == "__main__":
    main()
