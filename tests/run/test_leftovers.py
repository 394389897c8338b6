"""Temporaries of killed runs: removed by the run that continues, unless somebody holds them."""

import os
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

from convtool.outputs import leftovers
from convtool.outputs.atomic import Publisher

HELD = """
import sys, time
from pathlib import Path
from convtool.outputs.atomic import Publisher
more = {} if sys.argv[2] == "scratch" else {"overwrite": False}
with getattr(Publisher(), sys.argv[2])(Path(sys.argv[1]), **more):
    print("open", flush=True)
    time.sleep(60)
"""


def temporaries(folder):
    """Return the names of the temporaries in a folder."""
    return [path.name for path in folder.iterdir() if path.suffix == ".tmp"]


@pytest.mark.parametrize("kind", ["file", "folder", "scratch"])
def test_temporaries_are_removed_once_their_process_is_gone(tmp_path, kind):
    """While a process writes, its temporary stays; after it was killed, it goes."""
    command = [sys.executable, "-c", HELD, tmp_path / "out.png", kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"open\n"
        leftovers.sweep(tmp_path, 0)
        assert len(temporaries(tmp_path)) == 1
        process.send_signal(signal.SIGKILL)
    assert len(temporaries(tmp_path)) == 1
    leftovers.sweep(tmp_path)  # it has changed just now
    assert len(temporaries(tmp_path)) == 1
    leftovers.sweep(tmp_path, 0)
    assert not temporaries(tmp_path)


def test_a_run_that_continues_removes_what_a_killed_one_left(convtool, tmp_path):
    """With --skip-existing, folders of inputs that are filtered are swept, others not."""
    for name in ("done/a.png", "open/b.png"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((8, 8), 50).save(path)
    call = ["image", tmp_path / "in", f"{tmp_path}/out/", "-k", "blur", "--skip-existing"]
    assert convtool(*call).code == 0
    next((tmp_path / "out/open").iterdir()).unlink()
    left = [tmp_path / "out" / part / f".convtool-{'0' * 16}.tmp" for part in ("done", "open")]
    others = tmp_path / "out/open/.convtool-notes.tmp"  # of somebody else
    for path in (*left, others):
        path.write_bytes(b"half")
        os.utime(path, (0, time.time() - 2 * leftovers.AGE))
    assert convtool(*call).code == 0
    assert [path.exists() for path in (*left, others)] == [True, False, True]


def test_a_temporary_that_is_removed_is_an_error_in_words(tmp_path):
    """Where another program removes it all the same, the output is an error, not half a file."""

    def write():
        with Publisher().file(tmp_path / "out.png", overwrite=False) as file:
            file.write(b"x")
            (tmp_path / temporaries(tmp_path)[0]).unlink()

    with pytest.raises(OSError, match=r"out\.png cannot be written: No such file"):
        write()
    assert not list(tmp_path.iterdir())
