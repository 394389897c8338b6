"""What people type and put into files: read as meant, or refused in words that help."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import eventually
from PIL import Image

from convtool.cli.options import fields_of
from convtool.convolve.plan import ALGORITHMS
from convtool.errors import UsageError
from convtool.kernels import catalogue
from convtool.media.image.formats import WRITABLE
from convtool.media.registry import MEDIA
from convtool.media.video.formats import CODECS, SUFFIXES, codec_of, container_of
from convtool.options import output
from convtool.options.declare import declaration_of, flag_of, read

HINT = "`convtool --help` lists commands and options"
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
    ("name", "format"),
    [("o.tif", "png"), ("o.pdf", "png"), ("o.PNG", ".JPG"), ("o.mp4", "png"), ("o.txt", "png")],
)
def test_no_output_is_named_after_another_format(convtool, folder, name, format):
    """Any suffix that stands for another format is refused, in any case."""
    assert convtool("image", "a.png", name, "-k", "blur", "--format", format).code == 2
    assert names(folder) == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("name", "format"),
    [("o.jpg", "jpeg"), ("o.TIFF", "tif"), ("o.png", "PNG"), ("o", "png"), ("o.v2", "png")],
)
def test_an_output_may_be_named_after_its_format_or_none(convtool, folder, name, format):
    """Another spelling of the format, or a suffix without a meaning, is no lie."""
    result = convtool("image", "a.png", name, "-k", "blur", "--format", format)
    assert result.code == 0, result.err
    with Image.open(folder / name) as image:
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


# --- inputs and outputs ---


def test_several_inputs_do_not_make_a_folder_named_like_an_image(convtool, folder):
    """`a.png b.png out.png` is refused: out.png names one image."""
    result = convtool("image", "a.png", "b.png", "out.png", "-k", "blur")
    assert result.code == 2
    assert result.err == (
        "error: out.png names one image, and there are 2 inputs\n"
        "hint: end OUTPUT in / for a folder\n"
    )
    (folder / "one").mkdir()
    shutil.copy("a.png", "one")
    result = convtool("image", "one", "out.png", "-k", "blur")
    assert "error: out.png names one image, and one is a folder\n" in result.err
    assert convtool("image", "a.png", "b.png", "out.png/", "-k", "blur", "--merge").code == 0
    assert convtool("image", "a.png", "b.png", "some.where", "-k", "blur", "--merge").code == 0
    assert names(folder / "out.png") == names(folder / "some.where") == ["a_blur.png", "b_blur.png"]


def test_output_may_come_first(convtool, folder):
    """-o names OUTPUT, and all other names are inputs; -f replaces, -j sets the jobs."""
    (folder / "o").mkdir()
    (folder / "o" / "a_blur.png").write_bytes(b"old")
    options = ["-k", "blur", "--merge", "-f", "-j", "2"]
    result = convtool("image", "-o", "o", *options, "a.png", "b.png")
    assert result.code == 0, result.err
    assert names(folder / "o") == ["a_blur.png", "b_blur.png"]


def test_patterns_that_the_shell_leaves(convtool, folder):
    """A pattern stands for the files that it matches; one without matches is told as such."""
    assert convtool("image", "*.png", "o/", "-k", "blur", "--merge").code == 0
    assert names(folder / "o") == ["a_blur.png", "b_blur.png"]
    result = convtool("image", "*.tif", "p/", "-k", "blur")
    assert (result.code, result.err) == (1, "error: no file matches '*.tif'\n")
    (folder / "[1].png").write_bytes((folder / "a.png").read_bytes())
    assert convtool("image", "[1].png", "q.png", "-k", "blur").code == 0


@pytest.mark.parametrize(
    "data",
    [
        b"a.png\r\nb.png\r\n",
        b"\xef\xbb\xbfa.png\nb.png\n\n\n",
        b"a.png\r\n\r\nb.png",
        "a.png\r\nb.png\r\n".encode("utf-16"),
        b"a.png\n\r\nb.png\r\n\r\n",
    ],
)
def test_lists_written_on_windows(convtool, folder, data):
    """Carriage returns, a mark of the encoding and empty lines are no parts of names."""
    (folder / "list").write_bytes(data)
    result = convtool("image", "--files-from", "list", "o/", "-k", "blur", "--merge")
    assert result.code == 0, result.err
    assert names(folder / "o") == ["a_blur.png", "b_blur.png"]


def test_a_listed_name_may_end_in_a_carriage_return(convtool, folder):
    """A file whose name ends in one is found, as nothing is cut from a name that exists."""
    (folder / "a.png").rename(folder / "c.png\r")
    (folder / "list").write_bytes(b"c.png\r\n")
    options = ["-k", "blur", "--merge", "--format", "png"]
    assert convtool("image", "--files-from", "list", "o/", *options).code == 0
    assert names(folder / "o") == ["c_blur.png"]


def test_files_of_folders_that_are_no_inputs_are_counted(convtool, folder):
    """Files that a folder holds beside images are counted by suffix; hidden ones are not."""
    (folder / "in" / "sub").mkdir(parents=True)
    shutil.move("a.png", "in")
    for name in ("1.CR2", "2.cr2", "sub/clip.mov", "README", ".hidden"):
        (folder / "in" / name).touch()
    result = convtool("image", "in", "o/", "-k", "blur", "--merge")
    assert result.code == 0
    assert (
        "note: 4 files are not read as images: 2 .cr2, 1 without a suffix, 1 .mov\n" in result.err
    )
    assert "not read" not in convtool("image", "in", "p/", "--glob", "*.png", "-k", "blur").err


@pytest.mark.parametrize(
    ("medium", "name", "message", "hint"),
    [
        ("audio", "a.png", "a.png is an image", "`convtool image` filters it"),
        ("video", "a.png", "a.png is an image", "`convtool image` filters it"),
    ],
)
def test_files_of_another_medium(convtool, folder, medium, name, message, hint):
    """A file of another medium is told as such, whatever OUTPUT is."""
    for target in ("o.mkv" if medium == "video" else "o.wav", "o/"):
        result = convtool(medium, name, target, "-k", "identity")
        assert (result.code, result.err) == (1, f"error: {message}\nhint: {hint}\n")


# --- batches ---


def test_skip_existing_replaces_its_own_output_of_a_changed_input(convtool, folder):
    """The output of a touched or changed input is made again; others are skipped."""
    command = ["image", "a.png", "b.png", "o/", "-k", "blur", "--merge", "--skip-existing"]
    assert convtool(*command).code == 0
    os.utime("a.png", (1, 1))
    result = convtool(*command)
    assert result.code == 0, result.err
    assert "wrote o/a_blur.png\n" in result.err
    assert "skipped b.png: up to date\n" in result.err
    Image.new("RGB", (16, 12), (9, 9, 9)).save("b.png")
    assert convtool(*command).code == 0
    with Image.open("o/b_blur.png") as image:
        assert image.getpixel((5, 5)) == (9, 9, 9)
    assert convtool(*command).err.count(": up to date") == 2


def test_skip_existing_keeps_what_it_did_not_make(convtool, folder):
    """A file that another program made or changed is never replaced without --overwrite."""
    (folder / "o").mkdir()
    (folder / "o" / "a_blur.png").write_bytes(b"mine")
    command = ["image", "a.png", "b.png", "o/", "-k", "blur", "--merge", "--skip-existing"]
    result = convtool(*command)
    assert result.code == 1
    assert "error: o/a_blur.png already exists\nhint: --overwrite replaces it\n" in result.err
    (folder / "o" / "b_blur.png").write_bytes(b"edited")
    os.utime("b.png", (1, 1))
    assert convtool(*command).code == 1
    assert (folder / "o" / "a_blur.png").read_bytes() == b"mine"
    assert (folder / "o" / "b_blur.png").read_bytes() == b"edited"


def test_failures_for_one_reason_are_one_error(convtool, folder):
    """Twelve outputs that exist are one error with a hint, not twenty-four lines."""
    (folder / "in").mkdir()
    for number in range(12):
        shutil.copy("a.png", f"in/{number:02}.png")
    command = ["image", "in", "o/", "-k", "blur", "--merge"]
    assert convtool(*command).code == 0
    (folder / "in" / "13.png").write_bytes(b"x")
    lines = convtool(*command).err.splitlines()
    assert lines[0].startswith(
        "error: o/00_blur.png already exists (likewise 11 more: in/01.png, in/02.png, "
    )
    assert lines[0].endswith("in/10.png, …)")
    assert lines[1] == "hint: --overwrite replaces it"
    assert lines[2].startswith("error: in/13.png: not an image")
    assert sum(line.startswith("error: ") for line in lines) == 2


def test_short_names_do_not_hide_a_reason(convtool, folder):
    """Words of a message that contain an input's short name are no names of files."""
    for name in ("e.png", "d.png"):
        shutil.copy("a.png", name)
    command = ["image", "a.png", "d.png", "e.png", "o/", "-k", "blur", "--merge"]
    assert convtool(*command).code == 0
    lines = convtool(*command).err.splitlines()
    assert lines[0] == "error: o/a_blur.png already exists (likewise 2 more: d.png, e.png)"


