"""What people type and put into files: read as meant, or refused in words that help."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CASES = Path(__file__).parent / "image"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in a folder with two small images."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("a.png", "b.png")):
        pixels = np.random.default_rng(number).integers(0, 256, (12, 16, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    return tmp_path


def names(folder):
    """Return the names of the files in a folder, except the manifest."""
    return sorted(path.name for path in folder.iterdir() if path.name != ".convtool.jsonl")


# --- a suffix that lies ---


def test_a_jpeg_is_not_named_png(convtool, tmp_path):
    """`--format jpg` with OUT.png is refused: it would be a JPEG named .png."""
    source = CASES / "16-suffix-that-lies" / "in.png"
    out = tmp_path / "OUT.png"
    result = convtool("image", source, out, "-k", "identity", "--format", "jpg")
    assert result.code == 2
    assert result.err == (
        f"error: {out} ends in .png, and --format writes .jpg\n"
        "hint: leave --format out, or end OUTPUT in .jpg\n"
    )
    assert not out.exists()


@pytest.mark.parametrize(
    ("output", "format"),
    [("o.tif", "png"), ("o.pdf", "png"), ("o.PNG", ".JPG"), ("o.mp4", "png"), ("o.txt", "png")],
)
def test_no_output_is_named_after_another_format(convtool, folder, output, format):
    """Any suffix that stands for another format is refused, in any case."""
    assert convtool("image", "a.png", output, "-k", "blur", "--format", format).code == 2
    assert names(folder) == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("output", "format"),
    [("o.jpg", "jpeg"), ("o.TIFF", "tif"), ("o.png", "PNG"), ("o", "png"), ("o.v2", "png")],
)
def test_an_output_may_be_named_after_its_format_or_none(convtool, folder, output, format):
    """Another spelling of the format, or a suffix without a meaning, is no lie."""
    result = convtool("image", "a.png", output, "-k", "blur", "--format", format)
    assert result.code == 0, result.err
    with Image.open(folder / output) as image:
        assert image.format.startswith(format.lstrip(".").upper()[:2])


def test_a_template_cannot_hide_the_suffix(convtool, folder):
    """A template ends in the suffix: `{suffix}.jpg` would name a PNG .jpg."""
    result = convtool("image", "a.png", "o/", "-k", "blur", "--name", "{stem}{suffix}.jpg")
    assert result.code == 2
    assert "does not end in {suffix}" in result.err
    assert names(folder) == ["a.png", "b.png"]


# --- files of options ---


def test_an_option_of_a_file_may_be_a_single_value(convtool, tmp_path):
    """`kernel: blur` is one kernel, and gives what `-k blur` gives."""
    case = CASES / "20a-options-scalar"
    out, same = tmp_path / "o.png", tmp_path / "same.png"
    result = convtool("image", case / "in.png", out, "--options", case / "opt.yaml")
    assert result.code == 0, result.err
    assert convtool("image", case / "in.png", same, "-k", "blur").code == 0
    assert out.read_bytes() == same.read_bytes()


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "o.yaml: is empty", "it holds lines such as KEY: VALUE"),
        ("# nothing\n", "o.yaml: is empty", "it holds lines such as KEY: VALUE"),
        ("blur\n", "o.yaml: line 1: expected lines such as KEY: VALUE, not 'blur'", None),
        ("- blur\n", "o.yaml: line 1: expected lines such as KEY: VALUE, not a list", None),
        ("kernel:\n", "o.yaml: line 1: --kernel has no value", None),
        ("seed: 1\nkernle: blur\n", "o.yaml: line 2: no option 'kernle' here", None),
        ("kernel: {a: 1}\n", "o.yaml: line 1: --kernel takes a value or a list of values", None),
        (
            "quality: high\n",
            "o.yaml: line 1: --quality takes a whole number from 1 to 100, not 'high'",
            None,
        ),
        ("merge: maybe\n", "o.yaml: line 1: --merge takes true or false, not 'maybe'", None),
        (
            "stride: [2, x]\n",
            "o.yaml: line 1: --stride takes whole numbers from 1, not '2,x'",
            None,
        ),
        ("options: o.yaml\n", "o.yaml: line 1: no option 'options' here", None),
        (
            "kernel: [blur\n",
            "o.yaml: line 2: is not valid YAML",
            "a bracket, a quote or a space of the indentation is missing or too many",
        ),
        ("kernel: !!str blur\n", "o.yaml: line 1: tags such as !!str are not allowed", None),
        ("seed: 1\nseed: 2\n", "o.yaml: line 2: the key 'seed' appears twice", None),
    ],
)
def test_a_wrong_file_of_options_is_named(convtool, folder, text, message, hint):
    """The message names the file, the line and the option."""
    (folder / "o.yaml").write_text(text)
    result = convtool("image", "a.png", "out.png", "--options", "o.yaml")
    assert result.code == 2
    assert result.err == f"error: {message}\n" + (f"hint: {hint}\n" if hint else "")


def test_a_file_of_options_is_read_as_the_command_line(convtool, folder):
    """Values are read as flags are: lists for axes, units, any spelling, Windows' line ends."""
    (folder / "o.yaml").write_bytes(
        b"\xef\xbb\xbfk: Sobel_X\r\nstride: [2, 1]\r\nmax-memory: 1G\r\nno_bias: true\r\n"
        b"force: yes\r\nmono: true\r\n"
    )
    (folder / "o.png").write_bytes(b"old")
    result = convtool("image", "a.png", "o.png", "--options", "o.yaml")
    assert result.code == 0, result.err
    assert "note: --mono has no effect on images: it is for audio files" in result.err
    with Image.open(folder / "o.png") as image:
        assert image.size == (16, 6)


# --- kernel files ---


def test_an_exponent_of_yaml_is_a_number(convtool):
    """`1e-3` is a number, as in YAML 1.2; YAML 1.1 took it for a text."""
    result = convtool("kernels", "check", CASES / "21a-yaml-exponent" / "k.yaml")
    assert result.code == 0, result.err


def test_weights_need_their_dimension(convtool):
    """Weights without a dimension are told how to be written."""
    path = CASES / "21b-yaml-no-dimension" / "k.yaml"
    result = convtool("kernels", "check", path)
    assert result.code == 1
    assert result.err.startswith(
        f"error: {path}: line 2: weights: expected weights by dimension, as in 2: [[0, 1], [1, 0]]"
    )
