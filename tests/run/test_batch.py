"""Batches: inputs, names, parallel workers, continuation, failures without loss."""

import errno
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from conftest import LONG, SAMPLES, eventually
from PIL import Image

from convtool.cli.app import run
from convtool.errors import WriteError
from convtool.outputs.atomic import Publisher
from convtool.outputs.job import Job
from convtool.outputs.records import name_for
from convtool.run.batch import run_all, workers_for
from convtool.run.outcomes import Outcome

NAME = name_for(None)
KILLS = 23 if LONG else 1  # per medium and signal
FILES = 10_000 if LONG else 300
RUNS = 20 if LONG else 1


def images(folder, count, size=(24, 32)):
    """Write small images, all different, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 256, (*size, 3), dtype=np.uint8)
        paths.append(folder / f"{number:04}.png")
        Image.fromarray(pixels).save(paths[-1])
    return paths


def content(path):
    """Return a file's content without the random numbers of Ogg and Matroska."""
    if path.suffix == ".ogg":
        return soundfile.read(path)[0].tobytes()
    if path.suffix == ".mkv":
        with av.open(path) as video:
            return [(packet.pts, bytes(packet)) for packet in video.demux() if packet.size]
    return path.read_bytes()


def names(folder):
    """Return the names of the files below a folder, except the manifest."""
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name != NAME
    )


# --- inputs and names ---


@pytest.mark.parametrize(("flag", "separator"), [("--files-from", "\n"), ("--files0-from", "\0")])
def test_lists_of_files(convtool, tmp_path, monkeypatch, flag, separator):
    """Relative folders in a list of files are mirrored below OUTPUT, absolute ones are not."""
    monkeypatch.chdir(tmp_path)
    images(tmp_path / "a" / "b", 2)
    images(tmp_path / "c", 1)
    listed = ["a/b/0000.png", "a/b/0001.png", str(tmp_path / "c" / "0000.png")]
    (tmp_path / "list").write_text(separator.join(listed) + separator)
    result = convtool("image", flag, "list", "out", "-k", "blur", "--merge")
    assert result.code == 0, result.err
    assert names(tmp_path / "out") == ["0000_blur.png", "a/b/0000_blur.png", "a/b/0001_blur.png"]