def test_an_interrupted_batch_says_how_far_it_came(folder):
    """Ctrl-C tells what is done and how to go on, and exits with 130."""
    (folder / "in").mkdir()
    first = folder / "in" / "00.png"
    Image.effect_noise((2000, 2000), 60).convert("RGB").save(first, compress_level=0)
    for number in range(1, 60):
        (folder / "in" / f"{number:02}.png").hardlink_to(first)
    command = ["image", "in", "o/", "-k", "box:size=9", "--merge", "-j", "1"]
    with subprocess.Popen(
        [sys.executable, "-m", "convtool", *command], stderr=subprocess.PIPE, text=True
    ) as process:
        eventually(lambda: list(folder.glob("o/*_box*")))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    *_, last, hint = err.splitlines()
    done = len(list(folder.glob("o/*_box*")))
    assert last in (f"interrupted: {n} of 60 done" for n in (done, done - 1))
    assert hint == "hint: --skip-existing continues"
    assert "Traceback" not in err


# --- options without effect ---


@pytest.mark.parametrize(
    ("options", "note"),
    [
        (["-k", "blur", "--seed", "3"], "--seed has no effect: --kernel gives the weights"),
        (["-k", "blur", "--init", "ones"], "--init has no effect: --kernel gives the weights"),
        (
            ["-k", "blur", "--kernel-size", "5"],
            "--kernel-size has no effect: --kernel gives the weights",
        ),
        (["--combine", "sum"], "--combine has no effect: without --kernel there is nothing to"),
        (["-k", "blur", "--quality", "5"], "--quality has no effect: only JPEG, WebP, AVIF and"),
        (["-k", "blur", "--padding", "0", "--padding-mode", "zeros"], "nothing is padded"),
        (["-k", "blur", "--normalize", "abs", "--independent"], "it is for centred and minmax"),
        (["-k", "blur", "--skip-existing"], "--skip-existing has no effect: OUTPUT is no folder"),
        (["-k", "blur", "--glob", "*.x"], "--glob has no effect: no INPUT is a folder"),
        (["-k", "blur", "--mono"], "--mono has no effect on images: it is for audio files"),
        (["-k", "blur", "--crf", "x"], "--crf has no effect on images: it is for videos"),
        (["-k", "blur", "--max-seconds", "1"], "it is for audio files and videos"),
    ],
)
def test_an_option_without_effect_is_noted(convtool, folder, options, note):
    """The result is made as without the option, and one note says why."""
    result = convtool("image", "a.png", "o.png", *options)
    assert result.code == 0, result.err
    (line,) = [line for line in result.err.splitlines() if "no effect" in line]
    assert line.startswith("note: ")
    assert note in line


