"""torch with parts put off: the same torch, as soon as something looks.

Each test runs in a process of its own, as this one has imported torch.
"""

import json
import os
import subprocess
import sys

import pytest
import torch
from conftest import SAMPLES

from convtool.convolve import devices
from convtool.start import importing
from convtool.start.importing import PARTS, TESTED, WHOLE

HERE = """
import faulthandler, json, sys
faulthandler.dump_traceback_later(100, exit=True)  # a lock that is taken twice waits for ever
from convtool.start import importing
"""
# All modules with their names, all operators by dispatch key, and both tables of decompositions.
STATE = """
def state():
    import torch
    from torch._decomp import decomposition_table, meta_table
    registered = torch._C._dispatch_get_registrations_for_dispatch_key
    operators = {}
    for key in sorted(name for name in dir(torch._C.DispatchKey) if not name.startswith("_")):
        try:
            operators[key] = sorted(registered(key))
        except RuntimeError:  # it is no key of the dispatcher's table
            pass
    modules = {name: module for name, module in sys.modules.items() if name.startswith("torch")}
    lazy = {name for name in modules if name.startswith(("torch.ops", "torch.classes"))}
    return {
        "modules": sorted(name for name in sys.modules if not name.startswith("convtool")),
        "names": {name: sorted(vars(modules[name])) for name in sorted(modules.keys() - lazy)},
        "classes": {name: type(modules[name]).__name__ for name in sorted(modules.keys() - lazy)},
        "loaders": {
            name: type(getattr(modules[name], "__loader__", None)).__name__
            for name in sorted(modules.keys() - lazy)
        },
        "operators": operators,
        "decompositions": [sorted(map(str, t)) for t in (decomposition_table, meta_table)],
    }
"""
LOOKS = {
    "complete": "importing.complete()",
    "a name": "from torch.distributions import Normal",
    "a promised name": "torch.vmap",
    "all names": "from torch import *",
}


