"""The records of several machines for one run: read together, and counted once."""

import json

import pytest

from convtool.outputs.job import Job
from convtool.outputs.manifest import Manifest, Writer
from convtool.outputs.shards import Shard
from convtool.outputs.states import state
from convtool.outputs.status import status


class Machines:
    """Machines that filter `a.png`, `b.png`, … of a folder into `out`."""

    def __init__(self, folder, shard=None):
        self.folder, self.root, self.shard = folder, folder / "out", shard

    def manifest(self, run, node=None):
        """Return the record that a process writes; the driver has no node."""
        return Manifest(self.root, "1", [], self.shard, run and Writer(run, node))

    def job(self, name):
        """Return the job of an input, which is there from now on."""
        source = self.folder / name
        if not source.exists():
            source.touch()
        return Job(str(source), self.root, source.stem, ".png", split=False, root=self.root)

    def make(self, manifest, name):
        """Record an output, and write it; return its path."""
        path = self.root / name
        self.root.mkdir(exist_ok=True)
        path.write_text(name)
        manifest.add(self.job(name), [(path, state(path))])
        return path


@pytest.fixture
def machines(tmp_path):
    return Machines(tmp_path)


def test_the_machines_of_a_run_are_one_run(machines, convtool):
    """Status adds up what each has recorded; only the driver's record knows of the end."""
    driver = machines.manifest("r1")
    driver.begin()
    for node, names in {"a": ["1.png", "2.png"], "b/c d": ["2.png", "3.png"]}.items():
        for name in names:
            machines.make(machines.manifest("r1", node), name)
    names = {".convtool.jsonl", ".convtool-on-a.jsonl", ".convtool-on-b_c_d.jsonl"}
    assert {path.name for path in machines.root.glob(".*")} == names
    (found,) = status(machines.root)
    assert (found.state, found.done, found.inputs) == ("unfinished", 3, None)
    driver.failed("4.png", "4.png: damaged")
    driver.end(4)
    (found,) = status(machines.root)
    assert (found.state, found.done, len(found.failures)) == ("complete", 3, 1)
    told = convtool("status", machines.root)
    assert told.code == 1
    assert told.out.splitlines()[0] == "the run: complete, 3 done, 1 failed"
    assert "3 of 4 inputs done, 1 failed" in told.out


def test_a_failure_counts_until_a_later_run_filters_the_input(machines):
    """What machines did before an input failed does not make it done; what they did since does."""
    machines.make(machines.manifest("r1", "a"), "1.png")
    for run in ("r1", "r2"):
        driver = machines.manifest(run)
        driver.begin()
    driver.failed(machines.job("1.png").input, "changed, and damaged")
    (found,) = status(machines.root)
    assert (found.done, len(found.failures)) == (0, 1)
    machines.manifest("r3").begin()
    machines.make(machines.manifest("r3", "a"), "1.png")
    (found,) = status(machines.root)
    assert (found.done, len(found.failures)) == (1, 0)


def test_machines_can_share_a_shard(tmp_path):
    """A shard can be filtered by several machines, too."""
    for number in (1, 2):
        machines = Machines(tmp_path, Shard(number, 2))
        machines.manifest("r").begin()
        machines.make(machines.manifest("r", "a"), f"{number}.png")
    assert [one.done for one in status(tmp_path / "out")] == [1, 1]
    assert (tmp_path / "out/.convtool-2-of-2-on-a.jsonl").exists()


def test_a_run_knows_what_itself_made(machines):
    """A file that a dead process of this run made may be replaced; it is not up to date by that."""
    path = machines.make(machines.manifest("r1", "a"), "1.png")
    job = machines.job("1.png")
    same, other = machines.manifest("r1", "b"), machines.manifest("r2", "b")
    assert same.made(job, path, now=True)
    assert not other.made(job, path, now=True)
    assert other.made(job, path)
    assert other.is_up_to_date(job)
    assert not same.is_up_to_date(job)
    path.write_text("by somebody else")
    assert not machines.manifest("r1", "b").made(job, path, now=True)


def test_records_of_one_process_are_as_before(machines):
    """Without a cluster, records do not name their run, and one file holds them."""
    machines.make(machines.manifest(None), "1.png")
    (path,) = machines.root.glob(".*")
    assert path.name == ".convtool.jsonl"
    assert all("run" not in json.loads(line) for line in path.read_text().splitlines())
