"""Measure convtool and its peers: `python tests/bench [NAME …]`.

Prints Markdown; `--json FILE` also writes the figures to a file.
"""

import argparse
import importlib
from pathlib import Path

import cv2
import timing
import torch

from convtool.convolve import devices

NAMES = (
    "images",
    "audio",
    "video",
    "processes",
    "sweep",
    "forward",
    "batches",
    "chains",
    "warm",
    "large",
)
OTHERS = ("clusters", "gpu")  # run only where they are named


def main() -> None:
    """Run the benchmarks named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=" · ".join([*NAMES, *OTHERS]))
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    arguments = parser.parse_args()
    torch.set_num_threads(timing.THREADS)
    devices.keep_memory()  # as the command line does
    cv2.setNumThreads(timing.THREADS)
    kept = []
    for name in arguments.names or NAMES:
        rows = []
        for row in importlib.import_module(name).rows():
            rows.append(row)
            print(f"… {row.work}: {row.ratio:.2f}", flush=True)
        print(f"\n### {name}\n\n{timing.markdown(rows)}\n", flush=True)
        kept += rows
    print(", ".join(f"{name} {value}" for name, value in timing.machine().items()))
    if arguments.json:
        arguments.json.write_text(timing.as_json(kept))


if __name__ == "__main__":
    main()
