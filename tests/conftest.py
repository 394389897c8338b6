"""Fixtures shared by all tests: the command line, the corpus, random numbers.

`make test` runs two workers in parallel. Each has its own runtime folder, so that it never meets
the other's warm process, and no test may fail because the other worker keeps the machine busy.
"""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from browsers import chromium
from hypothesis import HealthCheck, settings

from convtool.cli.app import run as run_in_process

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
LONG = os.environ.get("CONVTOOL_LONG") == "1"  # as `make endure` sets it: more of everything

# The time that Hypothesis takes to draw an example depends on the load of the machine.
settings.register_profile("busy", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("busy")


def covering(*axes: Sequence[object]) -> list[tuple[object, ...]]:
    """Return combinations of values, one of each axis, for the cases of a test.

    With CONVTOOL_LONG=1 these are all; otherwise few, in which any two values of two axes meet.
    """
    every = list(itertools.product(*map(enumerate, axes)))
    met, chosen = set(), every if LONG else []
    for new in range(0 if LONG else len(axes) * (len(axes) - 1) // 2, 0, -1):
        for case in every:
            pairs = set(itertools.combinations([(n, at) for n, (at, _) in enumerate(case)], 2))
            if len(pairs - met) >= new:
                met |= pairs
                chosen.append(case)
    return [tuple(value for _, value in case) for case in chosen]


class Result:
    """The exit code, standard output and standard error of a command."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


# A process inherits the peak of the process that forked it, so a small one forks it.
PEAK = (
    "import resource, subprocess, sys; "
    "subprocess.run(sys.argv[1:], check=True, capture_output=True); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def peak(command: Sequence[object]) -> float:
    """Return the peak memory of a program in MB (the system counts in KiB)."""
    measured = subprocess.run(
        [sys.executable, "-c", PEAK, *map(str, command)], check=True, stdout=subprocess.PIPE
    )
    return int(measured.stdout) * 1024 / 1e6


def pytest_runtest_setup(item):
    """Skip tests that need a GPU where there is none, unless one is required, and long tests."""
    if item.get_closest_marker("long") and not LONG:
        pytest.skip("it takes long; CONVTOOL_LONG=1 runs it")
    lacking = item.get_closest_marker("cuda") and not torch.cuda.is_available()
    if lacking and os.environ.get("CONVTOOL_REQUIRE_CUDA") != "1":
        pytest.skip("no CUDA device; CONVTOOL_REQUIRE_CUDA=1 makes this a failure")


@pytest.fixture
def convtool(capfd):
    """Run the command line in this process: fast, and enough for all but start-up and signals."""

    def run(*arguments: object) -> Result:
        capfd.readouterr()
        code = run_in_process([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Result(code, out, err)

    return run


@pytest.fixture
def program():
    """Run the command line in a process of its own."""

    def run(*arguments: object, **options: object) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "convtool", *map(os.fspath, map(str, arguments))]
        return subprocess.run(command, capture_output=True, timeout=120, check=False, **options)

    return run


@pytest.fixture(scope="module")
def browser():
    """Run a real browser for the tests of a module, or skip them."""
    with chromium() as running:
        yield running


@pytest.fixture
def report(convtool, tmp_path):
    """Filter a file with --report, and return the page and the output."""

    def made(medium, source, target, *options):
        page = tmp_path / "page.html"
        result = convtool(medium, source, target, *options, "--report", page, "--overwrite")
        assert result.code == 0, result.err
        return page, target

    return made


@pytest.fixture(scope="session")
def server():
    """Run a real S3 server."""
    from buckets import Server  # noqa: PLC0415

    running = Server()
    yield running
    running.stop()


@pytest.fixture
def bucket(server, monkeypatch):
    """Return a new bucket, to which the environment leads."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    _forget_clients()
    yield server.bucket()
    _forget_clients()


def _forget_clients():
    """Let the next call read credentials anew, as a process of its own does."""
    import s3fs  # noqa: PLC0415

    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def corpus() -> Path:
    """Return the folder of real and malformed media, or skip the test."""
    folder = os.environ.get("CONVTOOL_CORPUS")
    if not folder:
        pytest.skip("CONVTOOL_CORPUS names no folder")
    return Path(folder)


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a random generator with the same seed for every test."""
    return np.random.default_rng(20240607)


def eventually(condition, patience=60.0):
    """Wait until a condition holds; fail if it does not within `patience` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"{condition} still does not hold after {patience} s"
        time.sleep(0.01)


@pytest.fixture(autouse=True, scope="session")
def _runtime_folder(tmp_path_factory):
    """Give each test worker its own runtime folder, where nothing starts a warm process by itself.

    Tests of the warm process set another value.
    """
    os.environ["XDG_RUNTIME_DIR"] = str(tmp_path_factory.mktemp("runtime"))
    os.environ["CONVTOOL_WARM"] = "off"


@pytest.fixture(autouse=True, scope="session")
def _two_threads():
    """Let torch use two threads; parts of the engine behave differently with one."""
    torch.set_num_threads(2)