def test_an_option_with_effect_is_not_noted(convtool, folder):
    """Options that act are not noted, and neither are defaults that nobody gave."""
    options = ["-k", "outline", "--quality", "5", "--independent", "--padding-mode", "zeros"]
    result = convtool("image", "a.png", "o.jpg", *options)
    assert (result.code, result.err) == (0, "wrote o.jpg\n")
    assert "effect" not in convtool("image", "a.png", "p.png", "--seed", "3", "--init", "ones").err


# --- values and names as people write them ---


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("rate", "16k", 16000),
        ("rate", "44.1kHz", 44100),
        ("rate", "48000 Hz", 48000),
        ("max_memory", "1G", 1024),
        ("max_memory", "512MiB", 512),
        ("max_seconds", "1:30", 90),
        ("max_seconds", "2h", 7200),
        ("wet", "30%", 0.3),
        ("wet", "1/4", 0.25),
        ("wet", "3e-1", 0.3),
        ("start", "1:02:03.5", 3723.5),
        ("start", "250ms", 0.25),
        ("max_pixels", "100M", 10**8),
        ("init", "xavier_uniform_", "xavier_uniform"),
        ("init", "Kaiming-Normal", "kaiming_normal"),
        ("normalize", "MinMax", "minmax"),
        ("stride", "2, 3", (2, 3)),
        ("seed", "123456789123456789", 123456789123456789),
    ],
)
def test_values_as_people_write_them(option, value, expected):
    """Numbers with units, shares, fractions and times are read; words in any spelling."""
    media = [medium for medium in MEDIA.values() if option in fields_of(medium)]
    assert read(fields_of(media[0])[option], value) == expected


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("wet", "300%", "--wet takes a number from 0 to 1, not 3.0"),
        ("wet", "much", "--wet takes a number from 0 to 1, not 'much'"),
        ("wet", "nan", "--wet takes a number from 0 to 1, not 'nan'"),
        ("wet", "1/0", "--wet takes a number from 0 to 1, not '1/0'"),
        ("start", "1:75", "--start takes a time in seconds, such as 90 or 1:30, not '1:75'"),
        ("rate", "0", "--rate takes a whole number from 1, not 0"),
        ("rate", "1.0001", "--rate takes a whole number from 1, not '1.0001'"),
        ("combine", "stack", "--combine takes magnitude, max, sum or mean, not 'stack'"),
        ("jobs", "0", "--jobs takes a whole number from 1, not 0"),
        (
            "padding",
            "reflect",
            "--padding takes a number, before:after, 'same' or 'valid', not 'reflect'",
        ),
        ("groups", "all", "--groups takes a whole number or 'depthwise', not 'all'"),
        ("stride", "9" * 40, f"--stride takes whole numbers from 1, not '{'9' * 40}'"),
    ],
)
def test_values_that_are_not_allowed(option, value, message):
    """The message says what is taken, and what was found."""
    media = [medium for medium in MEDIA.values() if option in fields_of(medium)]
    with pytest.raises(UsageError) as caught:
        read(fields_of(media[0])[option], value)
    assert caught.value.message == message