def python(code, *arguments, **environment):
    """Return what a program prints."""
    result = subprocess.run(
        [sys.executable, "-c", HERE + code, *map(str, arguments)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_this_version_was_tested():
    """A new release of torch is imported as a whole until it is in the list.

    To add it: put it into TESTED, run the tests of this folder, and measure with
    tests/bench/startup.py.
    """
    assert torch.__version__.rpartition(".")[0] in TESTED


@pytest.fixture(scope="module")
def whole():
    """Return the state of torch, imported as it comes."""
    return json.loads(python(STATE + "import torch; print(json.dumps(state()))"))


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_what_was_put_off_becomes_what_it_would_have_been(whole, look):
    """After any look all modules, their names and all operators are those of a plain import."""
    code = f"""
importing.import_torch()
import torch
waiting = importing.waiting()
assert "torch._prims" not in sys.modules
{look}
assert importing.waiting() == []
print(json.dumps([waiting, state()]))
"""
    waiting, state = json.loads(python(STATE + code))
    assert set(waiting) == PARTS & set(whole["modules"])
    assert len(waiting) >= len(PARTS) - 1  # torch 2.13 lacks one
    for kind, found in whole.items():
        assert state[kind] == found, kind


def test_compilers_exporters_and_distributions_work():
    """What most of the parts are for works in a process that had put them off."""
    code = """
importing.import_torch()
import torch
assert importing.waiting()
conv = torch.nn.Conv1d(1, 1, 3)
x = torch.ones(1, 1, 8)
wanted = conv(x)
assert importing.waiting()
assert torch.equal(torch.compile(conv, backend="eager")(x), wanted)
assert torch.allclose(torch.export.export(conv, (x,)).module()(x), wanted)
assert torch.distributions.Normal(0, 1).log_prob(torch.tensor(0.0)) < 0
assert torch.vmap(conv)(x[None]).shape == (1, 1, 1, 6)
assert torch.empty(3, device="meta").cummax(0).values.shape == (3,)
torch.optim.SGD(conv.parameters(), lr=1)
"""
    python(code)


def test_whatever_else_of_torch_is_imported_finds_it_whole():
    """Modules that torch itself does not import may build upon any part."""
    python("importing.import_torch(); import torch._subclasses; assert not importing.waiting()")


AS_IT_COMES = {
    "another version": ('importing.TESTED = {"2.12"}; importing.import_torch()', {}),
    "who wants it so": ("importing.import_torch()", {WHOLE: "1"}),
    "a compiler": ("importing.import_torch(whole=True)", {}),
    "a library": ("import convtool.api", {}),
}


@pytest.mark.parametrize(("start", "environment"), AS_IT_COMES.values(), ids=AS_IT_COMES)
def test_torch_is_imported_as_it_comes(start, environment):
    """Nothing is put off where that was not tested, or is not wanted."""
    check = "\nassert 'torch._prims' in sys.modules; assert not importing.waiting()"
    finders = "\nassert all('convtool' not in type(f).__module__ for f in sys.meta_path)"
    python(start + check + finders, **environment)


def test_torch_that_is_imported_already_is_left_alone():
    """Nothing is done to a process that has torch."""
    finders = list(sys.meta_path)
    importing.import_torch()
    assert sys.meta_path == finders
    assert importing.waiting() == []
    importing.complete()


RUN = """
import os
from convtool.cli.app import run
os.chdir(sys.argv[1])
code = run(sys.argv[2:])
assert bool(importing.waiting()) == ("torch._prims" not in sys.modules)
print(json.dumps([code, bool(importing.waiting())]))
"""
CROSS = SAMPLES / "cross.png"
COMMANDS = {
    "image": (["image", CROSS, "OUT.png", "-k", "sobel-x", "--plot", "PLOT.png"], True),
    "random": (["image", CROSS, "out/", "--seed", "1", "--out-channels", "2"], True),
    "grid": (["image", CROSS, "OUT.png", "--seed", "1", "--out-channels", "4"], False),
    "audio": (["audio", SAMPLES / "melody.wav", "OUT.wav", "-k", "lowpass"], True),
    "video": (["video", SAMPLES / "clip.mp4", "OUT.mp4", "-k", "sobel-x"], True),
    "explain": (["explain", CROSS, "-k", "sobel-x", "--at", "3,3"], True),
}
LONG = ("random", "audio", "video", "explain")


@pytest.mark.parametrize(
    "name",
    ["image", "grid", *(pytest.param(name, marks=pytest.mark.long) for name in LONG)],
)
def test_commands_give_the_same_with_and_without(tmp_path, name):
    """Results and messages are the same; most commands need no part, torchvision needs some."""
    (words, off), results = COMMANDS[name], []
    for environment in ({}, {WHOLE: "1"}):
        folder = tmp_path / ("whole" if environment else "parts")
        folder.mkdir()
        *printed, last = python(RUN, folder, *words, **environment).splitlines()
        assert json.loads(last) == [0, off and not environment]
        files = {path.name: path.read_bytes() for path in folder.rglob("*.*")}
        results.append((printed, files))
    assert results[0] == results[1]
    assert any(results[0])


def test_compilers_and_gpus_get_all_of_it(tmp_path):
    """Nothing is put off where it would be needed at once."""
    for options in (["--compile"], ["--device", "cuda"]):
        words = ["image", CROSS, "OUT.png", "-k", "sobel-x", "--dry-run", *options]
        *_, last = python(RUN, tmp_path, *words).splitlines()
        assert json.loads(last)[1] is False


def test_auto_completes_torch_where_it_picks_a_gpu(monkeypatch):
    """A GPU that was not asked for gets all operators, too."""
    called = []
    monkeypatch.setattr(devices, "complete", lambda: called.append(1))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert devices.choose("auto", 0).type == "cpu"
    assert called == []
    assert devices.choose("auto", 100).type == "cuda"
    assert called == [1]
