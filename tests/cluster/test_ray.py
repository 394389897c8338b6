"""--engine ray, on a cluster of two nodes: the same results as here, whatever dies."""

import json
import signal
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import LONG, eventually
from PIL import Image
from rays import two_nodes
from videos import contents as contents_of_video
from videos import make

COUNT = 500 if LONG else 100


@pytest.fixture(scope="module")
def ray():
    """Run a cluster for the tests of this module."""
    with two_nodes() as running:
        yield running


def images(folder, count, name="{:04}.png"):
    """Write small images of different sizes, and return their paths."""
    rng = np.random.default_rng(count)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name.format(number) for number in range(count)]
    for number, path in enumerate(paths):
        Image.fromarray(rng.integers(0, 255, (8 + number % 50, 40, 3), dtype=np.uint8)).save(path)
    return paths


def contents(folder):
    """Return the files below a folder with their bytes, without hidden ones."""
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return {path.name: path.read_bytes() for path in files if not path.name.startswith(".")}


def temporaries(folder):
    """Return what is half-written in a folder."""
    return list(Path(folder).rglob(".*.tmp"))


def test_results_are_those_of_one_machine(ray, convtool, tmp_path):
    """Every byte equals the local engine's; both nodes have worked; outcomes come in order."""
    paths = images(tmp_path / "in", COUNT)
    call = ["image", tmp_path / "in", "-k", "sobel", "--json", "-o"]
    assert convtool(*call, tmp_path / "here").code == 0
    code, out, err = ray.run(*call, tmp_path / "there")
    assert (code, err.splitlines()[0]) == (0, "done  seconds  MB/s")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["input"] for line in lines] == list(map(str, paths))
    assert {line["node"] for line in lines} == {"first", "second"}
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert not temporaries(tmp_path)
    told = convtool("status", tmp_path / "there")
    assert (told.code, told.out) == (0, f"{COUNT} of {COUNT} inputs done, 0 failed\n")


def test_a_file_that_kills_its_worker_is_reported(ray, tmp_path):
    """It is tried three times; the others of its group are done; an error is an error."""
    images(tmp_path / "in", 12)
    images(tmp_path / "in", 1, "0003-poison.png")
    (tmp_path / "in/0005-damaged.png").write_bytes(b"no image")
    out = tmp_path / "out"
    code, _, err = ray.run("image", tmp_path / "in", f"{out}/", "-k", "blur", "--merge")
    assert code == 1
    poison = (
        f"error: {tmp_path}/in/0003-poison.png: its worker died 3 times (killed, or out of memory)"
    )
    assert poison in err.splitlines()
    assert f"error: {tmp_path}/in/0005-damaged.png: " in err
    assert err.splitlines()[-2:][0].split()[:2] == ["done", "failed"]
    assert err.splitlines()[-1].split()[:2] == ["12", "2"]
    assert len(contents(out)) == 12
    assert not temporaries(tmp_path)
    assert "raylet" not in err


def test_a_node_that_dies_takes_nothing_with_it(ray, tmp_path):
    """Its jobs are run by another one; the exit code is 0, and no output is missing."""
    ray.ask("add", "third")
    paths = images(tmp_path / "in", 60, "slow-{:04}.png")
    out = tmp_path / "out"
    with ray.begin("image", tmp_path / "in", f"{out}/", "-k", "blur", "--merge", "--json") as run:
        first = [json.loads(run.stdout.readline()) for _ in range(5)]
        ray.ask("kill", "third")
        rest, err = run.stdout.read(), run.stderr.read()  # communicate() forgets what is buffered
    assert run.returncode == 0, err
    assert err.splitlines()[0] == "done  seconds  MB/s"
    lines = first + [json.loads(line) for line in rest.splitlines()]
    assert [line["input"] for line in lines] == list(map(str, paths))
    assert len(contents(out)) == len(paths)
    assert not temporaries(tmp_path)


def test_a_command_that_is_killed_leaves_whole_files(ray, convtool, tmp_path):
    """The next run with --skip-existing does the rest, and knows what had been done."""
    paths = images(tmp_path / "in", 40, "slow-{:04}.png")
    out = tmp_path / "out"
    call = ["image", tmp_path / "in", "-k", "blur", "--merge", "-o", out]
    with ray.begin(*call) as run:
        eventually(lambda: len(contents(out)) > 5)
        run.send_signal(signal.SIGKILL)
    eventually(lambda: not ray.workers())
    left = contents(out)
    assert 5 < len(left) < len(paths)
    for path in out.glob("*.png"):
        Image.open(path).load()
    assert convtool("status", out).out.startswith("the run: running or interrupted")
    code, _, err = ray.run(*call, "--skip-existing")
    assert code == 0, err
    assert contents(out).items() >= left.items()
    assert len(contents(out)) == len(paths)
    done, skipped = map(int, err.splitlines()[-1].split()[:2])
    assert (done + skipped, skipped) == (len(paths), len(left))
    assert convtool("status", out).out == f"{len(paths)} of {len(paths)} inputs done, 0 failed\n"


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.long)],
)
def test_an_interrupt_cancels_the_tasks(ray, tmp_path, number, code):
    """Nothing is half-written, workers end, and the exit code tells the signal."""
    images(tmp_path / "in", 60, "slow-{:04}.png")
    out = tmp_path / "out"
    with ray.begin("image", tmp_path / "in", f"{out}/", "-k", "blur", "--merge") as run:
        eventually(lambda: len(contents(out)) > 3)
        run.send_signal(number)
        _, err = run.communicate(timeout=60)
    assert run.returncode == code
    assert err.splitlines()[-2].startswith("interrupted: ")
    assert err.splitlines()[-1] == "hint: --skip-existing continues"
    assert len(contents(out)) < 60
    assert not temporaries(tmp_path)


