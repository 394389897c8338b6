"""The architecture: allowed imports, no printing outside the CLI, module size, public names."""

import ast
import doctest
import graphlib
import importlib
import re
import subprocess
import sys
import zipfile
from functools import cache

import pytest
from conftest import ROOT

import convtool

PACKAGE = ROOT / "convtool"
# The packages of convtool that each package may import.
SAMPLES = {"errors", "levels", "limits", "block"}
MAY_IMPORT = {
    "errors": set(),
    "arguments": {"errors", "places"},
    "levels": set(),
    "limits": {"errors"},
    "block": {"levels"},
    "cores": set(),
    "padding": {"errors"},
    "sizes": {"errors", "padding"},
    "options": {"errors", "padding", "places", "sizes"},
    "start": set(),
    "system": set(),
    "places": {"errors", "limits", "system"},
    "convolve": SAMPLES | {"padding", "sizes", "start"},
    "media": SAMPLES | {"options", "convolve", "cores", "places", "sizes"},
    "kernels": {"errors", "options", "media", "places", "sizes"},
    "layers": {"errors", "options", "convolve", "kernels", "padding", "sizes"},
    "results": {"levels", "convolve", "layers"},
    "outputs": {"errors", "kernels", "layers", "media", "options", "places", "system"},
    "run": SAMPLES
    | {"options", "convolve", "kernels", "layers", "results", "media", "outputs", "sizes"}
    | {"cores", "padding", "places", "start"},
    "api": (SAMPLES - {"block"})
    | {"arguments", "options", "convolve", "layers", "results", "media", "places", "run", "sizes"},
    "look": SAMPLES
    | {"options", "convolve", "kernels", "layers", "media", "outputs", "results", "run", "sizes"}
    | {"api", "padding", "places"},
    "fit": {"convolve", "errors", "kernels", "layers", "levels", "limits", "look", "media"}
    | {"options", "places", "sizes"},
    "cluster": {
        "__init__",
        "convolve",
        "cores",
        "errors",
        "layers",
        "limits",
        "media",
        "outputs",
        "run",
    }
    | {"places", "sizes", "start"},
    "warm": {"__init__"},
    "cli": (SAMPLES - {"levels", "block"})
    | {"__init__", "options", "cluster", "convolve", "fit", "kernels", "layers", "look", "media"}
    | {"outputs", "padding", "places", "run"}
    | {"start", "warm", "sizes", "system"},
    "__init__": {"api", "convolve", "errors", "kernels", "layers", "look", "options"},
    "__main__": {"cli", "warm"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def module_name(path):
    """Return the dotted name of a module inside the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def package(name):
    """Return the package that a module belongs to, or the module itself at the top level."""
    return name.split(".")[0] or "__init__"


@cache
def parsed(path):
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text())


@cache
def imported(path):
    """Return every convtool module that a module imports, including inside functions."""
    return list(_imported(path))


def _imported(path):
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (
                alias.name for alias in node.names if alias.name.split(".")[0] == "convtool"
            )
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "convtool":
            inner = (PACKAGE / "/".join(node.module.split(".")[1:])).is_dir()
            yield from (
                (f"{node.module}.{alias.name}" for alias in node.names) if inner else [node.module]
            )


def packages_imported(path):
    """Return the packages that a module imports."""
    found = set()
    for name in imported(path):
        other = package(".".join(name.split(".")[1:]))
        if not (PACKAGE / other).is_dir() and not (PACKAGE / f"{other}.py").is_file():
            other = "__init__"  # a name that `convtool/__init__.py` defines
        found.add(other)
    return found


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_follow_the_table(path):
    """A module imports only the packages that the table allows for its own package."""
    here = package(module_name(path))
    assert packages_imported(path) <= MAY_IMPORT[here] | {here}


def test_the_table_allows_nothing_that_is_not_used():
    """An entry that no module needs would let a tie grow unseen."""
    used = {name: set() for name in MAY_IMPORT}
    for path in MODULES:
        used[package(module_name(path))] |= packages_imported(path)
    assert {name: used[name] - {name} for name in used} == MAY_IMPORT


def test_no_module_imports_itself_through_others():
    """Modules have an order of reading, too; package files, which re-export, are left out."""
    names = {module_name(path) for path in MODULES}
    modules = {}
    for path in MODULES:
        if path.name != "__init__.py":
            wanted = {name.removeprefix("convtool.") for name in imported(path)}
            modules[module_name(path)] = {name for name in wanted if name in names}
    for name, wanted in modules.items():
        modules[name] = wanted & modules.keys()
    list(graphlib.TopologicalSorter(modules).static_order())


def test_the_table_has_no_cycles():
    """The table lists every package, and its imports form no cycle."""
    assert set(MAY_IMPORT) == {package(module_name(path)) for path in MODULES}
    table = {name: others - {"__init__"} for name, others in MAY_IMPORT.items()}
    list(graphlib.TopologicalSorter(table).static_order())


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_only_the_command_line_prints_and_exits(path):
    """Only `cli` and `__main__` print, read standard input or exit."""
    if module_name(path).startswith(("cli", "__main__")):
        pytest.skip("this is it")
    ends = module_name(path) in {"run.processes", "warm.server"}
    allowed = {"os._exit"} if ends else set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call):
            assert getattr(node.func, "id", "") not in ("print", "exit", "input")
            assert ast.unparse(node.func) not in {"sys.exit", "os._exit"} - allowed


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_modules_are_small(path):
    """A module has a docstring and at most 250 lines of at most 100 columns."""
    text = path.read_text()
    assert text.count("\n") <= 250
    assert max(map(len, text.split("\n"))) <= 100
    assert ast.get_docstring(parsed(path))


@pytest.mark.parametrize(
    "path", [p for p in MODULES if module_name(p) != "__main__"], ids=module_name
)
def test_doctests(path):
    """A module can be imported; the examples in its docstrings give the results shown."""
    module = importlib.import_module(f"convtool.{module_name(path)}".removesuffix("."))
    if ">>>" in path.read_text():
        assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


def test_make_endure_runs_what_is_left_to_it():
    """Modules with tests that take long, or with more cases where there is time, are its words."""
    left = re.compile(r"^from conftest import .*\b(LONG|covering)\b|mark\.long\b", re.MULTILINE)
    modules = [
        path for path in (ROOT / "tests").rglob("test_*.py") if left.search(path.read_text())
    ]
    recipe = (ROOT / "Makefile").read_text().partition("\nendure:")[2].partition("\n\n")[0]
    run = [ROOT / word for word in recipe.split() if word.startswith("tests/")]
    assert [path for path in modules if not {path, *path.parents} & {*run}] == []
    assert all(any(path in {each, *each.parents} for each in modules) for path in run)


def test_public_names():
    """`__all__` is sorted, and every public name exists and has a docstring."""
    assert convtool.__all__ == sorted(convtool.__all__)
    for name in convtool.__all__:
        assert getattr(convtool, name).__doc__
    with pytest.raises(AttributeError):
        _ = convtool.no_such_name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the wheel that the source tree makes."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


def test_a_wheel_has_what_pages_are_made_of(wheel):
    """Templates, styles and scripts of reports are in the wheel."""
    folder = PACKAGE / "look" / "report"
    files = [path for path in folder.rglob("*") if path.suffix in {".html", ".css", ".js"}]
    wanted = {path.relative_to(ROOT).as_posix() for path in files}
    assert len(wanted) > 10
    with zipfile.ZipFile(wheel) as archive:
        assert wanted <= set(archive.namelist())


def test_kernels_are_found_from_a_built_wheel(wheel, tmp_path):
    """An installed wheel finds its kernels without the source tree."""
    home = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(home)
    code = (
        "import convtool, sys; from convtool.kernels import catalogue; "
        "print(convtool.__file__, catalogue.builtin_folder(), "
        "len(catalogue.catalogue()), sep='\\n')"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(home), "HOME": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    module, folder, count = result.stdout.split()
    assert module.startswith(str(home))
    assert folder.startswith(str(home))
    assert int(count) == len(list((ROOT / "kernels").glob("*.yaml")))


def test_kernels_are_found_from_the_source_tree():
    """An editable install finds the kernels in the source tree."""
    from convtool.kernels import catalogue  # noqa: PLC0415

    assert catalogue.builtin_folder() == ROOT / "kernels"
