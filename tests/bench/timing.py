"""Shared by the benchmarks: medians of alternating runs, rows with a goal, tables, JSON."""

import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

THREADS = 2
RUNS = 5


@dataclass(frozen=True)
class Row:
    """One measured piece of work.

    Attributes:
        work: the work.
        way: the algorithm of convtool.
        seconds: convtool's median.
        peer: the program or function that it is compared with.
        peer_seconds: the peer's median, measured in turn with convtool's.
        goal: the highest acceptable `seconds / peer_seconds`, or None.
        error: the largest difference to float64, over Σ|w| × max|x|, or None if not measured.
    """

    work: str
    way: str
    seconds: float
    peer: str
    peer_seconds: float
    goal: float | None = None
    error: float | None = None

    @property
    def ratio(self) -> float:
        """Convtool's time over the peer's."""
        return self.seconds / self.peer_seconds


def medians(ways: Mapping[str, Callable[[], object]], runs: int = RUNS) -> dict[str, float]:
    """Return the median seconds of each way: all run in turn, once uncounted, then `runs` times."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(runs + 1):
        for name, way in ways.items():
            gc.collect()
            started = time.perf_counter()
            way()
            if turn:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def machine() -> dict[str, str]:
    """Return the processor and the versions that the figures depend on."""
    info = Path("/proc/cpuinfo")
    models = [
        line.partition(":")[2].strip()
        for line in info.read_text().splitlines()
        if line.startswith("model name")
    ]
    versions = {}
    for name in (
        "torch",
        "numpy",
        "scipy",
        "opencv-python-headless",
        "pyvips",
        "pillow",
        "av",
        "soundfile",
    ):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    processor = models[0] if models else platform.processor()
    return {
        "processor": processor,
        "cores": str(os.cpu_count()),
        "threads": str(THREADS),
    } | versions


def markdown(rows: Iterable[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [
        "| work | convtool | ms | peer | ms | ratio | goal | error |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        goal = "" if row.goal is None else f"≤ {row.goal:g}"
        mark = "" if row.goal is None or row.ratio <= row.goal else " ✗"
        error = "" if row.error is None else f"{row.error:.0e}"
        lines.append(
            f"| {row.work} | {row.way} | {row.seconds * 1e3:.3g} "
            f"| {row.peer} | {row.peer_seconds * 1e3:.3g} "
            f"| {row.ratio:.2f}{mark} | {goal} | {error} |"
        )
    return "\n".join(lines)


def as_json(rows: Iterable[Row]) -> str:
    """Return the machine and the rows as JSON."""
    return json.dumps(
        {"machine": machine(), "rows": [asdict(row) | {"ratio": row.ratio} for row in rows]},
        indent=1,
    )
