"""The house: imports go down, only the command line prints and exits, modules stay small, doors are named."""

import ast
import doctest
import importlib
import subprocess
import sys
import zipfile

import pytest
from conftest import ROOT

import convtool

PACKAGE = ROOT / "convtool"
# Each room may import those further down, and within its own line only what stands to the right.
FLOORS = [
    ["__main__"],
    [
        "cli.serving",
        "cli.app",
        "cli.image",
        "cli.audio",
        "cli.video",
        "cli.kernels",
        "cli.devices",
        "cli.warm",
        "cli.running",
        "cli.progress",
        "cli.options",
        "cli.completion",
        "cli.plots",
        "cli.messages",
        "cli",
    ],
    ["api"],
    ["batch", "preview", "pipeline", "filter", "targets"],
    ["made", "jobs", "report", "atomic"],
    [
        "media.image",
        "media.image.write",
        "media.image.read",
        "media.image.deep",
        "media.image.tiff",
        "media.image.jpeg",
        "media.image.png",
        "media.image.modes",
        "media.image.pages",
        "media.image.alpha",
        "media.image.formats",
        "media.video",
        "media.video.write",
        "media.video.tracks",
        "media.video.palette",
        "media.video.read",
        "media.video.header",
        "media.video.pixels",
        "media.video.formats",
        "media.audio.impulse",
        "media.audio",
        "media.audio.write",
        "media.audio.read",
        "media.audio.libsndfile",
        "media.audio.track",
        "media.audio.resample",
        "media.audio.readers",
        "media.audio.formats",
        "media.ffmpeg",
        "media.callbacks",
        "media",
    ],
    ["stream", "clips", "normalize"],
    [
        "convolve.frames",
        "convolve",
        "convolve.plan",
        "convolve.costs",
        "convolve.direct",
        "convolve.fourier",
        "convolve.separable",
        "convolve.lines",
        "convolve.taps",
        "convolve.compiling",
        "convolve.staging",
        "convolve.buffers",
        "convolve.problem",
        "devices",
        "levels",
        "ahead",
    ],
    ["spectrum", "layers", "placing", "results", "banks", "geometry"],
    ["kernels", "kernelfile", "grammar", "presets", "generators"],
    ["settings", "options"],
    ["warm"],
    ["files", "memory"],
    [""],
    ["errors"],
]
ORDER = [room for floor in FLOORS for room in floor]
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path):
    """Return a module's name inside the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imported(path):
    """Return the rooms that a module imports at its top or inside functions, but not for type checkers alone."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and id(node) not in skipped and (node.module or "").startswith("convtool"):
            base = node.module.removeprefix("convtool").removeprefix(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".removeprefix(".")
                yield inner if inner in ORDER else base


@pytest.mark.parametrize("path", MODULES, ids=room)
def test_imports_go_down_only(path):
    """An upward import would tie a room to its callers."""
    here = ORDER.index(room(path))
    for name in imported(path):
        assert ORDER.index(name) > here, f"{room(path)} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=room)
def test_only_the_command_line_prints_and_exits(path):
    """`print`, `sys.exit` and writing to the standard streams are its business."""
    if room(path).startswith(("cli", "__main__")):
        pytest.skip("this is it")
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            assert getattr(node.func, "id", "") not in ("print", "exit", "input")
            assert ast.unparse(node.func) not in ("sys.exit", "os._exit")


@pytest.mark.parametrize("path", MODULES, ids=room)
def test_modules_are_rooms_not_halls(path):
    """One idea, at most 300 lines with its docstrings, opened by a sentence."""
    text = path.read_text()
    assert text.count("\n") <= 300
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
        "import convtool, sys; from convtool import presets; "
        "print(convtool.__file__, presets.builtin_folder(), len(presets.catalogue()), sep='\\n')"
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
    from convtool import presets  # noqa: PLC0415

    assert presets.builtin_folder() == ROOT / "kernels"