def test_nodes_share_a_long_video(ray, convtool, tmp_path):
    """Its segments are tasks of their own; frames and times are those of an undivided run."""
    (tmp_path / "in").mkdir()
    times = [512 * number + 100 * (number % 3) for number in range(96)]
    frames = np.random.default_rng(5).integers(0, 255, (96, 48, 64, 3), dtype=np.uint8)
    video = tmp_path / "in/watched.mp4"
    make(video, frames, codec="mpeg4", pix_fmt="yuv420p", times=times, audio="aac")
    call = ["video", video, "-k", "temporal-difference", "--normalize", "minmax", "--codec", "ffv1"]
    assert convtool(*call, "-o", tmp_path / "here.mkv").code == 0
    there = tmp_path / "there.mkv"
    code, _, err = ray.run(*call, "-o", there, "--segments", "4", "-v")
    assert code == 0, err
    assert ", in 4 segments" in err
    assert contents_of_video(there) == contents_of_video(tmp_path / "here.mkv")
    assert len(list((tmp_path / "in").glob("watched.mp4.*"))) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"in", "here.mkv", "there.mkv"}


def test_a_wrong_call_ends_the_run(ray, tmp_path):
    """What workers alone can know to be wrong has exit code 2, told once."""
    images(tmp_path / "in", 3)
    call = ["image", tmp_path / "in", f"{tmp_path}/out/", "-k", "blur", "--device", "cuda"]
    code, _, err = ray.run(*call, "--gpus-per-task", "0")
    assert (code, err.count("error:")) == (2, 1), err
    assert "error: no device 'cuda'" in err


@pytest.mark.long
def test_workers_speak_with_their_node_before_them(ray, tmp_path):
    """What libraries print is shown with -v, on standard error; without it, nowhere."""
    images(tmp_path / "in", 2, "loud-{:04}.png")
    call = ["image", tmp_path / "in", "-k", "blur", "--merge", "-o"]
    code, out, err = ray.run(*call, tmp_path / "a", "-v")
    assert (code, out) == (0, "")
    told = [line for line in err.splitlines() if "a library" in line]
    assert {line.partition(": ")[2] for line in told} == {
        "a library complains",
        "a library says so",
    }
    assert "autoscaler" not in err
    assert "Conv2d(3, 3, kernel_size=(3, 3)" in err
    code, out, err = ray.run(*call, tmp_path / "b")
    assert (code, out) == (0, "")
    assert "a library" not in err


@pytest.mark.long
def test_without_an_address_ray_runs_here(convtool, program, tmp_path):
    """It is started for the run, and gone afterwards."""
    images(tmp_path / "in", 10)
    call = ["image", tmp_path / "in", "-k", "sobel-x", "--json", "-q", "-o"]
    assert convtool(*call, tmp_path / "here").code == 0
    result = program(*call, tmp_path / "there", "--engine", "ray")
    assert (result.returncode, result.stderr) == (0, b"")
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


@pytest.mark.long
def test_a_client_elsewhere_can_use_a_cluster(convtool, tmp_path):
    """By ray://, this machine need not be one of the cluster's."""
    images(tmp_path / "in", 20)
    call = ["image", tmp_path / "in", "-k", "sobel-x", "--merge", "-q", "-o"]
    assert convtool(*call, tmp_path / "here").code == 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with two_nodes(port) as ray:
        ray.address = f"ray://127.0.0.1:{port}"
        assert ray.run(*call, tmp_path / "there") == (0, "", "")
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for the memory in use")
def test_a_worker_out_of_memory_gets_less_at_once(tmp_path):
    """Ray kills it; its group is halved until it fits, and all is done."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    memory = {line.split()[0]: int(line.split()[1]) / 2**20 for line in lines}
    limit = 1 - (memory["MemAvailable:"] - 3.5) / memory["MemTotal:"]  # 3.5 GiB more than now
    images(tmp_path / "in", 24, "hungry-{:04}.png")
    settings = {"RAY_memory_usage_threshold": str(limit), "RAY_memory_monitor_refresh_ms": "50"}
    with two_nodes(**settings) as ray:
        code, _, err = ray.run(
            "image", tmp_path / "in", f"{tmp_path}/out/", "-k", "blur", "--merge"
        )
    assert code == 0, err
    assert len(contents(tmp_path / "out")) == 24
