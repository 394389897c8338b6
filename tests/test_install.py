"""Installation: the name on PyPI, what the image is built from, and the image itself."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest
from conftest import ROOT, SAMPLES
from PIL import Image

NAME = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
IMAGE = "convtool:test"
BUILD, RUN = 3600, 300  # seconds; a build fetches PyTorch
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]
INSTALLERS = re.compile(r"(?:pipx?|uv tool|uv pip) install\b[^`\n]*")


def test_the_name_is_our_own():
    """`convtool` is another project's on PyPI: it must not be installed by its name."""
    lines = [line for page in DOCUMENTS for line in INSTALLERS.findall(page.read_text())]
    assert len(lines) >= 4
    for line in lines:
        assert re.search(rf"(^|[\s'])({NAME}(\[\w+\])?|\.)([\s']|$)", line), line


def copied():
    """Return what the Dockerfile copies from the source tree."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return [word for line in lines for word in line.split()[:-1]]


def test_the_daemon_is_sent_what_the_image_is_made_of():
    """All that the Dockerfile copies is let through to the daemon, and nothing else."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert sorted(line[1:] for line in lines if line.startswith("!")) == sorted(copied())
    assert "*" in lines


def test_the_image_is_made_of_enough(tmp_path):
    """What the Dockerfile copies is enough to build the program, with its kernels."""
    for name in copied():
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob(f"{NAME.replace('-', '_')}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert "convtool/presets/sobel-x.yaml" in archive.namelist()


def test_make_says_what_it_downloads(tmp_path):
    """`make` says once what it fetches, and is quiet about what is there."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "uv").write_text('#!/bin/sh\necho "uv $*"\nmkdir -p .venv\n')
    (tmp_path / "uv").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    printed = []
    for _ in range(2):
        os.utime(tmp_path / "pyproject.toml", (2**31, 2**31))  # later than what was set up
        made = subprocess.run(
            ["make", ".venv/ready"],
            cwd=tmp_path,
            env={**outside, "PATH": path},
            check=True,
            capture_output=True,
            text=True,
        )
        printed.append(made.stdout)
    assert re.fullmatch(r"setting up \.venv: .* GB .*\nuv sync --quiet .*\n", printed[0])
    assert re.fullmatch(r"uv sync --quiet .*\n", printed[1])


@pytest.fixture(scope="module")
def image():
    """Build the image for CPUs, or skip the tests of it."""
    if not shutil.which("docker"):
        pytest.skip("docker is not installed")
    info = subprocess.run(["docker", "info"], capture_output=True, text=True, check=False)
    if info.returncode:
        pytest.skip(f"docker does not run: {info.stderr.strip().splitlines()[-1]}")
    subprocess.run(["docker", "build", "--tag", IMAGE, str(ROOT)], check=True, timeout=BUILD)
    yield IMAGE
    subprocess.run(["docker", "rmi", IMAGE], check=False, capture_output=True)


def in_container(image, *words, options=()):
    """Run a command of the image, and return what it prints."""
    command = ["docker", "run", "--rm", *options, image, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=RUN)
    return done.stdout


def test_the_image_runs_the_program(image, tmp_path):
    """It filters a file of a mounted folder, as any user."""
    shutil.copy(SAMPLES / "chart.jpg", tmp_path)
    tmp_path.chmod(0o777)
    for user in ("1000", "1234"):
        options = ["--volume", f"{tmp_path}:/work", "--user", user]
        in_container(image, "image", "chart.jpg", f"{user}.png", "-k", "blur", options=options)
        with Image.open(tmp_path / f"{user}.png") as made, Image.open(tmp_path / "chart.jpg") as of:
            assert made.size == of.size
    assert in_container(image, "--version").startswith("convtool ")
    assert "Usage: convtool" in in_container(image)


def test_the_image_is_nobody_in_particular(image):
    """It does not run as root."""
    assert in_container(image, "-u", options=["--entrypoint", "id"]).strip() == "1000"
