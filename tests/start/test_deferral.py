"""Modules that are put off: made at once, executed in their order when something looks at them."""

import importlib
import sys
import threading
from types import ModuleType

import pytest

from convtool.start.deferral import Deferral

# `heavy` and `circular` import each other, which works only where `heavy` is the first.
FILES = {
    "__init__": """
from toy import heavy as heavy
from toy import circular as circular
from toy.parts import taken as taken
executed = []
def __getattr__(name):
    if name == "old":
        return "looked up"
    raise AttributeError(name)
""",
    "heavy": """
import toy
toy.executed.append("heavy")
import toy.circular
value = toy.circular.late + 1
def __getattr__(name):
    if name == "made":
        return "made"
    raise AttributeError(name)
""",
    "circular": """
import toy
toy.executed.append("circular")
late = 1
from toy import heavy
first = not hasattr(heavy, "value")
""",
    "parts/__init__": """
import toy
toy.executed.append("parts")
taken = object()
""",
    "parts/part": "value = 5",
    "further": """
import toy
toy.executed.append("further")
""",
}
MODULES = {"toy.heavy", "toy.circular", "toy.parts", "toy.absent"}
IN_ORDER = ["heavy", "circular", "parts"]


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes the package, changed, and imports it with modules put off."""
    finders = list(sys.meta_path)
    monkeypatch.syspath_prepend(tmp_path)

    def imported(**changed):
        for name, text in (FILES | changed).items():
            path = tmp_path / "toy" / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        deferral = Deferral("toy", MODULES, {"toy.parts": {"taken"}})
        sys.meta_path.insert(0, deferral)
        package = importlib.import_module("toy")
        deferral.end_of_import()
        return package, deferral

    yield imported
    sys.meta_path[:] = finders
    for name in [name for name in sys.modules if name.split(".")[0] == "toy"]:
        del sys.modules[name]


@pytest.fixture
def toy(write):
    """Return the package, with modules put off, and what put them off."""
    return write()


LOOKS = {
    "a name": lambda toy: toy.heavy.value,
    "a name of the last": lambda toy: toy.parts.taken,
    "a name that is not there": lambda toy: getattr(toy.circular, "nothing", None),
    "a look at all names": lambda toy: dir(toy.circular),
    "the dictionary": lambda toy: vars(toy.circular),
    "a name that is set": lambda toy: setattr(toy.circular, "own", 3),
    "a name that the module looks up": lambda toy: toy.heavy.made,
    "a promised name": lambda toy: toy.taken,
    "a module of one of them": lambda _: importlib.import_module("toy.parts.part"),
}


def test_nothing_is_executed_before_something_looks(toy):
    """A module that waits is there, with what the import system knows of it."""
    package, deferral = toy
    assert deferral.waiting == ["toy.heavy", "toy.circular", "toy.parts"]
    assert sys.modules["toy.heavy"] is package.heavy
    assert (package.heavy.__name__, package.heavy.__package__) == ("toy.heavy", "toy")
    assert package.heavy.__file__.endswith("heavy.py")
    assert package.old == "looked up"
    assert not hasattr(package, "nothing")
    assert package.executed == []


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_any_look_executes_all_in_their_order(toy, look):
    """Whatever is looked at, the modules become what they would have been, in the same order."""
    package, deferral = toy
    heavy, circular = package.heavy, package.circular
    look(package)
    assert package.executed == IN_ORDER
    assert deferral.waiting == []
    assert deferral not in sys.meta_path
    assert (package.heavy, package.circular, circular.first) == (heavy, circular, True)
    for module in (heavy, circular, package.parts):
        assert type(module) is ModuleType
        assert module.__loader__ is module.__spec__.loader
        assert type(module.__loader__) is type(package.__loader__)
    assert (heavy.value, heavy.made, package.old) == (2, "made", "looked up")
    assert vars(package)["taken"] is package.parts.taken
    assert vars(package)["__getattr__"].__module__ == "toy"


def test_a_package_that_looks_nothing_up_is_left_so(write):
    """A package without a `__getattr__` of its own has none afterwards."""
    package, deferral = write(__init__=FILES["__init__"].partition("def __getattr__")[0])
    with pytest.raises(AttributeError, match="module 'toy' has no attribute 'nothing'"):
        _ = package.nothing
    assert deferral.waiting
    assert package.taken is package.parts.taken
    assert "__getattr__" not in vars(package)


def test_another_module_of_the_package_finds_all_executed(toy):
    """A module that the package itself did not import may build upon anything."""
    package, _ = toy
    importlib.import_module("toy.further")
    assert package.executed == [*IN_ORDER, "further"]


def test_a_module_that_what_waits_imports_is_imported_once(write):
    """The first import of a module executes what waits, which may import that very module."""
    text = "import toy.basis\n" + FILES["heavy"]
    package, _ = write(heavy=text, **{"basis/__init__": "import toy.basis.part", "basis/part": ""})
    basis = importlib.import_module("toy.basis")
    assert package.basis is basis is sys.modules["toy.basis"]
    assert basis.part is sys.modules["toy.basis.part"]
    assert basis.__spec__.loader is basis.__loader__
    assert package.executed == IN_ORDER


def test_modules_of_other_packages_execute_nothing(toy):
    """What is not of the package is found as usual."""
    package, deferral = toy
    assert deferral.find_spec("toys") is None
    assert deferral.find_spec("toybox.further") is None
    assert package.executed == []


def test_what_is_set_is_not_lost(toy):
    """A name that is set in a module that waits is set after the module's own."""
    package, _ = toy
    package.circular.late = 7
    assert package.circular.late == 7


def test_a_look_during_the_import_executes_what_waits_by_then(write):
    """A package that uses a module at once gets it, and what follows is imported as usual."""
    text = "executed = []\n" + FILES["__init__"].replace(
        "from toy.parts", "heavy.value\nfrom toy.parts"
    ).replace("executed = []\n", "")
    package, deferral = write(__init__=text)
    assert deferral.waiting == []
    assert package.executed == IN_ORDER
    assert package.taken is package.parts.taken
    assert package.old == "looked up"


def test_a_module_of_one_that_waits_executes_it_during_the_import(write):
    """A module of a package finds the package executed, as always."""
    text = FILES["__init__"].replace("executed = []", "executed = []\nimport toy.parts.part")
    package, _ = write(__init__=text, **{"parts/part": "import toy\nbefore = [*toy.executed]"})
    assert package.parts.part.before == IN_ORDER


def test_a_placeholder_is_for_the_package_alone(write):
    """Another module that takes a promised name over gets the name itself."""
    text = FILES["__init__"].replace("executed = []", "executed = []\nimport toy.user")
    package, deferral = write(__init__=text, user="from toy.parts import taken as used")
    assert package.user.used is package.parts.taken
    assert package.taken is package.parts.taken
    assert deferral.waiting == []


def test_threads_that_look_at_once_all_find_what_they_look_for(write):
    """A thread waits for the one that executes what it looks at."""
    slow = "import time\ntime.sleep(0.2)\n" + FILES["circular"]
    package, _ = write(circular=slow)
    found = []

    def look():
        found.append((package.circular.late, package.heavy.value, package.taken))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [(1, 2, package.parts.taken)] * 4
    assert package.executed == IN_ORDER


def test_what_a_module_raises_is_raised_by_the_look(write):
    """An error of a module that was put off is not swallowed."""
    package, _ = write(circular="raise ValueError('broken')")
    with pytest.raises(ValueError, match="broken"):
        _ = package.heavy.value
