"""`convtool shape`: the output-size formula with its numbers, shapes, the receptive field."""

import json
import subprocess
import sys

import pytest
import torch
from conftest import SAMPLES
from torch import nn

from convtool.cli.app import run


def shape(capsys, *words):
    """Return what the command says as JSON."""
    assert run(["shape", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def said(capsys, *words):
    """Return what the command prints."""
    assert run(["shape", *words]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "formula"),
    [
        ("32x32 --kernel-size 3 --padding 1", "floor((32 + 2·1 − 1·(3 − 1) − 1) / 1) + 1 = 32"),
        ("7x7 --kernel-size 2 --padding 0", "floor((7 + 2·0 − 1·(2 − 1) − 1) / 1) + 1 = 6"),
        ("7 --kernel-size 4", "floor((7 + 1 + 2 − 1·(4 − 1) − 1) / 1) + 1 = 7"),
        ("9 --padding valid --dilation 2", "floor((9 + 2·0 − 2·(3 − 1) − 1) / 1) + 1 = 5"),
        ("8 --padding 1 --stride 2", "floor((8 + 2·1 − 1·(3 − 1) − 1) / 2) + 1 = 4"),
    ],
)
def test_the_formula_is_worked_out_with_its_numbers(capsys, words, formula):
    """Each axis has a line with the formula and its numbers put in."""
    assert formula in said(capsys, *words.split())


def test_shapes_of_a_layer_of_the_lessons(capsys):
    """Conv2d(64 → 128, k (5, 3)) has weight (128, 64, 5, 3) and bias (128)."""
    words = "--kernel-size 5,3 --in-channels 64 --out-channels 128"
    found = shape(capsys, "32x32", *words.split())
    assert found["weight"] == [128, 64, 5, 3]
    assert found["bias"] == [128]
    assert found["parameters"] == 128 * 64 * 5 * 3 + 128
    assert found["multiply_adds"] == 32 * 32 * 128 * 64 * 15
    assert "(128, 64, 5, 3)" in said(capsys, "32x32", *words.split())


def test_groups_divide_the_weights(capsys):
    """With groups 3 the weights of Conv2d(3 → 6) see one input channel each."""
    words = "9x9 --in-channels 3 --out-channels 6 --groups 3 --no-bias"
    found = shape(capsys, *words.split())
    assert found["weight"] == [6, 1, 3, 3]
    assert found["bias"] is None
    assert found["parameters"] == 54


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, "same", "valid"])
@pytest.mark.parametrize(("kernel", "stride", "dilation"), [(3, 1, 2), (4, 1, 1), (3, 2, 1)])
def test_sizes_are_those_of_pytorch(capsys, dims, padding, kernel, stride, dilation):
    """The output has the size that the layer of PyTorch makes."""
    if padding == "same" and stride != 1:
        pytest.skip("PyTorch has no 'same' with a stride")
    kind = [nn.Conv1d, nn.Conv2d, nn.Conv3d][dims - 1]
    layer = kind(2, 3, kernel, stride, padding, dilation)
    size = (9, 8, 7)[:dims]
    words = f"{'x'.join(map(str, size))} --in-channels 2 --out-channels 3 --kernel-size {kernel}"
    words += f" --stride {stride} --dilation {dilation} --padding {padding}"
    found = shape(capsys, *words.split())
    assert found["output"] == list(layer(torch.zeros(1, 2, *size)).shape[1:])
    assert found["weight"] == list(layer.weight.shape)
    assert found["receptive_field"] == [dilation * (kernel - 1) + 1] * dims


def test_the_size_of_a_file_is_read_from_its_header(capsys):
    """A file has its own size and channels, and its medium's defaults."""
    found = shape(capsys, str(SAMPLES / "chart.jpg"), "-k", "sobel")
    assert found["input"] == [3, 384, 512]
    assert found["output"] == [3, 384, 512]
    assert found["weight"] == [6, 1, 3, 3]
    assert found["padding_mode"] == "replicate"


@pytest.mark.parametrize(
    ("name", "count"),
    [("clip.mp4", "50 frames"), ("melody.wav", "36000 samples"), ("chart.jpg", "")],
)
def test_a_length_that_a_header_states_is_told(capsys, name, count):
    """The header may estimate how long audio and video are: a note and a field say whose it is."""
    path = str(SAMPLES / name)
    assert run(["shape", path]) == 0
    note = f"note: {path}: {count} by its header; only a run counts them\n" if count else ""
    assert capsys.readouterr().err == note
    assert shape(capsys, path)["length_by_header"] == bool(count)
    assert not shape(capsys, "32x32")["length_by_header"]


def test_frames_are_called_frames(capsys):
    """The leading axis of a video has frames, that of a size of three axes is the depth."""
    assert "\n  frames  floor((50 + " in said(capsys, str(SAMPLES / "clip.mp4"))
    assert "\n  depth   floor((50 + " in said(capsys, "50x9x9")


def test_kernels_have_a_size_of_their_own(capsys):
    """With -k the size of the kernel is its own, and channels are kept apart."""
    found = shape(capsys, "20x20", "--in-channels", "2", "-k", "1 2 3; 4 5 6")
    assert found["weight"] == [2, 1, 2, 3]
    assert found["padding"] == [[0, 1], [1, 1]]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("2x2 --kernel-size 5 --padding 0", "the kernel spans 5×5, more than the padded input's"),
        ("9 --in-channels 3 --groups 2", "3 input channels cannot be split into 2 groups"),
        ("9 --in-channels 4 --out-channels 3 --groups 2", "3 output channels cannot be split"),
        ("9x9 --kernel-size 4 --stride 2", "padding 'same' with stride 2×2 needs an odd kernel"),
        ("9x9 --padding-mode zeros,zeros,zeros", "--padding-mode has 3 modes for 2 axes"),
        ("9x9 --padding 1:2,1,1", "--padding has 3 numbers for 2 axes"),
        ("9x9 --padding 1:2:3", "--padding takes a number, before:after, 'same' or 'valid'"),
        ("9x9 --padding-mode constant", "constant:VALUE with a number, as constant:1"),
        ("0x4", "a size has whole numbers from 1"),
        ("9 --stride 1,2", "--stride has 2 numbers for 1 axis"),
        ("9x9 --stride 1,2,3", "--stride has 3 numbers for 2 axes"),
        ("nothing.png", "'nothing.png' is neither a size nor an existing file"),
        ("samples/chart.jpg --in-channels 3", "--in-channels is for sizes"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(capsys, monkeypatch, words, error):
    """A layer that cannot be is refused as the layer itself refuses it."""
    monkeypatch.chdir(SAMPLES.parent)
    assert run(["shape", *words.split()]) in (1, 2)
    assert error in capsys.readouterr().err


def test_neither_torch_nor_numpy_is_imported():
    """Sizes are worked out before a second has passed: nothing heavy is loaded."""
    code = (
        "import sys; from convtool.cli.app import run; run(['shape', '32x32']); "
        "print({'torch', 'numpy', 'PIL', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_what_a_layer_does_not_pad_itself_is_said(convtool, tmp_path):
    """A dry run and -v print padding that PyTorch's layer does not have."""
    words = ("-k", "blur", "--padding", "10:0,20", "--padding-mode", "symmetric,constant:50%")
    source, said = "samples/chart.jpg", "10 before and 0 after, 20; symmetric,constant:0.5"
    assert (
        f"padding: {said}" in convtool("image", source, tmp_path / "o.png", *words, "--dry-run").out
    )
    assert f"padding {said}" in convtool("image", source, tmp_path / "o.png", *words, "-v").err
