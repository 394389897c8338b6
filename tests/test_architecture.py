"""The house: imports go down, only the command line prints and exits, modules stay small, doors are named."""

import ast
import doctest
import graphlib
import importlib
import subprocess
import sys
import zipfile

import pytest
from conftest import ROOT

import convtool

PACKAGE = ROOT / "convtool"
# What each package may import: those that it names, and nothing else of the program.
SAMPLES = {"errors", "levels", "limits", "block"}
MAY_IMPORT = {
    "errors": set(),
    "levels": set(),
    "limits": {"errors"},
    "block": {"levels"},
    "options": {"errors"},
    "convolve": SAMPLES,
    "media": SAMPLES | {"options", "convolve"},
    "kernels": {"errors", "options", "media"},
    "layers": {"errors", "options", "convolve", "kernels"},
    "results": {"levels", "layers"},
    "outputs": {"errors", "kernels", "layers", "media"},
    "run": SAMPLES | {"options", "convolve", "kernels", "layers", "results", "media", "outputs"},
    "api": SAMPLES | {"options", "convolve", "layers", "results", "media", "run"},
    "warm": {"__init__"},
    "cli": (SAMPLES - {"levels", "block"})
    | {"__init__", "options", "convolve", "kernels", "layers", "media", "outputs", "run", "warm"},
    "__init__": {"api", "convolve", "errors", "kernels", "layers", "options"},
    "__main__": {"cli", "warm"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path):
    """Return a module's name inside the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def package(name):
    """Return the part of the program that a module belongs to: its folder, or itself at the top."""
    return name.split(".")[0] or "__init__"


def imported(path):
    """Yield what a module imports of the program, at its top or inside functions, for type checkers too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (
                alias.name for alias in node.names if alias.name.split(".")[0] == "convtool"
            )
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "convtool":
            inner = (PACKAGE / "/".join(node.module.split(".")[1:])).is_dir()
            yield from (
                (f"{node.module}.{alias.name}" for alias in node.names) if inner else [node.module]
            )


@pytest.mark.parametrize("path", MODULES, ids=room)
def test_imports_hold_to_the_table(path):
    """An import beside it would tie a package to one that should not be known there."""
    here = package(room(path))
    for name in imported(path):
        other = package(".".join(name.split(".")[1:]))
        if not (PACKAGE / other).is_dir() and not (PACKAGE / f"{other}.py").is_file():
            other = "__init__"  # a name that the front door defines
        assert other in MAY_IMPORT[here] | {here}, f"{room(path)} imports {name}"


def test_the_table_has_no_circles():
    """And names every package that there is, so that an order of reading exists."""
    assert set(MAY_IMPORT) == {package(room(path)) for path in MODULES}
    table = {name: others - {"__init__"} for name, others in MAY_IMPORT.items()}
    list(graphlib.TopologicalSorter(table).static_order())


@pytest.mark.parametrize("path", MODULES, ids=room)
def test_only_the_command_line_prints_and_exits(path):
    """`print`, `sys.exit` and writing to the standard streams are its business.

    Only the server of the warm process ends processes, too: the workers that it has forked.
    """
    if room(path).startswith(("cli", "__main__")):
        pytest.skip("this is it")
    allowed = {"os._exit"} if room(path) == "warm.server" else set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            assert getattr(node.func, "id", "") not in ("print", "exit", "input")
            assert ast.unparse(node.func) not in {"sys.exit", "os._exit"} - allowed


@pytest.mark.parametrize("path", MODULES, ids=room)
def test_modules_are_rooms_not_halls(path):
    """One idea, at most 250 lines of 100 columns with its docstrings, opened by a sentence."""
    text = path.read_text()
    assert text.count("\n") <= 250
    assert max(map(len, text.split("\n"))) <= 100
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", [p for p in MODULES if room(p) != "__main__"], ids=room)
def test_doctests(path):
    """Examples in docstrings are run."""
    name = f"convtool.{room(path)}".removesuffix(".")
    assert doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS).failed == 0


def test_the_front_door():
    """`__all__` is sorted, names what there is, and nothing public is missing."""
    assert convtool.__all__ == sorted(convtool.__all__)
    for name in convtool.__all__:
        assert getattr(convtool, name).__doc__
    with pytest.raises(AttributeError):
        _ = convtool.no_such_name


def test_kernels_are_found_from_a_built_wheel(tmp_path):
    """With the source tree absent: unpacked elsewhere, run elsewhere."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    home = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(home)
    code = (
        "import convtool, sys; from convtool.kernels import catalogue; "
        "print(convtool.__file__, catalogue.builtin_folder(), len(catalogue.catalogue()), sep='\\n')"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(home), "HOME": str(tmp_path)},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    module, folder, count = result.stdout.split()
    assert module.startswith(str(home))
    assert folder.startswith(str(home))
    assert int(count) == len(list((ROOT / "kernels").glob("*.yaml")))


def test_kernels_are_found_from_the_source_tree():
    """As an editable install has them."""
    from convtool.kernels import catalogue  # noqa: PLC0415

    assert catalogue.builtin_folder() == ROOT / "kernels"
