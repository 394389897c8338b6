"""Formats of kernels: round trips, other programs as oracles, messages about wrong files."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
import pyvips
import scipy.ndimage
import scipy.signal
import soundfile
import torch
from conftest import ROOT

from convtool.errors import ConvtoolError, KernelError
from convtool.kernels.chain import steps_of
from convtool.kernels.formats.found import Wanted
from convtool.kernels.formats.table import FORMATS, READ, format_of
from convtool.kernels.kernel import Kernel
from convtool.kernels.resolve import dimensions, files, resolve

SHAPES = [(3, 5), (2, 4), (1, 7), (4, 1)]


def kernel(weights, dims=2, **more):
    return Kernel("k", dims, np.asarray(weights, dtype=np.float64), **more)


def write(path, one, rate=8000):
    """Write a kernel in the format of a path's suffix, and return the notes."""
    written = format_of(str(path)).write(one, Wanted(rate, path.stem))
    path.write_bytes(written.content)
    return written.notes


def responses(one, image):
    """Return what a kernel makes of an image, by scipy, whose middle of two is the second."""
    weights = one.weights
    origin = [-(1 - k % 2) for k in weights.shape]
    return scipy.ndimage.correlate(image, weights, mode="nearest", origin=origin)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("suffix", [*READ, ".yaml"])
def test_what_is_written_is_read_again(tmp_path, rng, suffix, shape):
    """The results are the same, where zeros are added to a kernel as well."""
    weights = rng.normal(size=shape)
    if suffix == ".txt":
        weights /= weights.sum()  # which ImageJ divides by
    before = kernel(weights)
    write(tmp_path / f"k{suffix}", before)
    (after,) = resolve(str(tmp_path / f"k{suffix}"), 2).kernels
    image = rng.random((12, 13))
    np.testing.assert_allclose(responses(after, image), responses(before, image), atol=1e-12)
    assert dimensions(str(tmp_path / f"k{suffix}"))[-1] == 2
    assert files(str(tmp_path / f"k{suffix}")) == [tmp_path / f"k{suffix}"]


@pytest.mark.parametrize("suffix", [".yaml", ".json", ".mat", ".safetensors", ".pt"])
def test_the_bias_is_kept_where_a_format_has_one(tmp_path, suffix):
    """It is written and read; formats without one refuse it."""
    write(tmp_path / f"k{suffix}", kernel([[1, 2, 3]], bias=0.25))
    (after,) = resolve(str(tmp_path / f"k{suffix}"), 2).kernels
    assert after.bias == 0.25
    assert after.weights.tolist() == [[1, 2, 3]]
    for other in (".txt", ".magick", ".npy"):
        with pytest.raises(KernelError, match=r"has the bias 0\.25, which .* cannot hold"):
            write(tmp_path / f"k{other}", kernel([[1, 2, 3]], bias=0.25))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("suffix", [".yaml", ".json", ".npy", ".safetensors", ".pt"])
def test_channels_are_kept_where_a_format_has_them(tmp_path, rng, suffix, dims):
    """Weights of layers come back with their axes; formats of rows and columns refuse them."""
    weights = rng.normal(size=(2, 3, *(3, 4, 5)[:dims]))
    path = tmp_path / f"k{suffix}"
    write(path, kernel(weights, dims))
    np.testing.assert_array_equal(resolve(str(path), dims).kernels[0].weights, weights)
    for other in (".mat", ".txt", ".magick"):
        with pytest.raises(KernelError, match="has rows and columns only"):
            write(tmp_path / f"k{other}", kernel(weights, dims))


def test_a_layer_of_pytorch_loads_what_is_written(tmp_path, rng):
    """A kernel with a bias is the state of an nn.Conv."""
    weights = rng.normal(size=(2, 3, 3, 3)).astype(np.float32)
    write(tmp_path / "k.pt", kernel(weights, bias=(0.5, -0.5)))
    layer = torch.nn.Conv2d(3, 2, 3)
    layer.load_state_dict(torch.load(tmp_path / "k.pt", weights_only=True))
    assert (layer.weight.detach().numpy() == weights).all()
    assert layer.bias.tolist() == [0.5, -0.5]


