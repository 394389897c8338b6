"""torch with parts put off: the same torch, as soon as something looks.

All of it runs in other processes, as this one has imported torch. What needs torch with its parts
put off begins with a fork of one process that has imported it so.
"""

import inspect
import io
import itertools
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest
import torch
from conftest import LONG, SAMPLES

from convtool.cli.app import run
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
LOOK = """
assert "torch._prims" not in sys.modules
waiting = importing.waiting()
{look}
assert importing.waiting() == []
print(json.dumps([waiting, state()]))
"""
COMPILERS = """
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
OTHERS = "import torch._subclasses; assert not importing.waiting()"
# Run programs one after the other, each in a fork of a process that has imported torch.
FORKS = """
import os, traceback
importing.import_torch()
import torch
faulthandler.cancel_dump_traceback_later()  # which waits for a thread that a fork does not have
for program, out in zip(sys.argv[1::2], sys.argv[2::2]):
    if not os.fork():
        faulthandler.dump_traceback_later(100, exit=True)
        try:
            with open(out, "w") as sys.stdout:
                exec(program)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.wait()[1] == 0, program
"""


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
    return json.loads(python(STATE + "import traceback, torch; print(json.dumps(state()))"))


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """Return what was waiting before each look, and the state of torch after it."""
    folder = tmp_path_factory.mktemp("looks")
    words = [(LOOK.format(look=look), folder / str(n)) for n, look in enumerate(LOOKS.values())]
    python(STATE + FORKS, *itertools.chain(*words))
    return {
        look: json.loads(path.read_text()) for look, (_, path) in zip(LOOKS, words, strict=True)
    }


@pytest.mark.parametrize("look", LOOKS)
def test_what_was_put_off_becomes_what_it_would_have_been(whole, looked, look):
    """After any look all modules, their names and all operators are those of a plain import."""
    waiting, state = looked[look]
    assert set(waiting) == PARTS & set(whole["modules"])
    assert len(waiting) >= len(PARTS) - 1  # torch 2.13 lacks one
    for kind, found in whole.items():
        assert state[kind] == found, kind


def test_all_of_torch_works_that_had_been_put_off():
    """What most parts are for works; modules that torch does not import find it whole."""
    python(FORKS, COMPILERS, os.devnull, OTHERS, os.devnull)


AS_IT_COMES = {
    "another version": ('importing.TESTED = {"2.12"}; importing.import_torch()', {}),
    "who wants it so": ("importing.import_torch()", {WHOLE: "1"}),
    "a compiler": ("importing.import_torch(whole=True)", {}),
    "a library": ("import convtool.api", {}),
}
PLAIN = """
assert PART in sys.modules; assert not importing.waiting()
assert all('convtool' not in type(f).__module__ for f in sys.meta_path)
"""


@pytest.mark.parametrize(
    ("start", "environment"),
    [
        pytest.param(*case, id=name, marks=[] if name == "a library" else pytest.mark.long)
        for name, case in AS_IT_COMES.items()
    ],
)
def test_torch_is_imported_as_it_comes(start, environment):
    """Nothing is put off where that was not tested, or is not wanted."""
    python(start + "\nPART = 'torch._prims'" + PLAIN, **environment)


DECIDED = {
    "a tested version": ("2.13.1", "importing.import_torch()", {}, True),
    "an older version": ("2.12.9", "importing.import_torch()", {}, False),
    **{
        name: ("2.13.1", *AS_IT_COMES[name], False)
        for name in ("another version", "who wants it so", "a compiler")
    },
}


@pytest.mark.parametrize(
    ("version", "start", "environment", "waits"), DECIDED.values(), ids=DECIDED
)
def test_who_decides_what_is_put_off(tmp_path, version, start, environment, waits):
    """The same of a small package in torch's place, and of its version."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("import torch.optim\n")
    (tmp_path / "torch" / "optim.py").touch()
    (tmp_path / "torch" / "version.py").write_text(f"__version__ = {version!r}\n")
    path = {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    check = "assert importing.waiting() == [PART]" if waits else PLAIN
    python(f"{start}\nPART = 'torch.optim'\n{check}", **path, **environment)


def test_torch_that_is_imported_already_is_left_alone():
    """Nothing is done to a process that has torch."""
    finders = list(sys.meta_path)
    importing.import_torch()
    assert sys.meta_path == finders
    assert importing.waiting() == []
    importing.complete()


def run_here(*commands):
    """Run commands one after the other; return each exit code and what was printed."""
    results = []
    for words in commands:
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(out):
            code = run(words)
        results.append([code, out.getvalue()])
    return results


# The same in another process, with whether parts of torch wait after each command.
RUN = f"""
import io, os
from contextlib import redirect_stderr, redirect_stdout
from convtool.cli.app import run
{inspect.getsource(run_here)}
os.chdir(sys.argv[1])
for words in json.loads(sys.argv[2]):
    (result,) = run_here(words)
    assert bool(importing.waiting()) == ("torch._prims" not in sys.modules)
    print(json.dumps([bool(importing.waiting()), result]))
"""


def run_there(folder, *commands, **environment):
    """Run commands in another process; return what waits after each, and its results."""
    printed = python(RUN, folder, json.dumps(commands), **environment)
    waiting, results = zip(*map(json.loads, printed.splitlines()), strict=True)
    return list(waiting), list(results)


CROSS = str(SAMPLES / "cross.png")
COMMANDS = {  # and whether torch needs no part for them
    "image": (["image", CROSS, "OUT.png", "-k", "sobel-x", "--plot", "PLOT.png"], True),
    "random": (["image", CROSS, "out/", "--seed", "1", "--out-channels", "2"], True),
    "audio": (["audio", str(SAMPLES / "melody.wav"), "OUT.wav", "-k", "lowpass"], True),
    "video": (["video", str(SAMPLES / "clip.mp4"), "OUT.mp4", "-k", "sobel-x", "--crf", "0"], True),
    "explain": (["explain", CROSS, "-k", "sobel-x", "--at", "3,3"], True),
    "grid": (["image", CROSS, "GRID.png", "--seed", "1", "--out-channels", "4"], False),
}
PROCESSES = [[name] for name in COMMANDS] if LONG else [list(COMMANDS)]


@pytest.mark.parametrize("names", PROCESSES, ids=" ".join)
def test_commands_give_the_same_with_and_without(tmp_path, monkeypatch, names):
    """Results and messages are the same; most commands need no part, torchvision needs some.

    With CONVTOOL_LONG=1 each has two processes of its own; otherwise this is the second.
    """
    commands, off = zip(*(COMMANDS[name] for name in names), strict=True)
    parts, whole = tmp_path / "parts", tmp_path / "whole"
    parts.mkdir()
    whole.mkdir()
    waiting, results = run_there(parts, *commands)
    assert waiting == list(off)
    assert {code for code, _ in results} == {0}
    if LONG:
        waiting, wanted = run_there(whole, *commands, **{WHOLE: "1"})
        assert not any(waiting)
    else:
        monkeypatch.chdir(whole)
        wanted = run_here(*commands)
    assert results == wanted
    assert written(parts) == written(whole)
    assert any(written(parts)) or any(printed for _, printed in results)


def written(folder):
    """Return the files in a folder."""
    return {path.name: path.read_bytes() for path in folder.rglob("*.*")}


def test_compilers_and_gpus_get_all_of_it(convtool, tmp_path, monkeypatch):
    """Nothing is put off where it would be needed at once."""
    asked = []
    monkeypatch.setattr(importing, "import_torch", lambda *, whole=False: asked.append(whole))
    words = ["image", CROSS, "OUT.png", "-k", "sobel-x", "--dry-run"]
    for options in ([], ["--compile"], ["--device", "cuda"]):
        convtool(*words, *options)
        if options and LONG:
            assert run_there(tmp_path, [*words, *options])[0] == [False]
    assert asked == [False, True, True]


def test_auto_completes_torch_where_it_picks_a_gpu(monkeypatch):
    """A GPU that was not asked for gets all operators, too."""
    called = []
    monkeypatch.setattr(devices, "complete", lambda: called.append(1))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert devices.choose("auto", 0).type == "cpu"
    assert called == []
    assert devices.choose("auto", 100).type == "cuda"
    assert called == [1]
