"""Every algorithm gives the layer's own result: exact for integers, else within rounding."""

import json
import os
import shutil

import numpy as np
import pytest
import torch
from conftest import SAMPLES
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from PIL import Image
from test_stream import cases, fits, streamed, whole
from torch import nn

from convtool.convolve import ALGORITHMS, Convolution, convolve
from convtool.convolve.compiling import Compiler
from convtool.convolve.factoring import factor
from convtool.convolve.geometry import ends, output_size
from convtool.errors import LayerError, LimitError
from convtool.layers.build import CONVS
from convtool.layers.combine import combined
from convtool.levels import of

SIZES = {1: (997,), 2: (61, 83), 3: (9, 21, 23)}


def layer(kernel: torch.Tensor, channels: int = 3) -> nn.Module:
    """Return a depthwise layer with the same kernel on every channel."""
    conv = CONVS[kernel.ndim](
        channels, channels, kernel.shape, groups=channels, padding="same", bias=False
    )
    conv.weight.data = kernel.expand_as(conv.weight).clone()
    return conv


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(case=cases())
@settings(max_examples=60, deadline=None)
def test_each_algorithm_equals_the_layer(algorithm, case):
    """Each algorithm equals the layer in all dimensions, with any options, in blocks."""
    conv, tensor, length = case
    try:
        output_size(conv, tensor.shape[2:])
    except LayerError:
        reject()
    torch.testing.assert_close(
        streamed(conv, tensor, length, algorithm), whole(conv, tensor), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_float_kernels_stay_within_the_bound(algorithm, dims):
    """float32 results are within 1e-5 × Σ|w| × max|x| of float64."""
    torch.manual_seed(dims)
    conv = layer(torch.randn([9, 7, 5][:dims]))
    tensor = torch.rand(1, 3, *SIZES[dims]) - 0.5
    expected = whole(layer(conv.weight[0, 0].detach().double()), tensor.double())
    ours = Convolution(conv, SIZES[dims], of(torch.float32), algorithm=algorithm)([tensor])
    assert ours.dtype == torch.float32
    bound = 1e-5 * float(conv.weight[0].detach().abs().sum()) * float(tensor.abs().max())
    assert float((ours - expected).detach().abs().max()) <= bound


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("stored", [torch.uint8, torch.uint16])
@pytest.mark.parametrize("most", [1, 9, 900])
@pytest.mark.parametrize("size", [(3, 3), (1, 5), (7, 6)])
def test_integer_kernels_on_stored_samples_are_exact(algorithm, stored, most, size):
    """Sums of integers are exact in whichever arithmetic their size requires."""
    noise = torch.Generator().manual_seed(most)
    kernel = torch.randint(-most, most + 1, size, generator=noise).float()
    conv = layer(kernel)
    full = torch.iinfo(stored).max
    samples = torch.randint(0, full + 1, (1, 3, *SIZES[2]), generator=noise)
    expected = whole(layer(kernel.double()), samples.double())
    ours = Convolution(conv, SIZES[2], of(stored), algorithm=algorithm)([samples.to(stored)])
    assert torch.equal(ours.double(), expected)


@pytest.mark.parametrize(
    ("kernel", "algorithm", "arithmetic"),
    [
        (torch.tensor([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]), "taps", torch.int16),
        (
            torch.outer(torch.hann_window(27)[1:-1], torch.hann_window(27)[1:-1]),
            "separable",
            torch.float32,
        ),
        (torch.rand(63, 63, generator=torch.Generator().manual_seed(0)), "fft", torch.float32),
    ],
)
def test_auto_takes_the_algorithm_that_fits_the_kernel(kernel, algorithm, arithmetic):
    """Few taps, an outer product and a large kernel are each run by the algorithm made for them."""
    plan = Convolution(layer(kernel), (3000, 4000), of(torch.uint8)).plan
    assert (plan.algorithm, plan.dtype) == (algorithm, arithmetic)
    assert str(plan).startswith(f"{algorithm} (")
    assert plan.costs[algorithm] == min(plan.costs.values())


@given(
    dims=st.integers(2, 3),
    sizes=st.lists(st.integers(6, 9), min_size=3, max_size=3),
    steps=st.lists(st.integers(1, 2), min_size=3, max_size=3),
    spread=st.integers(1, 2),
    channels=st.sampled_from([1, 3, 16]),
    alike=st.booleans(),
    rows=st.integers(1, 40),
)
@settings(max_examples=40, deadline=None)
def test_passes_along_an_axis_stay_within_the_bound(
    dims, sizes, steps, spread, channels, alike, rows
):
    """Long vectors run by the depthwise forward stay within the bound for any options."""
    noise = torch.Generator().manual_seed(rows)
    kernels = []
    for _ in range(1 if alike else channels):
        kernel = torch.ones((), dtype=torch.float64)
        for size in sizes[:dims]:
            kernel = kernel[..., None] * torch.randn(size, dtype=torch.float64, generator=noise)
        kernels.append(kernel)
    conv = CONVS[dims](
        channels,
        channels,
        sizes[:dims],
        stride=steps[:dims],
        dilation=spread,
        groups=channels,
        padding=4,
        bias=False,
    )
    conv.weight.data = torch.stack(kernels)[:, None].float().expand_as(conv.weight).clone()
    tensor = torch.rand(1, channels, *(rows + 12, 21, 14)[:dims], generator=noise)
    run = Convolution(conv, tensor.shape[2:], of(tensor.dtype), algorithm="separable")
    worst = (
        (run([tensor]) - whole(conv.double(), tensor.double()))
        .detach()
        .abs()
        .amax((0, *range(2, dims + 2)))
    )
    assert bool((worst <= 1e-5 * conv.weight.detach().abs().flatten(1).sum(1)).all())


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs g++")
def test_compiled_taps_give_the_same_result():
    """--compile fuses the taps of float kernels into one loop, for blocks of any size."""
    torch.manual_seed(0)
    conv = nn.Conv2d(2, 4, (3, 2), stride=(1, 2), dilation=2, groups=2).double()
    tensor = torch.rand(1, 2, 40, 33, dtype=torch.float64)
    run = Convolution(conv, (40, 33), of(torch.float64), algorithm="taps", compiler=Compiler())
    assert "compiled" in str(run.plan)
    for rows in (40, 17):
        part = tensor[:, :, :rows]
        torch.testing.assert_close(
            run([part], [(0, 0), (0, 0)]), whole(conv, part), rtol=0, atol=1e-12
        )
    sharpen = torch.tensor([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]])
    assert "compiled" not in str(
        Convolution(layer(sharpen), (40, 33), of(torch.uint8), compiler=Compiler()).plan
    )


