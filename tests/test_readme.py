"""The documentation is true: options, commands, examples and links are checked."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import Field, fields
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch
import yaml
from conftest import ROOT, SAMPLES
from PIL import Image

from convtool.cli import explain, fit, shape
from convtool.cli.app import app, run
from convtool.kernels import catalogue
from convtool.media.image.formats import FORMATS
from convtool.media.registry import MEDIA
from convtool.media.video.containers import CONTAINERS
from convtool.media.video.holdings import Kind
from convtool.options.declare import GROUPS, declaration_of, opposite, spellings
from convtool.options.run import RunOptions

PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "tests" / "bench" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text() for path in PAGES}
PROSE = {
    page: re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    for page, text in TEXTS.items()
}
SHELL = re.compile(r"[|<>$;&]")  # what only a shell understands, where it is not quoted
READS = "| stored as | samples | read as |\n|---|---|---|\n"
COLUMNS = "| flag | default | media | meaning |\n|---|---|---|---|\n"


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXTS[page], re.MULTILINE | re.DOTALL)


def commands() -> Iterator[str]:
    """Yield the commands of all pages without their comments."""
    for page in TEXTS:
        for block in blocks(page, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                yield re.split(r"\s+# ", line)[0].strip()


RESULTS = {  # files that the page on fits names, and how they are made
    "blurred.png": ("-k", "blur"),
    "gradient.png": ("-k", "sobel-x", "--normalize", "bounds"),
    "grey.png": ("-k", "[[[[0.3]], [[0.6]], [[0.1]]]]"),
    "muffled.wav": ("-k", "lowpass:taps=63"),
}
COMMANDS = list(dict.fromkeys(commands()))
CONVTOOL = [line for line in COMMANDS if re.search(r"(^|\| )convtool ", line)]


def flag_of(field: Field[Any]) -> str:
    """Return the spellings of an option as printed in the tables."""
    off = opposite(field)
    return " ".join([*spellings(field), *([off] if off else [])])


def declared() -> dict[str, list[str]]:
    """Return the rows of the tables of options, by `--help` heading, from the declarations."""
    media: dict[tuple[str, str, str, str], list[str]] = {}
    for medium in MEDIA.values():
        for group in (*medium.groups.values(), RunOptions):
            for field in fields(group):
                known = declaration_of(field)
                default = known.default_for(medium.name, field.default)
                row = known.group, flag_of(field), default, known.help_for(medium.name)
                media.setdefault(row, []).append(medium.name)
    panels: dict[str, list[str]] = {group: [] for group in GROUPS}
    for (panel, flag, default, meaning), names in media.items():
        known = "all" if len(names) == len(MEDIA) else ", ".join(names)
        row = f"| `{flag}` | {default} | {known} | {meaning.replace('|', '&#124;')} |"
        panels[panel].append(row)
    return {panel: sorted(rows, key=partial(first, rows)) for panel, rows in panels.items()}


def first(rows: list[str], row: str) -> int:
    """Return where the flag of a row first appears; media may describe it differently."""
    return [flag_cell(each) for each in rows].index(flag_cell(row))


def flag_cell(row: str) -> str:
    """Return the first cell of a row."""
    return row.split(" | ", maxsplit=1)[0]


@pytest.mark.parametrize("panel", declared())
def test_the_tables_of_flags_are_the_declarations(panel):
    """The tables list each flag with its declared default, media and help text."""
    expected = f"### {panel}\n\n{COLUMNS}" + "\n".join(declared()[panel]) + "\n"
    found = re.search(rf"### {panel}\n\n(?:^\|.*\n)+", TEXTS["docs/options.md"], re.MULTILINE)
    assert found, f"no table of {panel}"
    assert found[0] == expected


def test_the_tables_have_no_other_flags():
    """The tables list no flag that is not declared."""
    rows = re.findall(r"^\| `--.*$", TEXTS["docs/options.md"], re.MULTILINE)
    assert len(rows) == sum(map(len, declared().values()))


@pytest.mark.parametrize("format", [f for f in FORMATS if f.reads], ids=lambda f: f.name)
def test_the_tables_of_what_is_read_are_the_readers_own(format):
    """The page on images lists what the reader of a format lets through, and nothing else."""
    rows = "".join(f"| {' | '.join(row)} |\n" for row in format.reads)
    expected = f"### {format.name}\n\n{READS}{rows}"
    found = re.search(rf"### {format.name}\n\n(?:^\|.*\n)+", TEXTS["docs/images.md"], re.MULTILINE)
    assert found, f"no table of {format.name}"
    assert found[0] == expected


def test_the_table_of_what_containers_hold_is_the_writers_own():
    """The page on videos lists what each container is said to hold, and nothing else."""
    held = [container for container in CONTAINERS if container.holds]
    lines = [
        ["", *(container.name for container in held)],
        ["---"] * (len(held) + 1),
        *([kind, *(str(c.holds.get(kind, "")) for c in held)] for kind in Kind),
        ["audio is encoded as", *(encoders(container.audio) for container in held)],
        ["if it was lossless", *(encoders(container.lossless) for container in held)],
        ["text is converted to", *(container.text for container in held)],
    ]
    wanted = [line for line in lines if any(line[1:])]
    assert "".join(f"| {' | '.join(line)} |\n" for line in wanted) in TEXTS["docs/video.md"]


def encoders(names):
    """Return the codecs that encoders write."""
    return ", ".join(dict.fromkeys(name.removeprefix("lib").removesuffix("lame") for name in names))


def test_commands_are_found():
    """The pattern above finds the commands."""
    assert len(CONVTOOL) > 40


# The layers of torchvision's networks that pages use, in the files that torch.hub would keep.
NETWORKS = {
    "resnet18-f37072fd.pth": {"conv1": (64, 3, 7, 7)},
    "vgg16-397923af.pth": {"features.0": (64, 3, 3, 3), "features.2": (64, 64, 3, 3)},
}


@pytest.fixture(scope="session")
def inputs(tmp_path_factory) -> Path:
    """Create a folder with the inputs that the pages name: media, a kernel, an options file."""
    folder = tmp_path_factory.mktemp("inputs")
    shutil.copytree(SAMPLES, folder / "samples", ignore=shutil.ignore_patterns("presets.*", "*.py"))
    with Image.open(SAMPLES / "chart.jpg") as chart:
        chart.reduce(4).save(folder / "samples" / "chart.jpg")
    (folder / "photos" / "sub").mkdir(parents=True)
    for name in ("in.jpg", "photos/a.jpg", "photos/sub/b.jpg"):
        shutil.copy(folder / "samples" / "chart.jpg", folder / name)
    shutil.copy(SAMPLES / "cross.png", folder / "in.png")
    samples, rate = soundfile.read(SAMPLES / "melody.wav")
    responses = ("hall.wav", "hall_L.wav", "hall_R.wav", "cabinet.wav")
    for name in ("in.wav", "dry.wav", "talk.flac", "song.mp3", *responses):
        soundfile.write(folder / name, samples, rate)
    (folder / "room.txt").write_text("20 6\n1000 0\n")
    (folder / "headphones.csv").write_text("frequency,equalization\n20,6\n1000,0\n")
    for name in ("in.mp4", "clip.mp4"):
        shutil.copy(SAMPLES / "clip.mp4", folder / name)
    for made, options in RESULTS.items():
        source = folder / ("in.wav" if made.endswith(".wav") else "samples/chart.jpg")
        medium = "audio" if made.endswith(".wav") else "image"
        assert run([medium, str(source), str(folder / made), *options]) == 0
    (folder / "my-options.yaml").write_text("kernel: [sobel-x]\nmerge: true\n")
    shutil.copy(catalogue.builtin_folder() / "blur.yaml", folder / "my.yaml")
    (folder / "my.mat").write_text("3 1 2 0\n1 0 -1\n")
    torch.save({"conv1.weight": torch.randn(4, 3, 7, 7)}, folder / "model.pt")
    for name, layers in NETWORKS.items():
        weights = {f"{layer}.weight": torch.randn(shape) for layer, shape in layers.items()}
        biases = {f"{layer}.bias": torch.randn(shape[0]) for layer, shape in layers.items()}
        (folder / "models").mkdir(exist_ok=True)
        torch.save(weights | biases, folder / "models" / name)
    return folder


@pytest.fixture
def photos_in_s3(bucket, inputs):
    """Put the photos that the pages name into the bucket that they name."""
    there = bucket.server.bucket("bucket")
    for name in ("photos/a.jpg", "photos/sub/b.jpg", "2026-11/a.jpg"):
        there.put(name, (inputs / "photos/a.jpg").read_bytes())


@pytest.mark.parametrize("command", CONVTOOL)
def test_every_command_runs(request, tmp_path, monkeypatch, inputs, convtool, command):
    """Every command on the pages runs as written, in a shell only where it needs one."""
    folder = tmp_path / "here"
    shutil.copytree(inputs, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CONVTOOL_MODELS", "models")
    if "s3://" in command:
        request.getfixturevalue("photos_in_s3")
    if " status " in command:  # of what an earlier run has left
        output = command.rpartition(" ")[2]
        assert convtool("image", "photos/", output, "-k", "blur").code == 0
    if SHELL.search(re.sub(r'"[^"]*"', "", command)) or "warm start" in command:
        code, err = run_in_shell(command)
    else:
        result = convtool(*shlex.split(command)[1:])
        code, err = result.code, result.err
    assert code == 0, err


def run_in_shell(command: str) -> tuple[int, str]:
    """Run a command line in bash, and stop the warm process that it starts."""
    program = f"{shlex.quote(sys.executable)} -m convtool"
    line = re.sub(r"(^|\| )convtool ", rf"\1{program} ", command)
    try:
        environment = os.environ | ({"CONVTOOL_WARM": "auto"} if "warm start" in line else {})
        result = subprocess.run(
            ["bash", "-c", line], env=environment, capture_output=True, timeout=120, check=False
        )
    finally:
        if "warm start" in line:
            stop = [sys.executable, "-m", "convtool", "warm", "stop"]
            subprocess.run(stop, capture_output=True, check=True)
    return result.returncode, result.stderr.decode()


@pytest.mark.parametrize("page", TEXTS)
def test_flags_commands_and_targets_exist(page):
    """The flags, commands and `make` targets that the text names exist."""
    cells = [flag_cell(row) for rows in declared().values() for row in rows]
    flags = {flag for cell in cells for flag in re.findall(r"--[\w-]+", cell)}
    others = {"--help", "--help-all", "--install-completion", "--version"}
    own = [*shape.FIELDS.values(), *explain.FIELDS.values(), *fit.FIELDS.values()]
    flags |= {flag for field in own for flag in spellings(field)}
    others |= {"--tile", "--crop", "--columns"}  # of `kernels sheet`
    others |= {"--torch-backend", "--pip-args", "--extra-index-url"}  # of uv, pipx and pip
    named = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", PROSE[page]))
    assert named <= flags | others
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    made = [
        line.split()[1]
        for block in blocks(page, "sh")
        for line in block.splitlines()
        if line.startswith("make ")
    ]
    assert {*made, *re.findall(r"`make (\w+)", PROSE[page])} <= targets
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    assert set(re.findall(r"`convtool ([a-z]+)", PROSE[page])) <= known


@pytest.mark.parametrize("page", TEXTS)
def test_links_are_valid(page):
    """A link leads to a file of the repository, a heading of a page, or an image."""
    for target in re.findall(r"\]\(([^)\s]+)\)", PROSE[page]):
        if target.startswith("https://"):
            continue
        name, _, heading = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), target
        if heading:
            assert heading in anchors(path.read_text()), target


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub makes from the headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", TEXTS)
def test_files_that_the_text_names_exist(page):
    """Paths in the text, such as `convtool/levels.py` or `kernels/`, exist."""
    known = "convtool|tests|samples|kernels|docs"
    for name in re.findall(rf"`((?:{known})/[\w./-]*)`", PROSE[page]):
        assert (ROOT / name).exists(), name


def test_every_page_can_be_reached():
    """The front page and the index link to every page."""
    for page in (ROOT / "docs").glob("*.md"):
        if page.name != "README.md":
            assert f"(docs/{page.name})" in TEXTS["README.md"]
            assert f"({page.name})" in TEXTS["docs/README.md"]


def test_the_chain_in_a_file_is_valid(convtool, tmp_path):
    """The example of a kernel file with a chain passes the check."""
    (block,) = blocks("docs/chains.md", "yaml")
    path = tmp_path / "smooth-edges.yaml"
    path.write_text(block)
    assert convtool("kernels", "check", path).code == 0


def test_the_kernel_file_is_the_preset(tmp_path):
    """The example of a kernel file is a complete and valid copy of the preset."""
    (block,) = blocks("docs/kernels.md", "yaml")
    path = tmp_path / "sobel-x.yaml"
    path.write_text(block)
    from convtool.kernels.resolve import resolve  # noqa: PLC0415

    assert yaml.safe_load(block)["name"] == "sobel-x"
    for dims in (1, 2):
        assert (
            resolve(str(path), dims).kernels[0].weights.tolist()
            == resolve("sobel-x", dims).kernels[0].weights.tolist()
        )


def test_the_job_of_a_scheduler_runs(tmp_path, inputs):
    """The indexed job divides the inputs by its number of completions, and its command runs."""
    job, *_ = (yaml.safe_load(block) for block in blocks("docs/clusters.md", "yaml"))
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (command,) = container["args"]
    assert f"/{job['spec']['completions']}" in command
    line = command.replace(" /photos /out/", f" {inputs}/photos {tmp_path}/out/")
    code, err = run_in_shell(line.replace("JOB_COMPLETION_INDEX", "0"))
    assert code == 0, err


def scope_of(page: str, monkeypatch) -> dict[str, Any]:
    """Run the Python examples of a page, and return their variables."""
    monkeypatch.chdir(ROOT)
    scope: dict[str, Any] = {}
    for block in blocks(page, "python"):
        exec(block, scope)  # noqa: S102  # our own page
    return scope


def test_the_python_example_of_the_front_page_runs(monkeypatch):
    """The Python example of the front page runs and gives the shape shown."""
    assert scope_of("README.md", monkeypatch)["edges"].shape == (1, 3, 384, 512)


def test_the_python_examples_run(monkeypatch):
    """The Python examples run and give the shapes shown."""
    scope = scope_of("docs/python.md", monkeypatch)
    assert scope["edges"].shape == (1, 3, 384, 512)
    assert scope["maps"].shape == (1, 8, 32, 32)
    assert scope["low"].shape == (1, 2, 36000)
    assert scope["tone"].shape == (1, 1, 8000)
    assert 0 <= scope["shown"].min() <= scope["shown"].max() <= 1


def test_every_example_is_tested():
    """Every example is in a language and on a page that the tests above cover."""
    for text in TEXTS.values():
        assert set(re.findall(r"^```(\w+)$", text, re.MULTILINE)) <= {"sh", "python", "yaml"}
    with_yaml = {page for page in TEXTS if blocks(page, "yaml")}
    assert with_yaml == {"docs/kernels.md", "docs/chains.md", "docs/clusters.md"}
    assert {page for page in TEXTS if blocks(page, "python")} == {"README.md", "docs/python.md"}


@pytest.mark.parametrize("page", ["CHANGELOG.md", "docs/kernels.md"])
def test_the_number_of_presets(page):
    """The pages state the correct number of presets."""
    assert f"{len(catalogue.catalogue())} presets" in TEXTS[page]


@pytest.mark.parametrize("name", MEDIA)
def test_the_formats_of_media(name):
    """The tables of formats list exactly the suffixes that the program reads and writes."""
    backend = MEDIA[name].backend
    page = TEXTS[f"docs/{'images' if name == 'image' else name}.md"]
    rows = re.findall(r"^\| .* \| (`\..*?) \| (yes|no) \| (yes|no) \|", page, re.MULTILINE)
    read, written = set(), set()
    for cell, is_read, is_written in rows:
        suffixes = re.findall(r"`(\.\w+)`", cell)
        read.update(suffixes if is_read == "yes" else ())
        written.update(suffixes if is_written == "yes" else ())
    assert read == set(backend.readable)
    assert written == set(backend.writable)


def test_the_front_page_is_short():
    """The front page has at most 100 lines and shows ten commands."""
    assert len(TEXTS["README.md"].splitlines()) <= 100
    (ten,) = re.findall(r"## Ten commands\n\n```sh\n(.*?)```", TEXTS["README.md"], re.DOTALL)
    assert len(ten.splitlines()) == 10
