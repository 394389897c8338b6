"""Networks on the command line: their convolutions listed, their filters as pictures."""

import json
import subprocess
import sys

import pytest
import torch
from PIL import Image

LIGHT = """
import sys
from convtool.kernels.spec import parse
from convtool.cli.app import run
parse("resnet18:conv1"), parse("a.safetensors:conv"), parse("gaussian:sigma=2")
run(["kernels", "list"])
heavy = {"torch", "torchvision", "onnx", "safetensors"} & sys.modules.keys()
sys.exit(f"imported: {heavy}" if heavy else 0)
"""


@pytest.fixture
def state(tmp_path):
    """Return a file of weights of three layers."""
    torch.manual_seed(0)
    tensors = {
        "conv1.weight": torch.randn(12, 3, 5, 5),
        "conv1.bias": torch.randn(12),
        "conv2.weight": torch.randn(4, 12, 3, 3),
        "wave.weight": torch.randn(20, 1, 64),
        "fc.weight": torch.randn(10, 4),
    }
    torch.save(tensors, tmp_path / "a.pt")
    return tmp_path / "a.pt"


def test_the_convolutions_of_a_file_are_listed(convtool, state):
    """Their shapes, and that the file does not say how they move."""
    listed = convtool("kernels", "list", state)
    assert [line.split() for line in listed.out.splitlines()] == [
        ["conv1", "2-D", "12×3×5×5", "bias", *"????"],
        ["conv2", "2-D", "4×12×3×3", "no", "bias", *"????"],
        ["wave", "1-D", "20×1×64", "no", "bias", *"????"],
    ]
    assert "? is not stated" in listed.err
    first = json.loads(convtool("kernels", "list", state, "--json").out.splitlines()[0])
    assert first["shape"] == [12, 3, 5, 5]
    assert first["stride"] is None


def test_the_convolutions_of_a_network_are_listed_with_how_they_move(convtool):
    """Without its weights."""
    listed = convtool("kernels", "list", "alexnet").out.splitlines()
    assert listed[0].split() == ["features.0", "Conv2d", "64×3×11×11", "bias", "4", "2", "1", "1"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("nothing", "is no network"), ("alexnet9", "has no network"), ("no.onnx", "no such file")],
)
def test_what_is_no_network_is_said(convtool, name, words):
    """With what was expected."""
    called = convtool("kernels", "list", name)
    assert (called.code, called.out) == (2, "")
    assert words in called.err


@pytest.mark.parametrize("layer", ["conv1", "conv2", "wave"])
def test_filters_are_drawn(convtool, state, tmp_path, layer):
    """As numbers, few of them, and all in one picture: in colour where there are three channels."""
    shown = convtool("kernels", "show", f"{state}:{layer}", "--plot", tmp_path / "a.png")
    assert shown.code == 0, shown.err
    assert f"a.pt:{layer}  " in shown.out
    assert "moves      stride 1, padding same (zeros)" in shown.out
    assert shown.out.count("output ") == 6
    assert "more; --plot FILE draws all" in shown.out
    with Image.open(tmp_path / "a.png") as picture:
        pixels = torch.tensor(list(picture.convert("RGB").getdata()))
        assert (pixels != pixels[:, :1]).any(1).float().mean() > 0.1  # not grey


def test_names_of_networks_cost_no_import():
    """Texts are told apart by their form; torch, torchvision and onnx wait for a layer's load."""
    ran = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
