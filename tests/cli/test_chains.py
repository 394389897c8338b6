"""Chains on the command line: files of all media, names, YAML, words for what is wrong."""

import json

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from torch import nn
from videos import make, read

import convtool as library
from convtool.kernels.chain import StepText, steps_of
from convtool.kernels.resolve import files
from convtool.look.report.pytorch import pytorch_code
from convtool.media.registry import MEDIA
from convtool.run.filter import Filter

YAML = """\
name: smooth-edges
summary: Edges of a smoothed image.
source: a test
dimensions: [2]
chain: ["box:size=3", "sobel-x[padding-mode=zeros]", relu]
"""


def padded_sum(image, weights, mode):
    """Return an image filtered by 3×3 weights, by NumPy."""
    ends = np.pad(image, 1, mode="edge" if mode == "replicate" else "constant")
    height, width = image.shape
    return sum(
        weight * ends[row : row + height, column : column + width]
        for (row, column), weight in np.ndenumerate(weights)
    )


@pytest.fixture
def grey(tmp_path, rng):
    """A small grey image: its path and its samples."""
    samples = rng.integers(0, 256, (40, 50), dtype=np.uint8)
    Image.fromarray(samples).save(tmp_path / "in.png")
    return tmp_path / "in.png", samples


SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def test_nothing_is_rounded_between_steps(convtool, tmp_path, grey):
    """Floats of the result are those of sums in float64."""
    path, samples = grey
    out = tmp_path / "out.npy"
    call = ["-k", "box:size=3 -> sobel-x", "--normalize", "none"]
    assert convtool("image", path, out, *call).code == 0
    smooth = padded_sum(samples / 255, np.full((3, 3), 1 / 9), "replicate")
    wanted = padded_sum(smooth, SOBEL, "replicate")
    np.testing.assert_allclose(np.load(out).squeeze(), wanted, atol=2e-6)


def test_a_kernel_file_can_be_a_chain(convtool, tmp_path, grey):
    """By its path, by its name, and as a step of another chain; flags hold for its last kernel."""
    path, samples = grey
    (tmp_path / "smooth-edges.yaml").write_text(YAML)
    smooth = padded_sum(samples / 255, np.full((3, 3), 1 / 9), "replicate")
    wanted = np.maximum(padded_sum(smooth, SOBEL, "zeros"), 0)
    for number, text in enumerate(
        ["smooth-edges", f"{tmp_path}/smooth-edges.yaml", "smooth-edges -> relu"]
    ):
        out = tmp_path / f"{number}.npy"
        call = ["-k", text, "--kernel-path", tmp_path, "--normalize", "none"]
        result = convtool("image", path, out, *call)
        assert result.code == 0, result.err
        np.testing.assert_allclose(np.load(out).squeeze(), wanted, atol=2e-6)
    assert convtool("kernels", "check", tmp_path / "smooth-edges.yaml").code == 0
    assert files("smooth-edges", [tmp_path])[0] == tmp_path / "smooth-edges.yaml"
    assert len(files("smooth-edges", [tmp_path])) == 3