def test_tensors_without_names_are_told_apart(tmp_path):
    """One tensor needs no name; several do."""
    torch.save(torch.ones(3, 3), tmp_path / "a.pt")
    assert resolve(str(tmp_path / "a.pt"), 2).kernels[0].weights.shape == (3, 3)
    torch.save({"a": torch.ones(3), "b": torch.ones(3)}, tmp_path / "b.pt")
    with pytest.raises(KernelError, match="holds 2 tensors: a, b") as caught:
        resolve(str(tmp_path / "b.pt"), 1)
    assert caught.value.hint == f"choose one: {tmp_path / 'b.pt'}:a"
    torch.save({}, tmp_path / "c.pt")
    with pytest.raises(KernelError, match="holds no tensors"):
        resolve(str(tmp_path / "c.pt"), 1)


def test_impulse_responses_are_what_convolution_takes(tmp_path, rng):
    """An impulse gives the file; its rate is stated; weights beyond 1 stay."""
    causal = kernel(3 * rng.normal(size=9), 1, align="causal")
    assert write(tmp_path / "k.wav", causal) == ()
    taps, rate = soundfile.read(tmp_path / "k.wav")
    assert rate == 8000
    signal = rng.normal(size=40)
    wanted = np.correlate(np.pad(signal, (8, 0)), causal.weights, "valid")
    np.testing.assert_allclose(scipy.signal.convolve(signal, taps)[:40], wanted, atol=1e-5)
    (after,) = resolve(str(tmp_path / "k.wav"), 1, rate=8000).kernels
    np.testing.assert_allclose(after.weights, causal.weights, atol=1e-6)
    assert after.align == "causal"
    (note,) = write(tmp_path / "k.wav", kernel([1, 2, 3, 4], 1))
    assert "2 samples later" in note


def test_a_matrix_of_impulse_responses_comes_back(tmp_path, rng):
    """Channels of a file are those that are read: 1→1, 1→2, 2→1, 2→2."""
    weights = rng.normal(size=(2, 2, 5))
    write(tmp_path / "k.wav", kernel(weights, 1, align="causal"))
    (after,) = resolve(str(tmp_path / "k.wav"), 1, in_channels=2, rate=8000).kernels
    np.testing.assert_allclose(after.weights, weights, atol=1e-6)


def oracle(*names):
    """Return the first of some programs that is here, or skip."""
    found = next((name for name in names if shutil.which(name)), None)
    return found or pytest.skip(f"{' and '.join(names)} are not installed")