def test_without_a_compiler_the_layer_runs_as_it_is(convtool, program, tmp_path):
    """Without a C++ compiler, a note says that --compile needs one; the result is the same."""
    command = ("image", SAMPLES / "chart.jpg", tmp_path / "out.png", "-k", "0.3 0.7 0.1")
    no_compiler = {
        "CXX": str(tmp_path / "none"),
        "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache"),
    }
    command = (*command, "--algorithm", "taps", "--normalize", "clamp", "--overwrite")
    assert convtool(*command).code == 0
    plain = (tmp_path / "out.png").read_bytes()
    result = program(*command, "--compile", env={**os.environ, **no_compiler})
    assert result.returncode == 0
    assert b"not compiled, as --compile needs a C++ compiler such as g++: " in result.stderr
    assert (tmp_path / "out.png").read_bytes() == plain


def test_a_compiler_that_failed_is_not_asked_again(monkeypatch):
    """All layers of a run share a compiler: one failure and one note are enough."""
    asked = []

    def missing(*_arguments, **_options):
        asked.append(1)
        raise ImportError("no module named triton")

    monkeypatch.setattr(torch, "compile", missing)
    compiler, tensor = Compiler(), torch.rand(1, 2, 40, 33, dtype=torch.float64)
    conv = nn.Conv2d(2, 2, 3).double()
    for rows in (40, 17, 40):
        part = tensor[:, :, :rows]
        run = Convolution(conv, (rows, 33), of(torch.float64), algorithm="taps", compiler=compiler)
        for _ in range(2):
            torch.testing.assert_close(run([part], [(0, 0), (0, 0)]), whole(conv, part))
    assert len(asked) == 1
    assert compiler.notes == (
        "not compiled, as --compile needs a C++ compiler such as g++: no module named triton",
    )