def test_colours_have_their_names_and_transparency_stays(convtool, tmp_path, rng):
    """A file per channel is named by the steps; alpha is placed as the strides have it."""
    pixels = rng.integers(0, 256, (20, 30, 4), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    out = tmp_path / "out"
    assert convtool("image", tmp_path / "in.png", f"{out}/", "-k", "blur -> sharpen").code == 0
    assert {path.name for path in out.iterdir()} == {
        f"in_blur-sharpen_{name}.png" for name in "rgb"
    }
    merged = tmp_path / "merged.png"
    text = "sharpen -> max-pool:2 -> sharpen[stride=2]"
    assert convtool("image", tmp_path / "in.png", merged, "-k", text).code == 0
    result = np.asarray(Image.open(merged))
    assert result.shape == (5, 8, 4)
    np.testing.assert_array_equal(result[..., 3], pixels[::4, ::4, 3][:5, :8])


def test_a_bank_in_the_middle_has_a_channel_per_kernel(convtool, tmp_path, grey):
    """What follows it sees all of them; names tell them apart."""
    path, _ = grey
    (tmp_path / "both.yaml").write_text(
        "name: both\nsummary: a\nsource: b\nbank: [sobel-x, sobel-y]\n"
    )
    out = tmp_path / "out"
    call = ["-k", "both -> blur", "--kernel-path", tmp_path]
    assert convtool("image", path, f"{out}/", *call).code == 0
    found = {path.name for path in out.iterdir()}
    assert found == {
        "in_sobel-x+sobel-y-blur_sobel-x-l.png",
        "in_sobel-x+sobel-y-blur_sobel-y-l.png",
    }


def test_audio_has_the_rate_that_strides_leave(convtool, tmp_path, rng):
    """Kernels in hertz see the rate of their step; enlarging raises it again."""
    samples = rng.uniform(-0.5, 0.5, (4000, 2)).astype(np.float32)
    soundfile.write(tmp_path / "in.wav", samples, 16000, "FLOAT")
    out = tmp_path / "out.wav"
    text = "lowpass:cutoff=3k[stride=2] -> lowpass:cutoff=1k -> upsample:2 -> tanh"
    result = convtool("audio", tmp_path / "in.wav", out, "-k", text, "--normalize", "none")
    assert result.code == 0, result.err
    found, rate = soundfile.read(out, dtype="float32")
    assert (rate, found.shape) == (16000, (4000, 2))
    half = library.apply(
        torch.from_numpy(samples.T[None].copy()),
        "lowpass:cutoff=3k",
        rate=16000,
        stride=2,
        medium="audio",
    )
    wanted = library.apply(half, "lowpass:cutoff=1k", rate=8000, medium="audio")
    wanted = nn.Upsample(scale_factor=2)(wanted).tanh()
    np.testing.assert_allclose(found.T, wanted[0].numpy(), atol=1e-5)


def test_video_keeps_its_times(convtool, tmp_path, rng):
    """Frames that steps leave have the times that they had; two strides along time multiply."""
    frames = rng.integers(0, 256, (24, 16, 20, 3), dtype=np.uint8)
    times = [number * 512 + 100 * (number % 2) for number in range(24)]
    make(tmp_path / "in.mkv", frames, times=times, audio="flac")
    out = tmp_path / "out.mkv"
    text = "temporal-blur[stride=2,1,1] -> max-pool:2,1,1 -> upsample:1,2,2"
    result = convtool("video", tmp_path / "in.mkv", out, "-k", text, "--codec", "ffv1")
    assert result.code == 0, result.err
    assert read(out).shape == (6, 32, 40, 3)
    refused = convtool(
        "video", tmp_path / "in.mkv", tmp_path / "no.mkv", "-k", "blur -> upsample:2"
    )
    assert refused.code == 1
    assert "upsample makes no frames between others" in refused.err
    assert "hint: upsample:1,2,2" in refused.err


def test_what_looks_at_a_run_sees_the_steps(convtool, tmp_path, grey):
    """Shape, dry run, explain and --show-weights tell each."""
    path, _ = grey
    text = "gaussian:sigma=1[stride=2] -> sobel -> max-pool:2"
    shape = json.loads(convtool("shape", "40x50", "-k", text, "--json").out)
    assert shape["chain"]["receptive"] == [15, 15]
    assert shape["output"] == [1, 10, 12]
    plan = convtool("image", path, tmp_path / "o.png", "-k", text, "--dry-run").out
    assert "step 3: MaxPool2d(kernel_size=2, stride=2" in plan
    assert "receptive field: 15×15" in plan
    told = convtool("image", path, tmp_path / "o.png", "-k", text, "--show-weights").err
    assert [line.split("(")[0] for line in told.splitlines() if line[:1].isupper()] == [
        "Conv2d", "Conv2d", "MaxPool2d",
    ]  # fmt: skip
    explained = convtool("explain", path, "-k", "box:size=3 -> sobel-x", "--at", "4,5").out
    assert "a chain of 2 steps on 1 × 40×50:" in explained
    plot = tmp_path / "plot.svg"
    convtool("image", path, tmp_path / "p.png", "-k", text, "--plot", plot)
    assert "50×40 → 12×10 pixels" in plot.read_text()
    ends = convtool("explain", path, "-k", "box:size=3 -> relu")
    assert "note: the last step has no weights" in ends.err
    numbers = convtool("explain", "9 9; 0 0", "-k", "1 1 -> relu -> 1 1", "--at", "0,0").out
    assert "18  9" in numbers


def test_the_report_has_the_chain_as_pytorch(convtool, tmp_path, grey):
    """Its lines, run, give what the command gives."""
    path, samples = grey
    out = tmp_path / "o.npy"
    text = "box:size=3[stride=2] -> sobel -> relu -> max-pool:2 -> upsample:2"
    call = ["-k", text, "--normalize", "none", "--report", tmp_path / "r.html"]
    assert convtool("image", path, out, *call).code == 0
    options = MEDIA["image"].options({"kernel": (text,)})
    code = pytorch_code(Filter(options, MEDIA["image"]).layer(1), options, None)
    made = {}
    exec(code, made)  # noqa: S102  # as a reader of the page would
    result = made["chain"](torch.from_numpy(samples / np.float32(255))[None, None])
    np.testing.assert_allclose(np.load(out).squeeze(), result[0, 0].detach().numpy(), atol=2e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("blur -> ", "error: kernel 'blur -> ': a step is missing before or behind '->'"),
        ("blur[strid=2] -> sobel", "error: step 'blur' has no option 'strid'"),
        (
            "blur[stride=2,stride=3]",
            "error: kernel 'blur[stride=2,stride=3]': option 'stride' is given twice",
        ),
        ("blur[stride=x]", "error: --stride takes whole numbers from 1, not 'x'"),
        ("blur -> upsample", "error: step 'upsample': upsample takes a number, as in upsample:2"),
        ("relu:2", "error: step 'relu:2': relu takes no number"),
        ("relu[stride=2]", "error: step 'relu' has no weights, and takes no options"),
        ("max-pool:0", "error: step 'max-pool:0': max-pool takes whole numbers from 1 to 64"),
        (
            "max-pool:1,2,3",
            "error: step 'max-pool:1,2,3': max-pool takes whole numbers from 1 to 64",
        ),
        ("blur -> nothing", "error: unknown kernel 'nothing'"),
        (" -> ".join(["blur"] * 65), "error: a chain has at most 64 steps, not 65"),
    ],
)
def test_what_is_no_chain_is_told(convtool, tmp_path, grey, text, message):
    """The step that is wrong is named; nothing is written."""
    result = convtool("image", grey[0], tmp_path / "o.png", "-k", text)
    assert (result.code, result.err.splitlines()[0][: len(message)]) == (2, message)
    assert not (tmp_path / "o.png").exists()