def run(*words):
    subprocess.run([*map(str, words)], check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Return a grey image of 16 bits, as a file and as numbers."""
    pixels = np.random.default_rng(7).integers(0, 2**16, (11, 14)).astype(">u2")
    path = tmp_path_factory.mktemp("image") / "i.pgm"
    path.write_bytes(b"P5 14 11 65535\n" + pixels.tobytes())
    return path, pixels.astype(np.float64)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_libvips_makes_the_same_of_a_matrix(tmp_path, rng, image, shape):
    """`vips conv` correlates and repeats the edges, as convtool does."""
    vips = oracle("vips")
    path, pixels = image
    one = kernel(rng.normal(size=shape), bias=10 / 255)
    write(tmp_path / "k.mat", one)
    run(vips, "conv", path, tmp_path / "o.v", tmp_path / "k.mat")
    made = pyvips.Image.new_from_file(str(tmp_path / "o.v")).numpy()
    np.testing.assert_allclose(made, responses(one, pixels) + 10, rtol=1e-4, atol=0.1)


@pytest.mark.parametrize("size", [(3, 3), (2, 4)], ids=str)
def test_a_matrix_of_libvips_means_the_same_here(tmp_path, rng, image, size):
    """Its scale, its offset and its middle are converted."""
    vips = oracle("vips")
    path, pixels = image
    rows = "\n".join(" ".join(map(str, row)) for row in rng.integers(-9, 9, size))
    (tmp_path / "k.mat").write_text(f"{size[1]} {size[0]} 4 128\n{rows}\n")
    (one,) = resolve(str(tmp_path / "k.mat"), 2).kernels
    assert one.bias == 128 / 255
    run(vips, "conv", path, tmp_path / "o.v", tmp_path / "k.mat")
    made = pyvips.Image.new_from_file(str(tmp_path / "o.v")).numpy()
    np.testing.assert_allclose(made, responses(one, pixels) + 128, rtol=1e-4, atol=0.1)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_imagemagick_makes_the_same_of_a_string(tmp_path, rng, image, shape):
    """`-morphology Convolve` convolves, about the origin that the string names."""
    magick = oracle("magick", "convert")
    path, pixels = image
    one = kernel(rng.random(shape) / np.prod(shape))
    write(tmp_path / "k.magick", one)
    string = (tmp_path / "k.magick").read_text()  # Debian's policy keeps it from reading files
    run(magick, path, "-morphology", "Convolve", string, tmp_path / "o.pgm")
    data = (tmp_path / "o.pgm").read_bytes()
    made = np.frombuffer(data[-2 * pixels.size :], ">u2").reshape(pixels.shape)
    np.testing.assert_allclose(made, responses(one, pixels), atol=1)


def test_a_string_of_imagemagick_is_a_kernel_by_itself():
    """It is flipped, `nan` and `-` are places without a weight, and the origin is kept."""
    (one,) = resolve("3x3: 1,2,3 4,5,6 7,8,9", 2).kernels
    assert one.weights.tolist() == [[9, 8, 7], [6, 5, 4], [3, 2, 1]]
    (one,) = resolve("3x1: -,1,nan", 1).kernels
    assert one.weights.tolist() == [0, 1, 0]
    (one,) = resolve("2x1+0+0: 1,2", 2).kernels  # y[n] = x[n] + 2 x[n-1]
    assert one.weights.tolist() == [[2, 1, 0]]
    assert files("2x1+0+0: 1,2") == []


def test_imagej_divides_by_the_sum(tmp_path):
    """As its 'Normalize Kernel' does; sums of 0 and 1 are left alone, and a note tells."""
    path = tmp_path / "k.txt"
    path.write_text("1 2 1\n2, 4, 2\n1\t2\t1\n")
    (one,) = resolve(str(path), 2).kernels
    assert one.weights[1].tolist() == [0.125, 0.25, 0.125]
    assert one.notes == (f"{path}: weights divided by their sum 16, as ImageJ does",)
    path.write_text("-1 2 -1\n")
    assert resolve(str(path), 2).kernels[0].notes == ()
    assert "switch 'Normalize Kernel' off" in write(path, kernel([[1, 1, 1]]))[0]
    path.write_text("3x1: 1,2,4\n")
    assert resolve(str(path), 2).kernels[0].weights.tolist() == [[4, 2, 1]]


def test_objects_of_json_are_kernel_files(tmp_path):
    """They have the same keys, and members of a bank are found beside them."""
    path = tmp_path / "k.json"
    content = {"name": "k", "convention": "convolution", "weights": {"1": [1, 2, 3]}, "bias": 0.5}
    path.write_text(json.dumps(content))
    (one,) = resolve(str(path), 1).kernels
    assert (one.weights.tolist(), one.bias) == ([3, 2, 1], 0.5)
    (tmp_path / "b.json").write_text('{"name": "b", "bank": ["sobel-x", "sobel-y"]}')
    assert len(resolve(str(tmp_path / "b.json"), 2).kernels) == 2
    assert len(files(str(tmp_path / "b.json"))) == 3
    chain = {"name": "c", "dimensions": [2], "chain": ["blur", "sobel-x"]}
    (tmp_path / "c.json").write_text(json.dumps(chain))
    assert [step.text for step in steps_of(str(tmp_path / "c.json"))] == ["blur", "sobel-x"]


WRONG = [
    ("k.mat", "3 3\n1 2 3\n1 x 3\n", "line 3: 'x' is not a number"),
    ("k.mat", "3 2\n1 2 3\n1 2\n", "line 3: 2 numbers, expected 3 as in line 2"),
    ("k.mat", "2 2\n1 2 3\n1 2 3\n", "2×3 numbers, expected 2×2 as in line 1"),
    ("k.mat", "3\n1 2 3\n", "line 1: expected the width and the height"),
    ("k.mat", "3 1 0\n1 2 3\n", "line 1: the scale is 0"),
    ("k.mat", "3 1 1 1e20\n1 2 3\n", "line 1: the offset is at most 1e[+]12"),
    ("k.mat", "MATLAB 5.0 MAT-file, Platform: GLNXA64", "is a file of MATLAB"),
    ("k.mat", "", "expected the width and the height"),
    ("k.mat", b"\xff\xfe\x00", "is not a text in UTF-8"),
    ("k.txt", "1 2\n3\n", "line 2: 1 numbers, expected 2 as in line 1"),
    ("k.txt", "\n\n", "is empty, expected rows of numbers"),
    ("k.txt", "1 nan\n", "line 1: 'nan' is not a number"),
    ("k.txt", "1 1e300\n", "weights are finite and at most"),
    ("k.magick", "hello", "is no kernel string of ImageMagick"),
    ("k.magick", "3x3: 1,2,3", "3 numbers, expected 9 for 3x3"),
    ("k.magick", "3x1>: 1,2,3", "'>' stands for rotated copies"),
    ("k.magick", "1x1: 1; 1x1: 2", "holds several kernels"),
    ("k.magick", "1x1+5+0: 1", "the origin lies outside of 1x1"),
    ("k.json", "[[1, 2]\n[3, 4]]", "line 2: is not valid JSON"),
    ("k.json", "[[1, 2], [3]]", "rows differ in length"),
    ("k.json", "[1, NaN]", "NaN is no number of JSON"),
    ("k.json", '["a"]', "weights are numbers in nested lists, not 'a'"),
    ("k.json", "7", "expected an array or an object, not '7'"),
    ("k.json", "[" * 100_000, "nested too deep"),
    ("k.json", '{"name": "k",\n "weight": 3}', "line 2: unknown key 'weight'"),
    ("k.json", "[[[[[[1]]]]]]", "weights have 1 to 5 axes, not 6"),
    ("k.npy", b"hello", "the NPY header is damaged"),
]  # fmt: skip  # one per line


@pytest.mark.parametrize(("name", "content", "said"), WRONG, ids=range(len(WRONG)))
def test_wrong_files_are_told_with_their_line(tmp_path, name, content, said):
    """The message begins with the file, and says what was found and what was expected."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(KernelError, match=said) as caught:
        resolve(str(path), 2)
    assert caught.value.message.startswith(f"{path}: ")


@pytest.mark.parametrize("suffix", list(READ))
def test_large_and_missing_files_are_refused(tmp_path, suffix):
    """A kernel is not read from what is larger than it may be."""
    path = tmp_path / f"k{suffix}"
    with pytest.raises(ConvtoolError, match="no such file"):
        resolve(str(path), 2)
    if suffix == ".npy":
        np.save(path, np.zeros((2**11, 2**10), np.uint8))
    elif suffix in (".safetensors", ".pt", ".pth"):
        torch.save(torch.zeros(1), path)
        with path.open("ab") as file:
            file.truncate(2**33)
    else:
        path.write_bytes(b"1 " * 2**22)
    with pytest.raises(KernelError, match=r"limit|expected 1 to 1048576"):
        resolve(str(path), 2)


ARRAYS = [
    np.array([1 + 2j]),
    np.array(["a"]),
    np.array(1.0),
    np.zeros((1,) * 6),
    np.array([np.inf]),
    np.zeros((0, 3)),
]


@pytest.mark.parametrize("array", ARRAYS, ids=range(len(ARRAYS)))
def test_arrays_that_are_no_weights_are_refused(tmp_path, array):
    """Complex numbers, texts, too many axes, no numbers; objects are never unpickled."""
    np.save(tmp_path / "k.npy", array)
    with pytest.raises(KernelError, match=r"expected real numbers|are finite|expected 1 to"):
        resolve(str(tmp_path / "k.npy"), 2)


def test_pickled_objects_and_truncated_arrays_are_refused(tmp_path):
    """NumPy could run code for the first."""
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(KernelError, match="object of shape"):
        resolve(str(tmp_path / "a.npy"), 2)
    np.save(tmp_path / "b.npy", np.ones((3, 3)))
    (tmp_path / "b.npy").write_bytes((tmp_path / "b.npy").read_bytes()[:-8])
    with pytest.raises(KernelError, match="ends before its last number"):
        resolve(str(tmp_path / "b.npy"), 2)


def test_formats_are_listed_once():
    """Each module says its direction and its scaling, and the page has a row for it."""
    words = [each.word for each in FORMATS]
    suffixes = [suffix for each in FORMATS for suffix in each.suffixes]
    assert len(set(words)) == len(words)
    assert len(set(suffixes)) == len(suffixes)
    folder = ROOT / "convtool" / "kernels" / "formats"
    page = (ROOT / "docs" / "kernels.md").read_text()
    for each in FORMATS:
        module = each.write.__module__.rpartition(".")[2]
        text = (folder / f"{module}.py").read_text()
        assert f"Direction: {each.direction}" in text
        assert "Scaling:" in text
        suffixes = ", ".join(f"`{suffix}`" for suffix in each.suffixes if suffix != ".yml")
        (row,) = re.findall(rf"^\| `{each.word}` \| {suffixes} \| (.*)$", page, re.MULTILINE)
        assert row.startswith((each.direction, "the same"))
    with pytest.raises(KernelError, match="no format of kernels has the suffix"):
        format_of("k.doc")
    with pytest.raises(KernelError, match="no format of kernels is called 'doc'"):
        format_of("-", "doc")
