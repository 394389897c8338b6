"""Time the command line against the imports that bound it, as a Markdown table.

Commands run in turn, once uncounted, then several times; each figure is a median in seconds. Then a
shell calls convtool twenty times, which starts the warm process with the third call; and single
calls are timed against `vips conv` once it is there. It exits with 1 where a new release of torch
takes longer than those that were measured, or was not.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from batches import vips_command
from PIL import Image

from convtool.start.importing import TESTED

RUNS = 7
LOOP = 20
LOOP_GOAL = 0.35  # of the import of torch, for each call of the loop
WARM_GOAL = 1.2  # of `vips conv`
CONVTOOL = [sys.executable, "-m", "convtool"]
# By release of torch: its import with parts put off, as a share of all of it, in processor time
# (`import_torch` against `import torch`, medians of seven pairs).
MEASURED = {"2.13": 0.51, "2.14": 0.55, "2.15": 0.58}
COLD = 0.60  # a whole call, as a share of the import of torch in a process that then exits
SLACK = 0.07  # for machines that are busy, and other processors
PARTS = "from convtool.start.importing import import_torch; import_torch()"


def measure(
    commands: Mapping[str, list[str]], environment: Mapping[str, str] = os.environ
) -> dict[str, float]:
    """Return the median wall time of each command, all run in turn."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(RUNS + 1):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, env=environment, check=True, capture_output=True)
            if turn:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


@contextmanager
def warm_by_itself(folder: Path) -> Iterator[Mapping[str, str]]:
    """Return an environment in which a warm process may start; stop it behind the block."""
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    environment = {**kept, "XDG_RUNTIME_DIR": str(folder), "CONVTOOL_WARM": "auto"}
    try:
        yield environment
    finally:
        subprocess.run([*CONVTOOL, "warm", "stop"], env=environment, check=True)


def loop(folder: Path, heavy: float) -> Iterator[str]:
    """Yield the rows of a shell's loop, and of the calls after it.

    Args:
        folder: of the image.
        heavy: seconds that the import of torch takes.
    """
    words = [*CONVTOOL, "image", str(folder / "in.png"), str(folder / "out.png"), "-k", "sobel-x"]
    words += ["--overwrite", "-q"]
    with warm_by_itself(folder) as environment:
        line = f'for i in $(seq {LOOP}); do "$@"; done'
        started = time.perf_counter()
        subprocess.run(["sh", "-c", line, "sh", *words], env=environment, check=True)
        each = (time.perf_counter() - started) / LOOP
        against = f"{each / heavy:.2f} × import torch"
        yield f"| each of {LOOP} in a loop | {each:.2f} | {against} | {LOOP_GOAL} × |"
        if shutil.which("vips"):
            peer = vips_command(
                folder / "in.png", folder / "vips.png", folder / "mask.mat", "compression=1"
            )
            took = measure({"warm": words, "vips": peer}, environment)
            against = f"{took['warm'] / took['vips']:.2f} × vips conv, {took['vips']:.3f}"
            yield f"| one of them, warm | {took['warm']:.3f} | {against} | {WARM_GOAL} × |"


def main() -> None:
    """Print the table."""
    os.environ["CONVTOOL_WARM"] = "off"
    python, convtool = [sys.executable, "-c"], CONVTOOL
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
                "import torch, parts put off": [*python, PARTS],
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
        rows = list(loop(Path(folder), medians["import torch"]))
    light, heavy = medians["import typer, rich"], medians["import torch"]
    release = torch.__version__.rpartition(".")[0]
    bound = MEASURED.get(release, min(MEASURED.values())) + SLACK
    print(f"torch {torch.__version__}\n")
    print("| process | seconds | against | goal |")
    print("|---|---|---|---|")
    for name, seconds in medians.items():
        goal = {"import torch, parts put off": bound, "convtool image, 64×64 PNG": COLD}.get(name)
        if goal is not None:
            against = f"{seconds / heavy:.2f} × import torch"
            print(f"| {name} | {seconds:.2f} | {against} | {goal:.2f} × |")
        elif name.startswith("convtool"):
            against = f"{seconds - light:+.2f} s to import typer, rich"
            print(f"| {name} | {seconds:.2f} | {against} | +0.30 s |")
        else:
            print(f"| {name} | {seconds:.2f} | | |")
    print(*rows, sep="\n")
    if release not in TESTED or medians["import torch, parts put off"] > bound * heavy:
        sys.exit(f"torch {release}: add it to MEASURED and TESTED, or find what takes the time")


if __name__ == "__main__":
    main()