def test_a_chain_stands_alone(convtool, tmp_path, grey):
    """Beside other kernels it would be a bank of chains; too small an input is told."""
    beside = convtool("image", grey[0], tmp_path / "o.png", "-k", "blur -> relu", "-k", "blur")
    assert (beside.code, beside.err.splitlines()[0]) == (
        2, "error: a chain does not stand beside other kernels",
    )  # fmt: skip
    small = convtool("image", grey[0], tmp_path / "o.png", "-k", "max-pool:16 -> max-pool:16")
    assert small.code == 1
    assert "the kernel spans 16×16, more than the padded input's 2×3" in small.err


def test_wet_needs_a_single_layer(convtool, tmp_path):
    """The mix of an input with a chain's result would need the delay of all steps."""
    soundfile.write(tmp_path / "in.wav", np.zeros(99), 8000)
    result = convtool(
        "audio", tmp_path / "in.wav", tmp_path / "o.wav", "-k", "1 1 -> 1 1", "--wet", "0.5"
    )
    assert "error: --wet mixes the result of one layer" in result.err.splitlines()[0]


def test_texts_are_split_where_steps_end():
    """Arrows may be typed or drawn; brackets of file names and spaces are kept."""
    assert [step.text for step in steps_of("blur→ relu ->sobel-x")] == ["blur", "relu", "sobel-x"]
    for whole in ("hall[1].wav", "0 -1 0; -1 5 -1; 0 -1 0"):
        assert steps_of(whole) == [StepText(whole)]


@pytest.mark.parametrize(
    ("sizes", "options"),
    [
        ("3x3", {}),
        ("3x3", {"padding": 1}),
        ("3x3", {"stride": 3, "padding": "valid", "output_padding": 1}),
        ("3x2", {"stride": (3, 2), "padding": 1, "output_padding": 1}),
        ("2x2", {"dilation": 2, "padding": "valid"}),
        ("4x4", {"stride": 2, "groups": 2, "padding": 1}),
    ],
    ids=["same", "pads", "output-padding", "strides", "dilations", "groups"],
)
def test_a_transposed_layer_is_that_of_pytorch(sizes, options):
    """Random weights that mix channels, as the cases of ONNX's ConvTranspose have them."""
    size = tuple(map(int, sizes.split("x")))
    tensor = torch.rand(1, 4, 6, 7)
    asked = {"kernel_size": size, "out_channels": 6, "seed": 4, "groups": 1} | options
    found = library.apply(tensor, None, transposed=True, medium="image", **asked)
    layer = MEDIA["image"].options({"transposed": True, **asked})
    module = Filter(layer, MEDIA["image"]).layer(4).module
    assert isinstance(module, nn.ConvTranspose2d)
    torch.testing.assert_close(found, module(tensor), atol=1e-5, rtol=1e-5)


def test_a_transposed_layer_is_explained_and_enlarges(convtool, tmp_path, grey):
    """Its sums are those of the input with zeros between; twice the stride is twice the size."""
    stamps = "1 2 1; 2 4 2; 1 2 1"
    call = ["-k", stamps, "--transposed", "--stride", "2"]
    told = convtool("explain", "1 2; 3 4", *call, "--at", "1,1").out
    assert told.splitlines()[1].startswith(
        "ConvTranspose2d(1, 1, kernel_size=(3, 3), stride=(2, 2)"
    )
    assert " 8  10  12  6" in told
    assert "= 10" in told.splitlines()[-1]
    shape = convtool("shape", "7x7", "--transposed", "--kernel-size", "4", "--stride", "2").out
    assert shape.splitlines()[0].endswith("→ 1 × 14×14")
    out = tmp_path / "o.png"
    assert convtool("image", grey[0], out, *call).code == 0
    assert Image.open(out).size == (100, 80)
    refused = convtool("image", grey[0], tmp_path / "no.png", *call, "--padding", "3")
    assert "error: " in refused.err
    assert "--padding of a transposed layer is at most 2" in refused.err
    unneeded = convtool("image", grey[0], tmp_path / "n.png", "-k", "blur", "--output-padding", "1")
    assert "note: --output-padding has no effect: the layer is not transposed" in unneeded.err
