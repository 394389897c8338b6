"""What --engine ray cannot do, and what is missing, in words; the local engine needs none of it."""

import importlib.util
import socket
import subprocess
import sys
import time

import pytest
from conftest import SAMPLES

CHART = SAMPLES / "chart.jpg"


@pytest.fixture
def no_ray(monkeypatch):
    """Let Ray be absent."""
    monkeypatch.setitem(sys.modules, "ray", None)


@pytest.fixture
def told(convtool, tmp_path):
    """Run a call on Ray that has to fail before Ray is asked, and return what it says."""

    def run(*options, source=CHART, out=None):
        out = f"{tmp_path}/out/" if out is None else out
        result = convtool("image", source, out, "-k", "blur", "--engine", "ray", *options)
        assert result.code == 2, result.err
        assert not (tmp_path / "out").exists()
        return result.err

    return run


@pytest.mark.usefixtures("no_ray")
def test_the_missing_extra_is_named(told):
    """Without Ray, the error says how to get it."""
    assert told() == (
        "error: --engine ray needs Ray, which is not installed\n"
        "hint: pip install 'torch-convtool[ray]'\n"
    )


@pytest.mark.usefixtures("no_ray")
@pytest.mark.parametrize("flag", ["--plot", "--report"])
def test_what_is_shown_of_results_stays_here(told, tmp_path, flag):
    """Plots and pages are made of what this process filters."""
    assert told(flag, tmp_path / "page.html" if flag == "--report" else tmp_path / "p.png") == (
        f"error: {flag} shows what this process filters, and --engine ray filters elsewhere\n"
        "hint: --engine local\n"
    )


@pytest.mark.usefixtures("no_ray")
def test_streams_stay_here(told):
    """Standard input and output are this process's own."""
    expected = "error: - is a stream of this process, and --engine ray filters elsewhere\n"
    assert told(source="-").startswith(expected)
    assert told("--format", "png", out="-").startswith(expected)


@pytest.mark.usefixtures("no_ray")
def test_a_wrong_kernel_is_told_before_ray_is_asked(told):
    """A typing mistake does not wait for a cluster."""
    assert told("-k", "sobelx").startswith("error: unknown kernel 'sobelx'")


def test_nobody_listens(told):
    """An address without a cluster is told in seconds, by its name."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    started = time.monotonic()
    refused = "error: no Ray cluster at {}: Connection refused\n"
    assert told("--address", address).startswith(refused.format(address))
    client = f"ray://{address}"
    if importlib.util.find_spec("grpc") is None:  # the extra leaves it out
        expected = "error: ray:// needs Ray's client, which is not installed\n"
    else:
        expected = refused.format(client)
    assert told("--address", client).startswith(expected)
    assert time.monotonic() - started < 30


@pytest.mark.usefixtures("no_ray")
def test_options_of_ray_have_no_effect_without_it(convtool, tmp_path):
    """They are said to have none; the same holds for a dry run, which stays here."""
    options = ["--address", "auto", "--cpus-per-task", "2", "--gpus-per-task", "0.5"]
    result = convtool("image", CHART, tmp_path / "out.png", "-k", "blur", *options)
    assert result.code == 0
    for flag in options[::2]:
        assert f"note: {flag} has no effect: nothing runs on Ray without --engine ray" in result.err
    dry = convtool("image", CHART, tmp_path / "x.png", "-k", "blur", "--engine", "ray", "--dry-run")
    assert (dry.code, "would write" in dry.out) == (0, True)


def test_the_local_engine_does_not_import_ray(tmp_path):
    """Ray takes a second to import, and a cluster of its own to run."""
    code = (
        "import sys; from convtool.cli.app import run; "
        f"code = run(['image', {str(CHART)!r}, {str(tmp_path / 'out.png')!r}, '-k', 'blur']); "
        "print(code, 'ray' in sys.modules, 'convtool.cluster.worker' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "0 False False\n"
