"""Shards: each input in exactly one, on every machine; records that are read together; status."""

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from conftest import LONG, eventually
from PIL import Image

from convtool.errors import UsageError
from convtool.outputs import jobs
from convtool.outputs.expansion import Expansion
from convtool.outputs.lists import read_list
from convtool.outputs.naming import Naming
from convtool.outputs.shards import Shard, Sieve, read_shard

ANY = Naming(readable={".png"}, writable={".png": "PNG"})
MILLION = 1_000_000


def images(folder, count):
    """Write small images of different sizes in bytes, in two folders."""
    for number in range(count):
        path = folder / "ab"[number % 2] / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((8 + number, 8), 60).save(path)


def taken(shard, names):
    """Return the names that belong to a shard."""
    return [found.name for found in Expansion([], names, ANY, shard)]


def contents(folder):
    """Return the files below a folder with their bytes, without hidden ones."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.mark.parametrize("by", ["name", "order", "size"])
def test_each_name_is_in_exactly_one_shard(tmp_path, by):
    """Shards are disjoint, together they are everything, and each has a fair share."""
    images(tmp_path, 60)
    names = [str(path) for path in sorted(tmp_path.rglob("*.png"))]
    shards = [taken(Shard(number, 7, by), names) for number in range(1, 8)]
    assert sorted(name for shard in shards for name in shard) == names
    if by == "order":
        assert {len(shard) for shard in shards} == {8, 9}
    if by == "size":
        sizes = [sum(Path(name).stat().st_size for name in shard) for shard in shards]
        assert max(sizes) - min(sizes) <= max(Path(name).stat().st_size for name in names)


def test_a_name_keeps_its_shard():
    """The shard of a name depends on the name alone: the numbers are those of `b2sum -l 64`."""
    names = ["a/1.png", "a/2.png", "b/1.png", "größe.png", "\udcff.png"]
    of = [next(n for n in range(1, 6) if taken(Shard(n, 5), [name])) for name in names]
    assert of == [1, 3, 1, 5, 1]
    assert taken(Shard(of[0], 5), ["other.png", *names[:1]])[-1] == names[0]


def test_files_of_a_folder_are_told_by_their_names_in_it(tmp_path):
    """Machines that see a folder in different places agree on its shards."""
    found = []
    for place in ("here", "elsewhere/there"):
        images(tmp_path / place, 20)
        expansion = Expansion([str(tmp_path / place)], [], ANY, Shard(2, 3))
        found.append([str(Path(one.name).relative_to(tmp_path / place)) for one in expansion])
    assert found[0] == found[1]
    assert 0 < len(found[0]) < 20


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/0", "-1/3", "1/3/5", "x/y", "1/9999999"])
def test_what_is_no_shard_is_refused(text):
    """Numbers run from 1 to N."""
    with pytest.raises(UsageError, match="--shard"):
        read_shard(text, "name")


def test_every_one_of_many_names_is_in_one_of_a_hundred_shards(tmp_path):
    """A generated list divided a hundred times: every name once, and none favoured."""
    count = MILLION if LONG else 20_000
    path = tmp_path / "list"
    path.write_bytes(b"".join(b"photos/%07d.jpg\0" % number for number in range(count)))
    seen = Counter()
    for number in range(1, 101):
        sieve = Sieve(Shard(number, 100))
        seen.update(name for name in read_list(str(path), b"\0") if sieve.takes(name, name))
        assert sieve.shown == count
        assert 0.5 < sieve.taken / (count / 100) < 1.5
    assert len(seen) == count
    assert set(seen.values()) == {1}


def test_a_million_names_stream(tmp_path):
    """One shard of a million names: 100 MB at most, and 200,000 names per second of a core."""
    path = tmp_path / "list"
    with path.open("wb") as file:
        for number in range(MILLION):
            file.write(b"photos/%04d/%07d.jpg\n" % (number % 1000, number))
    script = (
        "import resource, sys, time\n"
        "from convtool.outputs.jobs import plan_jobs\n"
        "from convtool.outputs.lists import read_list\n"
        "from convtool.outputs.naming import Naming\n"
        "from convtool.outputs.shards import Shard\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "start = time.process_time()\n"
        "naming = Naming(readable={'.jpg'}, writable={'.jpg': ''})\n"
        "planned = plan_jobs([], 'out/', naming, read_list(sys.argv[1], b'\\n'), Shard(7, 100))\n"
        "jobs = len(planned.known) + sum(1 for _ in planned.more)\n"
        "took = time.process_time() - start\n"
        "more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "print(jobs, planned.shown, took, more / 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, path], capture_output=True, text=True, check=True
    )
    found, shown, took, more = map(float, done.stdout.split())
    assert shown == MILLION
    assert 9_000 < found < 11_000
    assert more < 100, f"{more:.0f} MB"
    assert shown / took > 200_000, f"{shown / took:.0f} names per second"


# --- runs ---


def run_shards(convtool, tmp_path, of, *options):
    """Run all shards of a folder, and return the exit codes."""
    return [
        convtool(
            "image", tmp_path / "in", f"{tmp_path}/out/", "-k", "blur", "--merge",
            "--shard", f"{number}/{of}", *options,
        ).code
        for number in range(1, of + 1)
    ]  # fmt: skip


def test_shards_make_what_one_run_makes(convtool, tmp_path):
    """Three shards write the files of a run without shards, {index} included."""
    images(tmp_path / "in", 11)
    name = ["--name", "{index:03}_{stem}{suffix}"]
    whole = convtool("image", tmp_path / "in", f"{tmp_path}/whole/", "-k", "blur", "--merge", *name)
    assert whole.code == 0, whole.err
    assert run_shards(convtool, tmp_path, 3, *name) == [0, 0, 0]
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    result = convtool("status", tmp_path / "out")
    assert result.code == 0
    assert result.out == "11 of 11 inputs done, 0 failed\n3 of 3 shards complete\n"


def test_a_shard_says_how_many_inputs_it_has(convtool, tmp_path):
    """An empty shard is no error."""
    images(tmp_path / "in", 2)
    results = [
        convtool(
            "image", tmp_path / "in", f"{tmp_path}/out/", "-k", "blur", "--shard", f"{number}/9"
        )
        for number in range(1, 10)
    ]
    assert all(result.code == 0 for result in results)
    told = [result.err.splitlines()[-1] for result in results]
    assert "shard 2/9: 0 of 2 inputs" in told
    assert sum(int(line.split()[2]) for line in told) == 2


def test_status_tells_what_is_left(convtool, tmp_path):
    """Shards that have not begun, and failures, until somebody makes up for them."""
    images(tmp_path / "in", 12)
    broken = tmp_path / "in" / "a" / "000.png"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:40])
    options = ["-k", "blur", "--merge", "--shard-by", "order"]
    for number in (1, 3):
        convtool("image", tmp_path / "in", f"{tmp_path}/out/", *options, "--shard", f"{number}/4")
    result = convtool("status", tmp_path / "out", "--failed-to", tmp_path / "failed")
    assert result.code == 1
    assert "shard 1/4: complete, 2 done, 1 failed" in result.out
    assert "shard 2/4: not begun" in result.out
    assert "shard 3/4" not in result.out
    assert "5 of 12 inputs done, 1 failed" in result.out
    assert "2 of 4 shards complete" in result.out
    assert "shards 2,4 of 4" in result.out
    assert (tmp_path / "failed").read_text() == f"{broken}\0"
    printed = convtool("status", tmp_path / "out", "--json").out
    lines = [json.loads(line) for line in printed.splitlines()]
    assert [line["shard"] for line in lines] == ["1/4", "2/4", "3/4", "4/4"]
    assert [line["state"] for line in lines] == ["complete", "missing", "complete", "missing"]
    broken.write_bytes(whole)
    again = ["--skip-existing", "--shard-by", "order"]
    assert run_shards(convtool, tmp_path, 4, *again) == [0, 0, 0, 0]
    result = convtool("status", tmp_path / "out")
    assert result.code == 0, result.out
    assert "12 of 12 inputs done, 0 failed" in result.out


def test_a_failed_input_that_another_run_filters_is_done(convtool, tmp_path):
    """What --failed-to lists is filtered by a run without shards, and counts."""
    images(tmp_path / "in", 8)
    broken = tmp_path / "in" / "a" / "002.png"
    whole = broken.read_bytes()
    broken.write_bytes(b"")
    assert sorted(run_shards(convtool, tmp_path, 2)) == [0, 1]
    failed = tmp_path / "failed"
    assert convtool("status", tmp_path / "out", "--failed-to", failed).code == 1
    broken.write_bytes(whole)
    options = ["--files0-from", failed, f"{tmp_path}/out/", "-k", "blur", "--merge"]
    assert convtool("image", *options, "--skip-existing").code == 0
    result = convtool("status", tmp_path / "out")
    assert result.code == 0
    assert "8 of 8 inputs done" in result.out


def test_shards_skip_what_any_of_them_has_done(convtool, tmp_path):
    """A new division of the same folder skips what the old one has made."""
    images(tmp_path / "in", 10)
    assert run_shards(convtool, tmp_path, 2) == [0, 0]
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")}
    assert run_shards(convtool, tmp_path, 3, "--skip-existing") == [0, 0, 0]
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")}


def test_an_interrupted_shard_is_unfinished(tmp_path, program):
    """After an interrupt, status says which shard to run again."""
    images(tmp_path / "in", 200)
    arguments = ["image", "in", "out/", "-k", "blur", "--merge", "--shard", "1/1", "-q", "-j", "1"]
    with subprocess.Popen([sys.executable, "-m", "convtool", *arguments], cwd=tmp_path) as process:
        eventually(lambda: list(tmp_path.glob("out/*/*.png")) or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    result = program("status", "out", cwd=tmp_path)
    assert result.returncode == 1
    assert b"shard 1/1: running or interrupted" in result.stdout
    assert b"run again with --skip-existing: shards 1 of 1" in result.stdout
    again = program(*arguments, "--skip-existing", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert program("status", "out", cwd=tmp_path).returncode == 0


def test_a_folder_without_a_record_has_no_status(convtool, tmp_path):
    """So has one that does not exist."""
    for folder in (tmp_path, tmp_path / "none"):
        result = convtool("status", folder)
        assert result.code == 1
        assert "no run has left a record here" in result.err


@pytest.mark.parametrize(
    ("output", "options", "message"),
    [
        ("in/out/", ["-k", "blur"], "where other shards would take outputs for inputs"),
        ("out/", [], "each shard would draw other random weights"),
        ("out.png", ["-k", "blur"], "names one image"),
    ],
)
def test_what_shards_cannot_do(convtool, tmp_path, monkeypatch, output, options, message):
    """Outputs among the inputs, weights that differ by shard, one file for all."""
    monkeypatch.chdir(tmp_path)
    images(tmp_path / "in", 3)
    result = convtool("image", "in", output, *options, "--shard", "1/2")
    assert result.code == 2
    assert message in result.err


# --- more inputs than are known beforehand ---


@pytest.fixture
def few_known(monkeypatch):
    """Let four inputs be many."""
    monkeypatch.setattr(jobs, "KNOWN", 4)


@pytest.mark.usefixtures("few_known")
def test_a_stream_makes_what_a_known_run_makes(convtool, tmp_path):
    """All inputs are filtered, counted and recorded."""
    images(tmp_path / "in", 15)
    result = convtool("image", tmp_path / "in", f"{tmp_path}/out/", "-k", "blur", "--merge")
    assert result.code == 0, result.err
    assert len(contents(tmp_path / "out")) == 15
    assert convtool("status", tmp_path / "out").out.startswith("15 of 15 inputs done")


@pytest.mark.usefixtures("few_known")
def test_names_that_meet_late_cost_their_own_input(convtool, tmp_path):
    """Beyond what is known, an input whose outputs another one has fails by itself."""
    images(tmp_path / "in", 12)
    names = [str(path) for path in sorted((tmp_path / "in").rglob("*.png"))]
    (tmp_path / "list").write_text("\n".join([*names, names[0], names[9]]))
    result = convtool(
        "image", "--files-from", tmp_path / "list", f"{tmp_path}/out/", "-k", "blur", "--merge"
    )
    assert result.code == 1
    assert "would have the same output names" in result.err
    assert len(contents(tmp_path / "out")) == 12


@pytest.mark.usefixtures("few_known")
def test_a_late_input_is_not_replaced(convtool, tmp_path):
    """An input that is known only when its turn comes is no output, either."""
    images(tmp_path, 8)
    folder = tmp_path / "a"
    for number in range(8):
        Image.effect_noise((9, 9), 50).save(folder / f"x{number}.png")
    before = contents(folder)
    names = [str(path) for path in sorted(folder.glob("x*.png"))]
    (tmp_path / "list").write_text("\n".join(names))
    result = convtool(
        "image", "--files-from", tmp_path / "list", f"{folder}/", "-k", "blur", "--merge",
        "--overwrite", "--name", "{stem}{suffix}",
    )  # fmt: skip
    assert result.code == 1
    assert "is an input itself" in result.err
    assert contents(folder) == before


@pytest.mark.usefixtures("few_known")
def test_outputs_beside_inputs_are_no_inputs(convtool, tmp_path):
    """OUTPUT inside of INPUT: what the run itself writes there is not taken for an input."""
    images(tmp_path / "in", 9)
    result = convtool("image", tmp_path / "in", f"{tmp_path}/in/c/", "-k", "blur", "--merge")
    assert result.code == 0, result.err
    assert len(contents(tmp_path / "in" / "c")) == 9


@pytest.mark.usefixtures("few_known")
def test_pages_of_countless_inputs_are_refused(convtool, tmp_path):
    """A report knows all of its inputs beforehand."""
    images(tmp_path / "in", 9)
    result = convtool(
        "image", tmp_path / "in", f"{tmp_path}/out/", "-k", "blur", "--report", tmp_path / "p.html"
    )
    assert result.code == 2
    assert "--shard divides them" in result.err


def test_a_folder_that_cannot_be_listed_is_told(convtool, tmp_path, monkeypatch):
    """Its files are not lost in silence; the others are filtered."""
    images(tmp_path / "in", 4)
    real = jobs.os.scandir

    def scandir(path):
        if str(path).endswith("/b"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("convtool.outputs.expansion.os.scandir", scandir)
    result = convtool("image", tmp_path / "in", f"{tmp_path}/out/", "-k", "blur", "--merge")
    assert result.code == 1
    assert "in/b: cannot be listed: Permission denied" in result.err
    assert len(contents(tmp_path / "out")) == 2


@pytest.mark.parametrize("separator", [b"\n", b"\0"])
def test_what_is_no_list_is_refused(tmp_path, separator):
    """A file without separators is not read as one name of any length."""
    path = tmp_path / "list"
    path.write_bytes(b"x" * (3 * 2**20))
    with pytest.raises(UsageError, match="no list of files"):
        list(read_list(str(path), separator))
