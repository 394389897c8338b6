"""Runs into a store are recorded there, and continued: after a kill, from another machine."""

import json
import os
import subprocess
import sys

import pytest
from buckets import png
from conftest import ROOT, eventually

from convtool.cli import telling
from convtool.outputs import journal

OPTIONS = ("-k", "sobel-x", "--merge")


def fill(bucket, count, size=(8, 8)):
    """Put images there, and return the words of a run over them."""
    for index in range(count):
        bucket.put(f"in/{index:03}.png", png(index, size))
    return ("image", f"{bucket.url}/in/", f"{bucket.url}/out/", *OPTIONS)


def manifests(bucket):
    """Return the manifests, each as the list of its records."""
    names = [key for key in bucket.names(hidden=True) if ".convtool" in key]
    return {name: [json.loads(line) for line in bucket.get(name).splitlines()] for name in names}


def test_what_is_up_to_date_is_skipped(convtool, bucket):
    """What has changed since is made again; what somebody else has written is kept."""
    call = fill(bucket, 4)
    assert convtool(*call, "-q").code == 0
    bucket.put("in/001.png", png(100))
    bucket.put("in/002.png", png(101))
    bucket.put("out/002_sobel-x.png", b"mine")
    made = bucket.get("out/001_sobel-x.png")
    result = convtool(*call, "--skip-existing")
    assert result.err.count("up to date") == 2
    assert f"error: {bucket.url}/out/002_sobel-x.png already exists" in result.err
    assert bucket.get("out/001_sobel-x.png") != made
    assert bucket.get("out/002_sobel-x.png") == b"mine"
    again = convtool(*call, "--skip-existing")
    assert (again.err.count("up to date"), again.code) == (3, 1)


def test_a_run_that_was_killed_is_continued(convtool, bucket):
    """Nothing of it is half there, its unrecorded objects are replaced, those of others are not."""
    call = fill(bucket, 30, (200, 200))
    bucket.put("out/025_sobel-x.png", b"mine")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "convtool", *call, "-q", "-j", "2"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as running:
        eventually(lambda: len(bucket.names("out/")) > 6)
        running.kill()
    there = bucket.names("out/")
    assert len(there) < 30
    assert bucket.uploads() == []
    result = convtool(*call, "--skip-existing")
    assert result.err.count("already exists") == 1
    assert f"{bucket.url}/out/025_sobel-x.png already exists" in result.err
    assert bucket.get("out/025_sobel-x.png") == b"mine"
    assert bucket.names("out/") == [f"out/{index:03}_sobel-x.png" for index in range(30)]


def test_an_interrupted_run_records_what_it_has_done(convtool, bucket, monkeypatch):
    """The record is written when the user interrupts, too."""
    call = fill(bucket, 6)

    def interrupt(outcome, _):
        if "003" in outcome.input:
            raise KeyboardInterrupt

    monkeypatch.setattr(telling, "outcome", interrupt)
    assert convtool(*call, "-j", "1").code == 130
    (records,) = manifests(bucket).values()
    done = [record["of"][-7:] for record in records if "outputs" in record]
    assert done == ["000.png", "001.png", "002.png", "003.png"]


def test_shards_in_a_store(convtool, bucket):
    """Each shard has objects of its own, which `status` reads together."""
    call = fill(bucket, 8)
    bad = ["in/bad1.png", "in/bad2.png"]
    for name in bad:
        bucket.put(name, b"no image")
    out = f"{bucket.url}/out/"
    assert convtool(*call, "--shard", "1/2", "-q").code in {0, 1}
    told = convtool("status", out)
    assert (told.code, "shard 2/2: not begun" in told.out) == (1, True)
    convtool(*call, "--shard", "2/2", "-q")
    told = convtool("status", out, "--failed-to", f"{bucket.url}/failed")
    assert "8 of 10 inputs done, 2 failed" in told.out
    failed = bucket.get("failed").decode().rstrip("\0").split("\0")
    assert sorted(failed) == [f"{bucket.url}/{name}" for name in bad]
    for name in bad:
        bucket.put(name, png(20))
    again = convtool("image", "--files0-from", f"{bucket.url}/failed", out, *OPTIONS, "-q")
    assert again.code == 0, again.err
    assert "10 of 10 inputs done, 0 failed" in convtool("status", out).out
    assert len(manifests(bucket)) == 3
    for shard in ("1/2", "2/2"):
        skipped = convtool(*call, "--shard", shard, "--skip-existing")
        assert (skipped.code, "wrote" in skipped.err) == (0, False)


def test_a_long_record_is_several_objects(convtool, bucket, monkeypatch):
    """An object that has grown is closed, and never written again."""
    monkeypatch.setattr(journal, "LINES", 3)
    monkeypatch.setattr(journal, "LARGEST", 600)
    call = fill(bucket, 12)
    assert convtool(*call, "-q", "-j", "1").code == 0
    found = manifests(bucket)
    assert len(found) > 2
    assert sum("outputs" in record for records in found.values() for record in records) == 12
    assert convtool(*call, "--skip-existing").err.count("up to date") == 12
    assert "12 of 12 inputs done" in convtool("status", f"{bucket.url}/out/").out


def test_the_record_is_written_now_and_then(convtool, bucket):
    """A few writes are enough for many jobs."""
    call = fill(bucket, 20)
    assert convtool(*call, "-q").code == 0
    assert bucket.asked("PUT", ".convtool") <= 2


def test_a_record_that_cannot_be_written_is_told(convtool, bucket, monkeypatch):
    """The outputs are there, and the run says that their record is not."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    call = fill(bucket, 2)
    bucket.fails("PUT", ".convtool", "busy", 99)
    result = convtool(*call, "-q")
    assert result.code == 1
    assert ".jsonl: the store was too busy" in result.err
    assert len(bucket.names("out/")) == 2


@pytest.mark.parametrize("name", ["out", "out/"])
def test_a_folder_without_records(convtool, bucket, name):
    """`status` says that no run has left a record."""
    assert "no run has left a record" in convtool("status", f"{bucket.url}/{name}").err


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="the warm process needs Linux")
def test_a_warm_process_has_the_credentials_of_its_caller(bucket, program, tmp_path):
    """A call that a warm process runs reaches the store that the environment leads to."""
    bucket.put("a.png", png())
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CONVTOOL_WARM": "on"}
    environment["XDG_RUNTIME_DIR"] = str(tmp_path)
    bare = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    try:
        program("warm", "start", "--idle", "60", env=bare)
        call = ("image", f"{bucket.url}/a.png", f"{bucket.url}/o.png", "-k", "blur", "-v")
        done = program(*call, env=environment)
        assert done.returncode == 0, done.stderr
        assert program("warm", "status", env=environment).stdout.startswith(b"warm")
    finally:
        program("warm", "stop", env=environment)
    assert "o.png" in bucket.names()