def test_a_list_from_a_pipe(program, tmp_path):
    """A list from `find -print0` may hold any names, even undecodable ones."""
    odd = [b"a b.png", b"new\nline.png", b"%03d.png", b"-k.png", b"\xff\xfe.png"]
    source = images(tmp_path / "one", 1)[0]
    for name in odd:
        shutil.copy(source, os.fsencode(tmp_path) + b"/" + name)
    data = b"".join(name + b"\0" for name in odd)
    result = program(
        "image", "--files0-from", "-", "out/", "-k", "blur", "--merge", input=data, cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr
    folder = os.fsencode(tmp_path / "out")
    listed = os.listdir(folder)  # noqa: PTH208  # names as bytes
    made = {name for name in listed if name != NAME.encode()}
    assert made == {name.replace(b".png", b"_blur.png") for name in odd}
    assert b"new\\nline" in result.stderr
    assert b"\\udcff" in result.stderr


def test_an_empty_or_missing_list(convtool, tmp_path):
    """An empty list, a missing one, and no input at all are usage errors."""
    (tmp_path / "list").touch()
    for options in (["--files-from", tmp_path / "list"], ["--files-from", tmp_path / "none"], []):
        result = convtool("image", *options, tmp_path / "out", "-k", "blur")
        assert result.code == 2
        assert result.err.count("error: ") == 1


def test_glob(convtool, tmp_path):
    """--glob selects the files of folders."""
    images(tmp_path / "in", 3)
    (tmp_path / "in" / "0000.png").rename(tmp_path / "in" / "x.dat")
    assert (
        convtool(
            "image", tmp_path / "in", tmp_path / "out", "-k", "blur", "--merge", "--glob", "*1.png"
        ).code
        == 0
    )
    assert names(tmp_path / "out") == ["0001_blur.png"]


def test_names_by_a_template(convtool, tmp_path):
    """--name may create folders, and a bad template is refused before any work."""
    images(tmp_path / "in", 2)
    template = "{kernel}/{index:03}-{stem}-{channel}{suffix}"
    assert (
        convtool(
            "image", tmp_path / "in", f"{tmp_path}/out/", "-k", "blur", "--name", template
        ).code
        == 0
    )
    assert names(tmp_path / "out")[:3] == [
        "blur/001-0000-b.png",
        "blur/001-0000-g.png",
        "blur/001-0000-r.png",
    ]
    for bad in (
        "{stem.__class__}{suffix}",
        "{nothing}{suffix}",
        "{stem",
        "{}{suffix}",
        "../{stem}{suffix}",
        "/{stem}{suffix}",
        "x",
        "same{suffix}",
    ):
        result = convtool("image", tmp_path / "in", f"{tmp_path}/bad/", "-k", "blur", "--name", bad)
        assert result.code == 2, bad
        assert not (tmp_path / "bad").exists()
    result = convtool(
        "image",
        tmp_path / "in" / "0000.png",
        f"{tmp_path}/c/",
        "-k",
        "blur",
        "--name",
        "{stem}{suffix}",
    )
    assert result.code == 2
    assert "{channel}" in result.err


def test_two_inputs_with_one_output_name_are_refused_before_any_work(convtool, tmp_path):
    """If two inputs would share an output name, no output is written."""
    images(tmp_path / "a", 1)
    images(tmp_path / "b", 1)
    result = convtool(
        "image", tmp_path / "a/0000.png", tmp_path / "b/0000.png", tmp_path / "out", "-k", "blur"
    )
    assert result.code == 2
    assert not (tmp_path / "out").exists()


def test_options_from_a_file(convtool, tmp_path):
    """Flags override the options of a file, and unknown options are refused."""
    source = images(tmp_path, 1)[0]
    (tmp_path / "o.yaml").write_text(
        "kernel: [sobel-x, blur]\nmerge: true\nmax-pixels: 100000\nbias: false\n"
    )
    assert convtool("image", source, f"{tmp_path}/out/", "--options", tmp_path / "o.yaml").code == 0
    assert names(tmp_path / "out") == ["0000_sobel-x+blur.png"]
    result = convtool(
        "image", source, f"{tmp_path}/two/", "--options", tmp_path / "o.yaml", "-k", "emboss"
    )
    assert result.code == 0
    assert names(tmp_path / "two") == ["0000_emboss.png"]
    (tmp_path / "bad.yaml").write_text("kernle: blur\n")
    result = convtool("image", source, f"{tmp_path}/three/", "--options", tmp_path / "bad.yaml")
    assert result.code == 2
    assert "no option 'kernle'" in result.err


# --- several at once ---


@pytest.mark.parametrize("jobs", ["1", "2", "5"])
def test_workers_give_the_same_files(convtool, tmp_path, jobs):
    """The number of workers changes neither the files nor the order of outcomes."""
    images(tmp_path / "in", 12)
    result = convtool(
        "image", tmp_path / "in", f"{tmp_path}/out/", "-k", "sobel", "--jobs", jobs, "--json"
    )
    assert result.code == 0, result.err
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [line["input"][-8:] for line in lines] == [f"{number:04}.png" for number in range(12)]
    alone = tmp_path / "alone"
    for path in sorted((tmp_path / "in").iterdir()):
        assert convtool("image", path, f"{alone}/", "-k", "sobel").code == 0
    assert names(alone) == names(tmp_path / "out")
    for name in names(alone):
        assert (alone / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


def test_audio_and_random_layers_in_workers(convtool, tmp_path):
    """The layer of every worker has the weights of the seed."""
    for number in range(6):
        (tmp_path / "in").mkdir(exist_ok=True)
        shutil.copy(SAMPLES / "melody.wav", tmp_path / "in" / f"{number}.wav")
    assert (
        convtool(
            "audio", tmp_path / "in", f"{tmp_path}/out/", "--merge", "--seed", "5", "--jobs", "3"
        ).code
        == 0
    )
    assert len({(tmp_path / "out" / name).read_bytes() for name in names(tmp_path / "out")}) == 1


def test_number_of_workers():
    """The default is one worker per core, and at most one per file."""
    assert workers_for(100, None, alone=False) == (os.cpu_count() or 1)
    assert workers_for(100, None, alone=True) == 1
    assert workers_for(2, 8, alone=True) == 2


def sample_jobs(count):
    """Return jobs that need no file."""
    return [Job(str(number), SAMPLES, "s", ".png", split=False) for number in range(count)]


def test_a_usage_error_in_a_worker_ends_the_run():
    """After a usage error in a worker, no job starts."""
    begun = []

    def run_job(job, shared):
        begun.append(job.input)
        if job.input == "1":
            raise WriteError("as a wrong call would")
        time.sleep(0.05)
        return Outcome(job.input, "done")

    with pytest.raises(WriteError):
        list(run_all(sample_jobs(100), run_job, lambda: None, 2, publisher=Publisher()))
    assert len(begun) < 20


@pytest.mark.parametrize("workers", [1, 2])
def test_an_abandoned_run_does_not_affect_the_next_one(tmp_path, workers):
    """The outputs of an abandoned run are not published; those of another run are."""

    def write(publisher, name):
        with publisher.file(tmp_path / name, overwrite=False) as file:
            file.write(b"whole")

    def run_job(job, shared):
        raise WriteError("as a wrong call would")

    def run_while_writing(publisher):
        with publisher.file(tmp_path / "late.txt", overwrite=False):
            with pytest.raises(WriteError, match="wrong call"):
                list(run_all(sample_jobs(9), run_job, lambda: None, workers, publisher=publisher))
            assert not list(tmp_path.glob(".convtool-*"))

    abandoned = Publisher()
    with abandoned.folder(tmp_path / "folder", overwrite=False) as folder:
        (folder / "page").touch()
    with pytest.raises(WriteError, match="interrupted"):
        run_while_writing(abandoned)
    with pytest.raises(WriteError, match="interrupted"):
        write(abandoned, "never.txt")
    write(Publisher(), "next.txt")
    assert names(tmp_path) == ["folder/page", "next.txt"]


def test_one_percent_broken(convtool, tmp_path):
    """A run with bad inputs continues, exits with 1, and lists exactly those for a retry."""
    paths = images(tmp_path / "in", FILES, (8, 8))
    broken = paths[3::100]
    for path in broken:
        path.write_bytes(path.read_bytes()[:40])
    result = convtool(
        "image",
        tmp_path / "in",
        f"{tmp_path}/out/",
        "-k",
        "blur",
        "--merge",
        "--failed-to",
        tmp_path / "f",
    )
    assert result.code == 1
    (line,) = [line for line in result.err.splitlines() if line.startswith("error: ")]
    first, others = re.fullmatch(r"error: (.*?): .* \(likewise \d+ more: (.*)\)", line).groups()
    assert [first, *others.split(", ")] == list(map(str, broken))
    table = result.err.splitlines()
    head = next(
        number for number, line in enumerate(table) if line.split()[:2] == ["done", "failed"]
    )
    assert table[head + 1].split()[:2] == [str(FILES - len(broken)), str(len(broken))]
    assert (tmp_path / "f").read_bytes() == b"".join(os.fsencode(path) + b"\0" for path in broken)
    assert len(names(tmp_path / "out")) == FILES - len(broken)


def test_stop_at_the_first_error(convtool, tmp_path):
    """The summary counts the inputs that were not started."""
    paths = images(tmp_path / "in", 30, (8, 8))
    paths[0].write_bytes(b"not an image")
    options = ["-k", "blur", "--merge", "--on-error", "stop", "--jobs", "1"]
    result = convtool("image", tmp_path / "in", f"{tmp_path}/out/", *options)
    assert result.code == 1
    assert "not begun" in result.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_that_stops_completes_started_files_and_lists_failures(convtool, tmp_path, jobs):
    """A stopped run reports every file that exists and writes the list for a retry."""
    paths = images(tmp_path / "in", 40, (8, 8))
    paths[5].write_bytes(b"not an image")
    options = [
        "-k",
        "blur",
        "--merge",
        "--on-error",
        "stop",
        "--jobs",
        jobs,
        "--json",
        "--failed-to",
        tmp_path / "f",
    ]
    result = convtool("image", tmp_path / "in", f"{tmp_path}/out/", *options)
    assert result.code == 1
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [line["input"] for line in lines if line["status"] == "failed"] == [str(paths[5])]
    assert sorted(name for line in lines for name in line["outputs"]) == [
        str(tmp_path / "out" / name) for name in names(tmp_path / "out")
    ]
    assert len(lines) < 40
    assert "not begun" in result.err
    assert (tmp_path / "f").read_bytes() == os.fsencode(paths[5]) + b"\0"


# --- continued runs ---


def test_inputs_with_outputs_up_to_date_are_skipped(convtool, tmp_path):
    """Inputs are skipped unless the kernel, the input or the output has changed."""
    paths = images(tmp_path / "in", 6)

    def run(*options):
        arguments = [tmp_path / "in", f"{tmp_path}/out/", "--merge", "--json", *options]
        return convtool("image", *arguments)

    def status(result):
        return [json.loads(line)["status"] for line in result.out.splitlines()]

    assert status(run("-k", "blur")) == ["done"] * 6
    assert status(run("-k", "blur", "--skip-existing")) == ["skipped"] * 6
    assert status(run("-k", "sharpen", "--skip-existing")) == ["done"] * 6
    assert status(run("-k", "blur", "--skip-existing", "--overwrite")) == ["skipped"] * 6
    assert (
        status(run("-k", "blur", "--quality", "50", "--skip-existing", "--overwrite"))
        == ["done"] * 6
    )
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(paths[2])
    (tmp_path / "out" / "0004_blur.png").write_bytes(b"changed")
    (tmp_path / "out" / "0005_blur.png").unlink()
    wanted = ["skipped", "skipped", "done", "skipped", "done", "done"]
    assert status(run("-k", "blur", "--quality", "50", "--skip-existing", "--overwrite")) == wanted


def test_a_changed_kernel_file_is_another_kernel(convtool, tmp_path):
    """A kernel file counts by its content, not by its name."""
    images(tmp_path / "in", 2)
    kernel = tmp_path / "k.yaml"
    for weights, wanted in (("[[1, 1]]", "done"), ("[[1, 1]]", "skipped"), ("[[1, 2]]", "done")):
        kernel.write_text(f"name: k\nweights:\n  2: {weights}\n")
        options = ["-k", kernel, "--merge", "--json", "--skip-existing", "--overwrite"]
        result = convtool("image", tmp_path / "in", f"{tmp_path}/out/", *options)
        assert {json.loads(line)["status"] for line in result.out.splitlines()} == {wanted}


def test_an_interrupted_run_is_continued(convtool, tmp_path):
    """A continued run repeats no file and misses none."""
    images(tmp_path / "in", 100, (200, 200))
    command = [sys.executable, "-m", "convtool", "image", tmp_path / "in", f"{tmp_path}/out/"]
    command += ["-k", "gaussian:sigma=9", "--merge", "--jobs", "2"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        eventually(lambda: len(list((tmp_path / "out").glob("0*"))) >= 10)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    made = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("0*")}
    assert 10 <= len(made) < 100
    result = convtool(*command[3:], "--skip-existing", "--json")
    assert result.code == 0, result.err
    status = [json.loads(line)["status"] for line in result.out.splitlines()]
    assert status.count("skipped") == len(made)
    assert len(names(tmp_path / "out")) == 100
    assert all((tmp_path / "out" / name).stat().st_mtime_ns == at for name, at in made.items())


def test_a_damaged_manifest_is_tolerated(convtool, tmp_path):
    """Truncated and unknown lines of the manifest are ignored."""
    images(tmp_path / "in", 2)
    options = ["-k", "blur", "--merge", "--skip-existing", "--overwrite"]
    assert convtool("image", tmp_path / "in", f"{tmp_path}/out/", *options).code == 0
    manifest = tmp_path / "out" / NAME
    begun, first, second, _ = manifest.read_bytes().splitlines(keepends=True)
    damaged = b"".join(
        line + b"\n"
        for line in (
            b"[1]",
            b'{"of": 3}',
            b"\xff",
            b"[" * 10**5,
            b'{"of": 3, "how": ""}',
            b'{"of": "\\ud800", "how": "", "input": 0, "outputs": {}}',
            b'{"begun": "x", "how": "y"}',
            b'{"ended": 1, "how": "y", "inputs": []}',
        )
    )
    manifest.write_bytes(damaged + begun + first + second[:-20] + b"\n" + damaged)
    told = convtool("status", tmp_path / "out")
    assert told.out.splitlines()[0] == "the run: running or interrupted, 1 done, 0 failed", told.err
    result = convtool("image", tmp_path / "in", f"{tmp_path}/out/", *options, "--json")
    assert sorted(json.loads(line)["status"] for line in result.out.splitlines()) == [
        "done",
        "skipped",
    ]


# --- failures and interrupts ---


class Killable:
    """A run that replaces the outputs of an earlier one.

    Args:
        medium: the medium of the inputs.
        folder: an empty folder.

    Attributes:
        command: the command of the run.
        kept: a folder with the old outputs.
        old: the content of each old output.
        new: the content of each new output.
        seconds: the time that the run takes from the moment when it handles signals.
    """

    def __init__(self, medium, folder):
        self.out, self.kept = folder / "out", folder / "kept"
        base = [sys.executable, "-m", "convtool", medium, folder / "in", f"{self.out}/"]
        base += ["--merge", "--overwrite", "--quiet", "--name", "{stem}{suffix}"]
        base += getattr(self, f"_{medium}")(folder / "in")
        assert run([*map(str, base[3:]), "-k", "gaussian:sigma=5"]) == 0
        shutil.copytree(self.out, self.kept)
        self.old = self.contents()
        self.command = [*base, "-k", "laplacian-4"]
        with subprocess.Popen(self.command) as process:
            eventually(lambda: handles(process, signal.SIGTERM))
            started = time.monotonic()
            assert process.wait(60) == 0
        self.seconds = time.monotonic() - started
        self.new = self.contents()

    def contents(self):
        """Return the content of each output."""
        return {name: content(self.out / name) for name in names(self.out)}

    def restore(self):
        """Put the old outputs where the run will replace them."""
        shutil.rmtree(self.out)
        shutil.copytree(self.kept, self.out)

    @staticmethod
    def _image(folder):
        images(folder, 8, (300, 300))
        return ["--jobs", "2"]

    @staticmethod
    def _audio(folder):
        folder.mkdir()
        samples = np.random.default_rng(1).uniform(-0.5, 0.5, (4 * 44100, 2))
        for suffix in ("wav", "flac", "ogg", "mp3"):
            soundfile.write(folder / f"{suffix}.{suffix}", samples, 44100)
        return ["--jobs", "1"]  # libsndfile calls back into the main thread

    @staticmethod
    def _video(folder):
        folder.mkdir()
        shutil.copy(SAMPLES / "clip.mp4", folder)
        # x264 reads uninitialized memory: its output differs between runs.
        return ["--jobs", "2", "--codec", "ffv1", "--format", "mkv"]


def handles(process, number):
    """Return whether a process handles a signal by now."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = int(re.search(r"^SigCgt:\s*(\w+)", status, re.MULTILINE)[1], 16)
    return bool(caught >> (number - 1) & 1)


@pytest.fixture(scope="module")
def killable(request, tmp_path_factory):
    """Return a run for some medium, created once for all signals."""
    return Killable(request.param, tmp_path_factory.mktemp(request.param))


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc whether signals are handled")
@pytest.mark.parametrize(
    ("killable", "number"),
    [
        ("image", signal.SIGINT),
        ("image", signal.SIGTERM),
        ("image", signal.SIGKILL),
        pytest.param("audio", signal.SIGINT, marks=pytest.mark.long),
        ("audio", signal.SIGTERM),
        ("audio", signal.SIGKILL),
        ("video", signal.SIGINT),
        pytest.param("video", signal.SIGTERM, marks=pytest.mark.long),
        ("video", signal.SIGKILL),
    ],
    indirect=["killable"],
)
def test_killed_at_random_moments(killable, number):
    """After a signal, each output is wholly old or new, with no temporary file if handled."""
    code_of = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -signal.SIGKILL}
    moments = random.Random(7)  # noqa: S311  # repeatable
    for _ in range(KILLS):
        killable.restore()
        with subprocess.Popen(killable.command, stderr=subprocess.PIPE) as process:
            eventually(lambda: handles(process, signal.SIGTERM))
            time.sleep(killable.seconds * moments.uniform(0, 1.05))
            process.send_signal(number)
            code = process.wait(30)
            stderr = process.stderr.read()
        left = killable.contents()
        if number == signal.SIGKILL:
            left = {name: data for name, data in left.items() if not name.startswith(".convtool-")}
        else:
            assert stderr == b""
        assert left.keys() == killable.old.keys()
        if code == 0:  # the run ended before the signal
            assert left == killable.new
        else:
            assert code == code_of[number]
        for name, data in left.items():
            assert data in (killable.old[name], killable.new[name])


@contextmanager
def largest_file(size):
    """Limit the bytes of a file that this process writes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    ("medium", "suffixes"),
    [
        ("image", ["png", "jpg", "tif", "webp"]),
        ("audio", ["wav", "flac", "ogg", "mp3"]),
        ("video", ["mp4", "mkv", "avi"]),
    ],
)
def test_a_full_disk(tmp_path, convtool, medium, suffixes):
    """A limit on file sizes is one error and leaves the old files and no temporary file."""
    rng = np.random.default_rng(3)
    for suffix in suffixes:
        output = tmp_path / "out" / f"out.{suffix}"
        output.parent.mkdir(exist_ok=True)
        output.write_bytes(b"old")
        if medium == "image":
            source = tmp_path / "in.png"
            Image.fromarray(rng.integers(0, 256, (400, 400, 3), dtype=np.uint8)).save(source)
        elif medium == "audio":
            source = tmp_path / "in.wav"
            soundfile.write(source, rng.uniform(-0.5, 0.5, (300_000, 2)), 44100)
        else:
            source = SAMPLES / "clip.mp4"
        with largest_file(15_000):
            result = convtool(medium, source, output, "-k", "identity", "--overwrite", "--quiet")
        assert result.code == 1
        lines = [line for line in result.err.splitlines() if not line.startswith("hint: ")]
        assert len(lines) == 1, result.err
        assert lines[0].startswith("error: ")
        assert output.read_bytes() == b"old"
        assert names(tmp_path / "out") == sorted(
            f"out.{own}" for own in suffixes[: suffixes.index(suffix) + 1]
        )


def test_simultaneous_runs_on_the_same_outputs(tmp_path, convtool):
    """Each output of simultaneous runs is the complete output of one of them."""
    images(tmp_path / "in", 10)
    command = [sys.executable, "-m", "convtool", "image", tmp_path / "in", f"{tmp_path}/out/"]
    command += ["--merge", "--overwrite", "--quiet", "--name", "{stem}{suffix}", "-k"]
    wanted = {}
    for kernel in ("blur", "emboss"):
        assert convtool(*command[3:], kernel).code == 0
        wanted[kernel] = {
            name: (tmp_path / "out" / name).read_bytes() for name in names(tmp_path / "out")
        }
    for _ in range(RUNS):
        running = [subprocess.Popen([*command, kernel]) for kernel in wanted]
        assert [process.wait(60) for process in running] == [0, 0]
        for name in names(tmp_path / "out"):
            assert (tmp_path / "out" / name).read_bytes() in [
                made[name] for made in wanted.values()
            ]


@pytest.mark.skipif(
    shutil.which("unshare") is None, reason="the program unshare is not here (Debian: util-linux)"
)
def test_a_file_system_that_is_full(tmp_path):
    """A full file system is one error and leaves the old file and no temporary file."""
    rng = np.random.default_rng(3)
    Image.fromarray(rng.integers(0, 256, (400, 400, 3), dtype=np.uint8)).save(tmp_path / "in.png")
    soundfile.write(tmp_path / "in.wav", rng.uniform(-0.5, 0.5, (200_000, 2)), 44100)
    runs = [
        ("image", str(tmp_path / "in.png"), "out.png"),
        ("audio", str(tmp_path / "in.wav"), "out.flac"),
        ("video", str(SAMPLES / "clip.mp4"), "out.mp4"),
    ]
    code = """
import json, os, sys
from pathlib import Path
from convtool.cli.app import run
for medium, source, out in json.loads(sys.argv[1]):
    Path(out).write_text("old")
    code = run([medium, source, out, "-k", "identity", "--overwrite", "--quiet"])
    print(code, os.listdir(), Path(out).read_text(), flush=True)
    print("---", file=sys.stderr, flush=True)
    Path(out).unlink()
"""
    (tmp_path / "disk").mkdir()
    script = 'mount -t tmpfs -o size=32k tmpfs "$1" || exit 77; cd "$1"; exec "$2" -c "$3" "$4"'
    words = [tmp_path / "disk", sys.executable, code, json.dumps(runs)]
    command = ["unshare", "-rm", "sh", "-c", script, "sh", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    assert done.stdout.splitlines() == [f"1 ['{out}'] old" for _, _, out in runs], done.stderr
    for _, said in zip(runs, done.stderr.split("---\n"), strict=False):
        (line,) = [line for line in said.splitlines() if not line.startswith("hint: ")]
        assert "No space left on device" in line


def test_a_record_without_room_costs_no_input(convtool, tmp_path, monkeypatch):
    """Failures that cannot be recorded are told all the same, and then that they were not."""
    for path in images(tmp_path / "in", 4)[1:]:
        path.write_bytes(b"")
    (tmp_path / "out").mkdir()
    write = os.write

    def full(descriptor, data):
        if b'"failed"' in data or b'"ended"' in data:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr("convtool.outputs.journal.os.write", full)
    result = convtool("image", tmp_path / "in", f"{tmp_path}/out/", "-k", "blur", "--merge")
    assert result.code == 1
    assert names(tmp_path / "out") == ["0000_blur.png"]
    first, last = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert "likewise 2 more" in first
    said = f"{tmp_path}/out: the record of this run cannot be written: No space left on device"
    assert last == f"error: {said}"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("medium", ["image", "audio"])
def test_descriptors_threads_and_memory_stay_flat(tmp_path, medium):
    """Descriptors, threads and memory do not grow after the first files of a run."""
    (tmp_path / "in").mkdir()
    if medium == "image":
        data = images(tmp_path / "one", 1, (32, 32))[0].read_bytes()
    else:
        soundfile.write(
            tmp_path / "one.wav", np.random.default_rng(1).uniform(-1, 1, (2000, 2)), 44100
        )
        data = (tmp_path / "one.wav").read_bytes()
    for number in range(FILES):
        (tmp_path / "in" / f"{number:05}.{'png' if medium == 'image' else 'wav'}").write_bytes(data)
    code = """
import os, sys
from convtool.cli import messages
from convtool.cli.app import run
seen = []
def count(outcome, *, verbose):
    with open("/proc/self/statm") as file:
        memory = int(file.read().split()[1])
    seen.append((memory, *(len(os.listdir(f"/proc/self/{name}")) for name in ("fd", "task"))))
messages.written = count
assert run([*sys.argv[1:], "-k", "blur", "--merge", "--jobs", "2"]) == 0
first = min(500, len(seen) // 3)
print(*seen[first], *seen[-1])
"""
    done = subprocess.run(
        [sys.executable, "-c", code, medium, tmp_path / "in", f"{tmp_path}/out/"],
        capture_output=True,
        check=True,
    )
    pages, files, threads, *after = map(int, done.stdout.split())
    assert after[0] <= pages * 1.05
    assert after[1] <= files + 2  # the two that workers may have open
    assert after[2] <= threads


def test_long_audio_is_refused_by_its_header(convtool, tmp_path):
    """Audio over the memory limit is refused before it is decoded."""
    result = convtool(
        "audio", SAMPLES / "melody.wav", tmp_path / "out.wav", "-k", "blur", "--max-seconds", "2"
    )
    assert result.code == 1
    assert "--max-seconds" in result.err
