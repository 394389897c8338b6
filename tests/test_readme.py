"""The README is true: its flags are the program's, and its commands run."""

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields

import pytest
import soundfile
from conftest import ROOT, SAMPLES
from convtool.options.settings import OutputSettings, Settings

from convtool.cli.options import RunSettings
from convtool.kernels import catalogue

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"(?:^    .*\n)+", README, re.MULTILINE)
COMMANDS = [
    line.split("  #")[0].strip()
    for block in BLOCKS
    for line in block.replace("\\\n", " ").splitlines()
    if "convtool" in line
]


@pytest.mark.parametrize("field", [f for group in (Settings, OutputSettings, RunSettings) for f in fields(group)],
                         ids=lambda field: field.name)  # fmt: skip
def test_every_flag_stands_in_the_table(field):
    """With its help, word for word, and its default."""
    flag = (field.metadata["flags"] or (f"--{field.name.replace('_', '-')}",))[0]
    (row,) = re.findall(rf"^\| `{flag}[ `/].*$", README, re.MULTILINE)
    _, _, default, meaning, _ = (cell.strip() for cell in row.split("|"))
    assert meaning.replace("&#124;", "|") == field.metadata["help"]
    unsaid = field.default is None or field.default is False or field.default == ()
    assert default == ("on" if field.default is True else "" if unsaid else str(field.default))


def test_commands_are_found():
    """The pattern above sees them."""
    assert len(COMMANDS) > 12


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_runs(tmp_path, command):
    """As written, in a folder with a picture, a folder of pictures, sounds, films and a kernel file."""
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    for name in ("in.jpg", "photos/a.jpg", "photos/sub/b.jpg"):
        shutil.copy(SAMPLES / "chart.jpg", tmp_path / name)
    shutil.copy(SAMPLES / "cross.png", tmp_path / "in.png")
    sound, rate = soundfile.read(SAMPLES / "melody.wav")
    for name in ("in.wav", "dry.wav", "hall.wav", "talk.flac", "song.mp3"):
        soundfile.write(tmp_path / name, sound, rate)
    for name in ("in.mp4", "clip.mp4"):
        shutil.copy(SAMPLES / "clip.mp4", tmp_path / name)
    (tmp_path / "my-options.yaml").write_text("kernel: [sobel-x]\nmerge: true\n")
    shutil.copytree(SAMPLES, tmp_path / "samples", ignore=shutil.ignore_patterns("presets.*"))
    shutil.copy(catalogue.builtin_folder() / "blur.yaml", tmp_path / "my.yaml")
    program = f"{shlex.quote(sys.executable)} -m convtool"
    line = re.sub(r"(^|\| )convtool ", rf"\1{program} ", command)
    try:
        result = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, capture_output=True, timeout=120, check=False
        )
    finally:
        if "warm start" in line:
            subprocess.run(
                [sys.executable, "-m", "convtool", "warm", "stop"], capture_output=True, check=True
            )
    assert result.returncode == 0, result.stderr.decode()


def test_the_kernel_file_is_the_preset(tmp_path):
    """The example is a whole file, and good."""
    (block,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    path = tmp_path / "sobel-x.yaml"
    path.write_text(block)
    from convtool.kernels.resolve import resolve  # noqa: PLC0415

    for dims in (1, 2):
        assert (
            resolve(str(path), dims).kernels[0].weights.tolist()
            == resolve("sobel-x", dims).kernels[0].weights.tolist()
        )


def test_the_python_example_runs(monkeypatch):
    """And gives the shapes that it says."""
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(ROOT)
    scope: dict = {}
    exec(block, scope)  # noqa: S102  # our own page
    assert scope["edges"].shape == (1, 3, 384, 512)
    assert scope["maps"].shape == (1, 8, 32, 32)
    assert scope["low"].shape == (1, 2, 36000)
    assert scope["tone"].shape == (1, 1, 8000)
    assert 0 <= scope["shown"].min() <= scope["shown"].max() <= 1


def test_the_number_of_presets():
    """CHANGELOG counts them."""
    assert f"{len(catalogue.catalogue())} presets" in (ROOT / "CHANGELOG.md").read_text()