def test_auto_takes_the_stock_forward_for_dense_banks():
    """`auto` takes PyTorch's own forward for many dense channels."""
    assert (
        Convolution(nn.Conv2d(64, 64, 3), (500, 500), of(torch.float32)).plan.algorithm == "direct"
    )


@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_factors_sum_to_the_kernel(dims, rank, seed):
    """A sum of outer products is factored into at most as many, within rounding."""
    noise = torch.Generator().manual_seed(seed)
    kernel = torch.zeros([5, 4, 3][:dims], dtype=torch.float64)
    for _ in range(rank):
        term = torch.ones((), dtype=torch.float64)
        for length in kernel.shape:
            term = term[..., None] * torch.randn(length, dtype=torch.float64, generator=noise)
        kernel += term
    terms, total = factor(kernel, 1e-12, 16), torch.zeros_like(kernel)
    for term in terms:
        product = term[0]
        for vector in term[1:]:
            product = product[..., None] * vector
        total += product
    assert float((total - kernel).abs().sum()) <= 1e-11 * float(kernel.abs().sum())
    if dims < 3:
        assert len(terms) <= (rank if dims == 2 else 1)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("part", [1 / 27, 1 / 5, 3 / 5])
def test_out_of_memory_halves_the_block(algorithm, part):
    """If memory runs out, the block is halved, and the result stays the same."""
    conv = nn.Conv2d(3, 4, 5, stride=2, padding=1).double()
    tensor = torch.rand(1, 3, 60, 31, dtype=torch.float64)
    ready = Convolution(conv, (60, 31), of(torch.float64), algorithm=algorithm)
    most = max(1, int(part * min(ready.plan.block.rows, 27)))
    refused = []

    def small(responses):
        rows = responses.shape[3]
        if rows > most:
            refused.append(rows)
            raise torch.OutOfMemoryError
        return responses.flatten(1, 2)

    pads = ends(conv)
    inner = tensor.narrow(2, 0, 59)
    expected = whole(conv, tensor)[:, :, 1:28]
    ours = ready([inner[:, :, 1:]], [(0, 0), pads[1]], [small])
    assert refused
    torch.testing.assert_close(ours, expected[:, :, : ours.shape[2]], rtol=0, atol=1e-12)
    assert ours.shape[2] == 27


def test_out_of_memory_halves_a_frame():
    """If memory runs out in a layer run frame by frame, the rows of a frame are halved."""
    conv = nn.Conv3d(2, 3, (1, 3, 3)).double()
    tensor = torch.rand(1, 2, 3, 40, 9, dtype=torch.float64)
    rows = []

    def small(responses):
        rows.append(responses.shape[4])
        if rows[-1] > 12:
            raise torch.OutOfMemoryError
        return responses.flatten(1, 2)

    ours = Convolution(conv, (3, 40, 9), of(torch.float64))([tensor], None, [small])
    torch.testing.assert_close(ours, whole(conv, tensor), rtol=0, atol=1e-12)
    assert max(rows) > 12


def test_out_of_memory_for_one_row_is_an_error():
    """If a single output does not fit into memory, the message suggests a way out."""
    ready = Convolution(nn.Conv2d(1, 1, 3), (9, 9), of(torch.float32))

    def never(_):
        raise torch.OutOfMemoryError

    with pytest.raises(LimitError, match="not enough memory"):
        ready([torch.zeros(1, 1, 9, 9)], [(0, 0), (0, 0)], [never])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("size", [(61,), (40, 1500), (3, 60, 300)])
