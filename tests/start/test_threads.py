"""How long torch's threads spin while they wait."""

import os
import subprocess
import sys

import pytest
from conftest import SAMPLES


@pytest.mark.skipif(sys.platform != "linux", reason="libgomp is that of torch for Linux")
@pytest.mark.parametrize(
    ("given", "spins"),
    [({}, 3000), ({"GOMP_SPINCOUNT": "7"}, 7), ({"OMP_WAIT_POLICY": "passive"}, 0)],
)
def test_threads_of_a_call_spin_briefly(tmp_path, given, spins):
    """The library itself tells what it goes by; what the environment asks for stays."""
    kept = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    words = ["image", SAMPLES / "cross.png", tmp_path / "o.png", "-k", "blur"]
    done = subprocess.run(
        [sys.executable, "-m", "convtool", *words],
        env=kept | {"OMP_DISPLAY_ENV": "verbose"} | given,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"GOMP_SPINCOUNT = '{spins}'" in done.stderr