def test_decimals_take_a_point():
    """A decimal comma is recognized."""
    with pytest.raises(UsageError) as caught:
        read(fields_of(MEDIA["audio"])["wet"], "0,3")
    assert caught.value.hint == "decimals take a point: --wet 0.3"


# --- what else goes wrong ---


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["imge"], "no command 'imge'", "did you mean image?"),
        (["xyz"], "no command 'xyz'", "commands: image, audio, video, explain, shape, "),
        (["image"], "INPUT and OUTPUT are missing", "convtool image INPUT... OUTPUT"),
        (
            ["image", "a.png"],
            "only one name was given ('a.png')",
            "name INPUT and OUTPUT, or list inputs with --files-from",
        ),
        (["image", "--sed", "1"], "no option --sed", "did you mean --seed or"),
        (["image", "-x"], "no option -x", "`convtool image --help` lists the options"),
        (["image", "--flip=1"], "--flip takes no value", HINT),
        (["image", "a.png", "o.png", "-k"], "-k needs a value", HINT),
        (["kernels", "show"], "KERNEL is missing", "`convtool kernels show --help` lists"),
        (["kernels", "show", "a", "b"], "'b' is one word too many", "`convtool kernels show --h"),
        (["kernels", "show", "blur", "--dims", "4"], "--dims takes a whole number from 1 to 3", ""),
        (["kernels", "show", "blur", "--rate", "x"], "--rate takes a whole number from 1", ""),
        (["kernels", "lst"], "no command 'lst'", "did you mean list?"),
        (["warm", "start", "--idle", "0"], "--idle takes a whole number from 1, not 0", ""),
        (["devices", "x"], "'x' is one word too many", "`convtool devices --help` lists"),
        (
            ["image", "a.png", "o.png", "--kernel=-1", "0", "1"],
            "'0' is no file",
            'a grid with spaces needs quotes: -k "-1 0 1"',
        ),
        (
            ["image", "a.png", "o.png", "--name", "{foo}{suffix}"],
            "--name has no field {foo}; fields: stem, kernel, channel, index, suffix",
            "",
        ),
        (
            ["image", "a.png", "o.png", "-k", "blur", "--device", "gpu"],
            "no device 'gpu' on this machine",
            "available: cpu",
        ),
        (
            ["image", "a.png", "o.png", "-k", "blur", "--algorithm", "fft", "--dtype", "float16"],
            "--algorithm fft cannot be run in float16",
            "--dtype float32",
        ),
        (["image", "a.png", "o.png", "--files-from", "no"], "no: no such file", ""),
        (["image", "a.png", "o.png", "--options", "no"], "no: no such file", ""),
        (["image", "a.png", "o"], "o: has no suffix that tells its format", "--format chooses it"),
        (["image", "a.png", "o.doc"], "no image format is known by '.doc'", "known: "),
        (["image", "a.png", "o/", "--name", "x"], "--name 'x' does not end in {suffix}", "fields"),
        (["image", "a.png", "o/", "--name", "{x"], "--name '{x' has a brace without its", "fields"),
    ],
)
def test_typical_mistakes(convtool, folder, arguments, message, hint):
    """A mistake is told in one line and a hint, in our own words, with exit code 2."""
    result = convtool(*arguments)
    assert result.code == 2
    lines = result.err.splitlines()
    assert lines[0].startswith(f"error: {message}")
    assert len(lines) <= 2
    assert len(lines) == 1 if not hint else lines[1].startswith(f"hint: {hint}")
    for foreign in ("Invalid value", "No such", "Got unexpected", "Missing", "valid_", "YAML:"):
        assert foreign not in result.err