@pytest.mark.parametrize("kernel", [1, 3])
def test_the_epilogue_is_applied_to_each_strip(algorithm, size, kernel):
    """The steps of an epilogue run in order, may write to their argument, and see all axes."""
    dims = len(size)
    conv = CONVS[dims](4, 8, (kernel, 3, 3)[:dims], groups=2, padding="same").double()
    tensor = torch.rand(2, 4, *size, dtype=torch.float64)
    seen = []

    def total(responses):
        seen.append(responses.shape)
        return responses.sum(1)

    ready = Convolution(conv, size, of(torch.float64), algorithm=algorithm)
    ours = ready([tensor], None, [total, lambda sums: sums.mul_(2), torch.Tensor.float])
    expected = 2 * whole(conv, tensor).unflatten(1, (2, 4)).sum(1)
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, expected.float())
    assert {(len(shape), *shape[:3]) for shape in seen} == {(dims + 3, 1, 2, 4)}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_results_do_not_change_with_the_next_block(algorithm):
    """No result shares memory with the buffers that later blocks reuse."""
    conv = nn.Conv2d(2, 2, 3).double()
    blocks = torch.rand(2, 1, 2, 12, 13, dtype=torch.float64)
    ready = Convolution(conv, (12, 13), of(torch.float64), algorithm=algorithm)
    for epilogue in ((), [lambda responses: responses.flatten(1, 2)]):
        results = [ready([block], None, epilogue) for block in blocks]
        for result, block in zip(results, blocks, strict=True):
            torch.testing.assert_close(result, whole(conv, block), rtol=0, atol=1e-12)


@given(case=cases())
@settings(max_examples=200, deadline=None)
def test_convolve_is_the_layers_own_forward(case):
    """`convolve` gives or refuses what the layer does, on any float tensor and options.

    The stock forward takes no float32 in a float64 layer, so that the engine is run on it.
    """
    conv, tensor, _ = case
    if not fits(conv, tensor.shape[2:]):
        with pytest.raises(LayerError):
            convolve(conv, tensor)
        return
    for given_tensor in (tensor, tensor.float()):
        ours = convolve(conv, given_tensor)
        assert ours.dtype == torch.float64
        assert not ours.requires_grad
        expected = conv(given_tensor.double()).detach()
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-12)


