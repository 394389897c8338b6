"""Completion, tested in real shells on a terminal."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time

import pytest

from convtool.cli.app import app

SHELLS = {"bash": ["bash", "-i"], "zsh": ["zsh", "-i"]}
PATIENCE = 20  # seconds to wait for a shell


class Terminal:
    """A shell on a terminal that a test types into.

    Args:
        command: the shell and its arguments.
        home: the home directory, whose startup files it reads.
    """

    def __init__(self, command, home):
        folder = os.path.dirname(sys.executable)  # noqa: PTH120  # for PATH
        environment = {
            "HOME": str(home),
            "PATH": f"{folder}:{os.environ['PATH']}",
            "TERM": "vt100",
            "PS1": "ready> ",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        }
        leader, follower = pty.openpty()
        self._leader = leader
        self._process = subprocess.Popen(
            command,
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env=environment,
            cwd=home,
            start_new_session=True,
        )
        os.close(follower)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._leader)

    def type(self, text, *wanted):
        """Type a text, and return the screen once it shows all expected words."""
        os.write(self._leader, text.encode())
        seen, deadline = "", time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not all(word in seen for word in wanted):
            if select.select([self._leader], [], [], 0.1)[0]:
                seen += os.read(self._leader, 65536).decode(errors="replace")
        return seen


@pytest.fixture
def home(tmp_path):
    """Return a home directory with startup files, so that no shell asks first-run questions."""
    (tmp_path / ".zshrc").write_text("unsetopt beep\nPROMPT='ready> '\n")
    (tmp_path / ".bashrc").write_text("PS1='ready> '\nbind 'set enable-bracketed-paste off'\n")
    return tmp_path


@pytest.mark.parametrize("shell", SHELLS)
def test_kernels_are_completed_in_the_shell(home, shell):
    """After `--install-completion`, shells complete the medium's kernels, options and files."""
    if shutil.which(shell) is None:
        pytest.skip(f"the shell {shell} is not installed (Debian: {shell})")
    install = f"{sys.executable} -m convtool --install-completion; true"
    environment = os.environ | {"HOME": str(home)}
    done = subprocess.run(
        [shell, "-c", install], env=environment, capture_output=True, text=True, check=True
    )
    assert f"{shell} completion installed" in done.stdout
    (home / "one-image.png").touch()
    with Terminal(SHELLS[shell], home) as terminal:
        terminal.type("", "ready>")
        seen = terminal.type("convtool image in.png out/ -k scharr-\t\t", "scharr-x", "scharr-y")
        assert "scharr-x" in seen
        assert "scharr-y" in seen
        terminal.type("\x03\n", "ready>")
        assert "convtool audio in.wav out.wav -k lowpass" in terminal.type(
            "convtool audio in.wav out.wav -k lowp\t", "lowpass"
        ).replace("\x07", "")
        terminal.type("\x03\n", "ready>")
        assert "one-image.png" in terminal.type("convtool image one-i\t", "one-image.png")
        terminal.type("\x03\n", "ready>")
        seen = terminal.type("convtool image in.png out/ --normalize s\t", "sigmoid")
        assert "sigmoid" in seen
        terminal.type("\x03\n", "ready>")
        seen = terminal.type("convtool image in.png out/ -k gaussian:tr\t", "truncate=4")
        assert "gaussian:truncate=4" in seen.replace("\x07", "").replace("\\", "")


def completed(monkeypatch, capsys, *words):
    """Return the completions of the last word, as bash receives them."""
    monkeypatch.setenv("COMP_WORDS", " ".join(["convtool", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    monkeypatch.setenv("_CONVTOOL_COMPLETE", "complete_bash")
    with pytest.raises(SystemExit):
        app(prog_name="convtool")
    return capsys.readouterr().out.split()


def test_kernels_are_those_of_the_medium(monkeypatch, capsys):
    """A command completes the kernels of its medium, `kernels show` all of them."""
    assert completed(monkeypatch, capsys, "image", "i", "o", "-k", "lowp") == []
    assert completed(monkeypatch, capsys, "audio", "i", "o", "-k", "lowp") == ["lowpass"]
    assert completed(monkeypatch, capsys, "audio", "i", "o", "--kernel", "disk") == []
    assert completed(monkeypatch, capsys, "video", "i", "o", "-k", "temporal-d") == [
        "temporal-difference"
    ]
    assert completed(monkeypatch, capsys, "kernels", "show", "di") == [
        "difference-x",
        "difference-y",
        "disk",
    ]


def test_parameters_of_a_kernel(monkeypatch, capsys):
    """Behind the colon of a kernel, its parameters are completed, in bash piece by piece."""
    whole = ("image", "i", "o", "-k")
    assert completed(monkeypatch, capsys, *whole, "gaussian", ":", "s") == ["sigma=1"]
    assert completed(monkeypatch, capsys, *whole, "gaussian", ":") == ["sigma=1", "truncate=4"]
    pieces = ("gaussian", ":", "sigma", "=", "3,")
    assert completed(monkeypatch, capsys, *whole, *pieces) == ["3,truncate=4"]
    assert completed(monkeypatch, capsys, "image", "--kernel", "=", "scharr-") == [
        "scharr-x",
        "scharr-y",
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("image", "--format", "p"), ["png", "ppm"]),
        (("audio", "--format", "f"), ["flac"]),
        (("video", "--codec", "h"), ["h264", "hevc"]),
        (("image", "--device", "cu"), ["cuda"]),
        (("image", "--init", "xav"), ["xavier_uniform", "xavier_normal"]),
        (("image", "--padding", "v"), ["valid"]),
        (("explain", "--medium", "v"), ["video"]),
        (("explain", "--padding-mode", "ref"), ["reflect"]),
        (("explain", "--format", "pn"), ["png"]),
        (("explain", "-k", "scharr-"), ["scharr-x", "scharr-y"]),
        (("shape", "--padding", "s"), ["same"]),
    ],
)
def test_words_of_options(monkeypatch, capsys, words, expected):
    """The words that an option takes are completed, formats those of the medium."""
    assert completed(monkeypatch, capsys, *words) == expected


def test_kernels_of_a_folder(monkeypatch, capsys, tmp_path):
    """Kernels in a folder of --kernel-path are completed, invalid files ignored."""
    (tmp_path / "mine.yaml").write_text("name: mine\nweights:\n  2: [[1]]\n")
    (tmp_path / "mingled.yaml").write_text("name: mingled\nweights: [")
    assert completed(monkeypatch, capsys, "image", "--kernel-path", str(tmp_path), "-k", "min") == [
        "mine"
    ]


def test_a_completion_imports_nothing_slow():
    """Completion imports nothing slow, as it runs at every key press."""
    code = (
        "import sys\n"
        "try:\n"
        "    from convtool.cli.app import app\n"
        "    app(prog_name='convtool')\n"
        "except SystemExit:\n"
        "    print({'torch', 'numpy'} & set(sys.modules))"
    )
    environment = os.environ | {
        "COMP_WORDS": "convtool image in out -k blu",
        "COMP_CWORD": "5",
        "_CONVTOOL_COMPLETE": "complete_bash",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:2] == ["blur", "set()"]