@pytest.mark.parametrize("arguments", [[], ["kernels"], ["warm"]])
def test_a_command_that_is_missing_shows_the_help(convtool, arguments):
    """Without a command, the help is printed on stderr, with exit code 2."""
    result = convtool(*arguments)
    assert result.code == 2
    assert result.err.startswith("Usage: convtool")
    assert "COMMAND" in result.err


# --- help ---


def help_of(monkeypatch, convtool, *arguments, columns=80):
    """Return the lines of a page of help, in a terminal of some width."""
    monkeypatch.setenv("COLUMNS", str(columns))
    result = convtool(*arguments)
    assert (result.code, result.err) == (0, "")
    return result.out.splitlines()


@pytest.mark.parametrize("medium", MEDIA)
def test_help_is_short_and_about_its_medium(monkeypatch, convtool, medium):
    """Help fits 80 columns, begins with examples, and says nothing of other media."""
    lines = help_of(monkeypatch, convtool, medium, "--help")
    assert len(lines) <= 100
    assert max(map(len, lines)) <= 80
    headings = [line for line in lines if re.fullmatch(r"[A-Z]\w+:", line)]
    assert headings == [
        "Examples:", "Names:", "Kernel:", "Output:", "Look:",
        "Inputs:", "Result:", "Layer:", "Run:",
    ]  # fmt: skip  # as help shows them
    text = re.sub(r"\s+", " ", " ".join(lines))
    assert f"Usage: convtool {medium} [OPTIONS] INPUT... OUTPUT" in text
    assert lines.count("") < 12
    assert not re.search(r"<\w+>|\[\[|\{OUTPUT\}| an axis| a line| a core", text)
    for other in {"images", "audio", "video"} - {medium, f"{medium}s"}:
        allowed = {
            "images": "Kernels for images|of images",
            "audio": "the audio is|with audio|--audio|becomes of audio",
        }
        assert other not in re.sub(rf"{allowed.get(other, '')}|videos with audio", "", text)