@given(
    case=cases(),
    stored=st.sampled_from([torch.uint8, torch.uint16, torch.int16, torch.int32]),
    integral=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_convolve_takes_stored_integers_as_numbers(case, stored, integral):
    """`convolve` takes integers as numbers: biases are unscaled, integer weights exact."""
    conv, tensor, _ = case
    if not fits(conv, tensor.shape[2:]):
        return
    if integral:
        for parameter in conv.parameters():
            parameter.data = (parameter.data * 20).round()
    limits = torch.iinfo(stored)
    numbers = torch.where(tensor < 0, tensor * -2.0 * limits.min, tensor * 2.0 * limits.max)
    samples = numbers.round().clamp(limits.min, limits.max).to(stored)
    expected = conv(samples.double()).detach()
    rounding = 0 if integral else 1e-12 * float(expected.abs().max())
    torch.testing.assert_close(convolve(conv, samples), expected, rtol=0, atol=rounding)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_convolve_keeps_the_memory_format(layout, dtype):
    """`convolve` returns the memory format of its input, by any algorithm."""
    tensor = torch.rand(2, 3, 20, 30, dtype=dtype).contiguous(memory_format=layout)
    ours = convolve(nn.Conv2d(3, 4, 3), tensor)
    assert ours.is_contiguous(memory_format=layout)


def test_convolve_of_an_empty_batch_is_empty():
    """`convolve` of an empty batch is empty, as in the layer's own forward."""
    assert convolve(nn.Conv1d(2, 3, 3), torch.zeros(0, 2, 9)).shape == (0, 3, 7)


def test_convolve_runs_long_inputs_in_blocks(monkeypatch):
    """`convolve` runs long inputs in blocks, so that memory is bounded."""
    conv = nn.Conv1d(1, 1, 4001, padding="same")
    lengths = []
    run = Convolution.__call__

    def counted(self, pieces, *arguments):
        lengths.append(sum(piece.shape[2] for piece in pieces))
        return run(self, pieces, *arguments)

    monkeypatch.setattr(Convolution, "__call__", counted)
    convolve(conv, torch.rand(1, 1, 4 * 2**20))
    assert len(lengths) > 1
    assert max(lengths) < 3 * 2**20


@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [
        ((3, 8, 8), torch.float32, r"Conv2d takes a tensor of 4 axes, not of shape \(3, 8, 8\)"),
        ((1, 3, 4, 8, 8), torch.float32, "Conv2d takes a tensor of 4 axes"),
        ((1, 4, 8, 8), torch.float32, "the layer takes 3 channels, not 4"),
        ((1, 3, 8, 8), torch.int64, "a layer takes floats, or uint8, .* not torch.int64"),
        ((1, 3, 2, 8), torch.float32, "the kernel spans 3×3"),
    ],
)
def test_convolve_says_why_a_tensor_does_not_fit(shape, dtype, message):
    """`convolve` refuses a tensor that does not fit with a message, before it runs anything."""
    with pytest.raises(LayerError, match=message):
        convolve(nn.Conv2d(3, 3, 3), torch.zeros(shape, dtype=dtype))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_combines_are_torchs_reductions(count):
    """Each way to combine kernels equals the torch reduction of the same meaning."""
    responses = torch.randn(2, count, 5, 6, dtype=torch.float64)
    expected = {
        "magnitude": torch.linalg.vector_norm(responses, dim=1),
        "max": responses.amax(1),
        "sum": responses.sum(1),
    }
    for name, wanted in expected.items():
        torch.testing.assert_close(combined(name, responses, 1), wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kernel", ["sobel-x", "sharpen"])
def test_the_written_image_does_not_depend_on_the_algorithm(convtool, tmp_path, kernel):
    """--algorithm does not change a bit of the image; --dry-run and --verbose name the one used."""
    written = set()
    for algorithm in ("auto", *ALGORITHMS):
        target = tmp_path / f"{algorithm}.png"
        arguments = ("image", SAMPLES / "chart.jpg", target, "-k", kernel, "--algorithm", algorithm)
        plan = json.loads(convtool(*arguments, "--dry-run", "--json").out)["plan"]["algorithm"]
        assert plan in (ALGORITHMS if algorithm == "auto" else (algorithm,))
        result = convtool(*arguments, "--verbose")
        assert result.code == 0, result.err
        assert f" s by {plan}\n" in result.err
        written.add(target.read_bytes())
    assert len(written) == 1


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_near(convtool, tmp_path, dtype):
    """With --dtype float16 or bfloat16, the result stays within a few levels."""
    for name, options in (("exact", ()), ("half", ("--dtype", dtype))):
        result = convtool(
            "image", SAMPLES / "chart.jpg", tmp_path / f"{name}.png", "-k", "blur", *options
        )
        assert result.code == 0, result.err
    exact, half = (
        np.asarray(Image.open(tmp_path / f"{name}.png")).astype(int) for name in ("exact", "half")
    )
    assert 0 < np.abs(exact - half).max() <= 4


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_nan_spreads_as_in_the_stock_forward(dtype, value):
    """A large kernel is run by FFT, which would spread one NaN over its tile."""
    conv = nn.Conv2d(1, 1, 31, bias=False)
    tensor = torch.rand(1, 1, 300, 300, dtype=dtype)
    tensor[0, 0, 150, 150] = value
    expected = conv(tensor.float())
    result = convolve(conv, tensor)
    assert torch.equal(result.isfinite(), expected.isfinite())
    assert int((~result.isfinite()).sum()) == 31 * 31