@pytest.mark.parametrize("medium", MEDIA)
def test_all_options_are_in_the_help(monkeypatch, convtool, medium):
    """--help-all lists every option; --help those that are often needed."""
    text, whole = (
        " ".join(help_of(monkeypatch, convtool, medium, flag)) for flag in ("--help", "--help-all")
    )
    for field in fields_of(MEDIA[medium]).values():
        pattern = rf"{re.escape(flag_of(field.name))}(?![\w-])"
        assert re.search(pattern, whole)
        assert bool(re.search(rf"(^|  |, ){pattern}", text)) != declaration_of(field).rare


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("arguments", [["--help"], ["image", "--help-all"], ["kernels", "-h"]])
def test_help_fits_the_terminal(monkeypatch, convtool, arguments, columns):
    """No line is wider than the terminal but where a single word is, and none above 100."""
    lines = help_of(monkeypatch, convtool, *arguments, columns=columns)
    assert max(map(len, lines)) <= min(max(columns, 70), 100)


def test_kernels_are_listed_one_per_line(convtool):
    """A piped list has a line per kernel, and --json an object per kernel."""
    count = len(catalogue.catalogue())
    lines = convtool("kernels", "list").out.splitlines()
    assert len(lines) == count
    assert any(re.match(r"gaussian +1-D 2-D +sigma=1 truncate=4 +Gaussian", line) for line in lines)
    entries = [json.loads(line) for line in convtool("kernels", "list", "--json").out.splitlines()]
    assert len(entries) == count
    (sobel,) = [entry for entry in entries if entry["name"] == "sobel-x"]
    assert sobel["dimensions"] == [1, 2]


def test_the_algorithm_is_a_name(convtool, folder):
    """JSON and -v name the algorithm; -vv adds the estimates."""
    line = convtool("image", "a.png", "o.png", "-k", "blur", "--json").out
    assert json.loads(line)["algorithm"] in ALGORITHMS
    assert "estimates" not in json.loads(line)
    assert "estimated ns" not in convtool("image", "a.png", "p.png", "-k", "blur", "-v").err
    assert "estimated ns" in convtool("image", "a.png", "q.png", "-k", "blur", "-vv").err
    plan = convtool("image", "a.png", "r.png", "-k", "blur", "--dry-run", "-vv").out
    assert re.search(r"^  algorithm: \w+$", plan, re.MULTILINE)
    assert "  estimates: " in plan


@pytest.mark.parametrize(
    ("name", "encoder"),
    [("libx264", "libx264"), ("h264", "libx264"), ("libx265", "libx265"), ("HEVC", "libx265"),
     ("libsvtav1", "libsvtav1"), ("libvpx-vp9", "libvpx-vp9"), ("libvpx_vp9", "libvpx-vp9")],
)  # fmt: skip  # pairs
def test_codecs_by_ffmpegs_names(name, encoder):
    """FFmpeg's names of encoders are accepted beside ours."""
    assert codec_of(container_of("mkv"), name).encoder == encoder


@pytest.mark.parametrize("medium", MEDIA)
def test_formats_that_are_completed_can_be_written(medium):
    """--format completes suffixes that the backend writes, one per format."""
    written = MEDIA[medium].backend.writable
    formats = [id(written[f".{name}"]) for name in MEDIA[medium].formats]
    assert len(formats) == len(set(formats))


def test_what_options_need_is_what_formats_say():
    """--quality, --crf and --speed are noted where, by the formats themselves, they do nothing."""
    assert {suffix for suffix, format in WRITABLE.items() if format.quality} == output.LOSSY
    without = {name for name, codec in CODECS.items() if codec.crf is None}
    assert without == set(output.LOSSLESS)
    assert {name for name, codec in CODECS.items() if codec.preset is None} == {*without, "mjpeg"}
    suffixes = {suffix for suffix, container in SUFFIXES.items() if container.codec in without}
    assert suffixes == output.PALETTES


def test_the_import_of_pytorch_is_announced(folder):
    """On a terminal, a line says that PyTorch is being imported, and disappears."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "convtool", "image", "a.png", "o.png", "-k", "blur"]
    subprocess.run(command, stderr=follower, check=True, timeout=60)
    os.close(follower)
    shown = os.read(leader, 2**16).decode()
    os.close(leader)
    assert shown.startswith("loading PyTorch …")
    assert "wrote o.png" in shown.split("\r\033[K", 1)[1]


def test_version(convtool):
    """-V is --version."""
    assert convtool("-V").out == convtool("--version").out
