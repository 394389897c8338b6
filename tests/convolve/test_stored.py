"""Stored integers, whole or in blocks, equal NumPy's sums in 64-bit integers exactly."""

import string

import cv2
import numpy as np
import pytest
import scipy.ndimage
import soundfile
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from convtool.convolve import ALGORITHMS, Convolution
from convtool.convolve.geometry import output_size, window
from convtool.convolve.stream import Stream
from convtool.errors import LayerError
from convtool.layers.build import CONVS
from convtool.levels import of

STORED = [np.uint8, np.uint16, np.int16]
PADS = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
SCIPY = {"zeros": "constant", "reflect": "mirror", "replicate": "nearest", "circular": "wrap"}
LONGEST = {1: 40, 2: 14, 3: 7}  # inputs on each axis, by dimensions


def summed(samples, weight, bias, *, pads, mode, stride, dilation, groups):
    """Return a layer's result by its definition, in the type of the numbers.

    Shape: samples (N, C, *S), weight (O, C / groups, *K), bias (O,) → (N, O, *S')
    """
    padded = np.pad(samples, [(0, 0), (0, 0), *pads], mode=PADS[mode])
    spans = [d * (k - 1) + 1 for k, d in zip(weight.shape[2:], dilation, strict=True)]
    windows = sliding_window_view(padded, spans, axis=tuple(range(2, samples.ndim)))
    starts = [slice(None, None, step) for step in stride]
    taps = [slice(None, None, step) for step in dilation]
    windows = windows[(slice(None), slice(None), *starts, *taps)]
    axes = string.ascii_lowercase[: len(spans)]
    places = axes.upper()
    results = [
        np.einsum(f"YX{places}{axes},ZX{axes}->YZ{places}", inputs, kernels)
        for inputs, kernels in zip(
            np.split(windows, groups, 1), np.split(weight, groups), strict=True
        )
    ]
    return np.concatenate(results, 1) + bias.reshape(-1, *[1] * len(spans))


def samples_of(rng, dtype, shape, *, ends):
    """Return random samples: of all levels, or only the two extremes, whose sums are largest."""
    levels = np.iinfo(dtype)
    if ends:
        return rng.choice(np.array([levels.min, levels.max], dtype), shape)
    return rng.integers(levels.min, levels.max, shape, dtype, endpoint=True)


@st.composite
def layers(draw, dtypes=STORED):
    """Draw a layer with any options, samples that may fit it, and block lengths."""
    dims = draw(st.integers(1, 3))

    def each(low, high):
        return [draw(st.integers(low, high)) for _ in range(dims)]

    groups, inputs, outputs = (draw(st.integers(1, most)) for most in (3, 2, 2))
    padding = draw(st.sampled_from(["same", "valid", "numbers"]))
    conv = CONVS[dims](
        groups * inputs,
        groups * outputs,
        each(1, 5),
        stride=[1] * dims if padding == "same" else each(1, 4),
        padding=tuple(each(0, 4)) if padding == "numbers" else padding,
        dilation=each(1, 3),
        groups=groups,
        padding_mode=draw(st.sampled_from(sorted(PADS))),
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (draw(st.integers(1, 2)), groups * inputs, *each(1, LONGEST[dims]))
    samples = samples_of(rng, draw(st.sampled_from(dtypes)), shape, ends=draw(st.booleans()))
    lengths = []
    while sum(lengths) < shape[2]:
        lengths.append(draw(st.integers(1, shape[2] - sum(lengths))))
    return conv, samples, lengths, rng


def padded_ends(conv):
    """Return the padding of each axis by PyTorch's documentation."""
    if conv.padding == "valid":
        return [(0, 0)] * len(conv.kernel_size)
    if conv.padding == "same":
        totals = [d * (k - 1) for k, d in zip(conv.kernel_size, conv.dilation, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    return [(n, n) for n in conv.padding]


def expected(conv, samples, weight, bias):
    """Return the layer's result on samples as they are stored."""
    return summed(
        samples,
        weight,
        bias,
        pads=padded_ends(conv),
        mode=conv.padding_mode,
        stride=conv.stride,
        dilation=conv.dilation,
        groups=conv.groups,
    )


def streamed(conv, samples, lengths, algorithm):
    """Return the layer's result on blocks of these lengths, in units of the samples, as float64."""
    tensor = torch.from_numpy(samples)
    run = Convolution(conv, tensor.shape[2:], of(tensor.dtype), algorithm=algorithm)
    blocks = list(Stream(window(conv), run)(torch.split(tensor, lengths, 2), last=tensor))
    return torch.cat(blocks, 2).double().numpy()


def fits(conv, samples):
    """Return whether the layer has a result for samples of this size."""
    try:
        output_size(conv, samples.shape[2:])
    except LayerError:
        return False
    return True


@pytest.mark.parametrize("algorithm", ["auto", *ALGORITHMS])
@given(case=layers(), most=st.sampled_from([1, 9, 900]))
@settings(max_examples=60, deadline=None)
def test_integer_weights_are_exact(algorithm, case, most):
    """Integer weights give exact results, for all options, dimensions and block lengths."""
    conv, samples, lengths, rng = case
    assume(fits(conv, samples))
    weight = rng.integers(-most, most, conv.weight.shape, endpoint=True)
    bias = rng.integers(-2, 2, len(weight), endpoint=True)
    conv.weight.data = torch.from_numpy(weight).float()
    conv.bias.data = torch.from_numpy(bias).float()
    scale = of(torch.from_numpy(samples).dtype).scale
    wanted = expected(conv, samples.astype(np.int64), weight, bias * scale)
    assert np.array_equal(streamed(conv, samples, lengths, algorithm), wanted)


@pytest.mark.parametrize("algorithm", ["auto", *ALGORITHMS])
@given(case=layers())
@settings(max_examples=40, deadline=None)
def test_other_weights_stay_within_the_bound(algorithm, case):
    """Other weights stay within 1e-5 × (Σ|w| + |b|) × the highest level of float64."""
    conv, samples, lengths, rng = case
    assume(fits(conv, samples))
    weight = rng.normal(size=conv.weight.shape).astype(np.float32)
    bias = rng.normal(size=len(weight)).astype(np.float32)
    conv.weight.data, conv.bias.data = torch.from_numpy(weight), torch.from_numpy(bias)
    scale = of(torch.from_numpy(samples).dtype).scale
    wanted = expected(conv, samples.astype(float), weight.astype(float), bias.astype(float) * scale)
    found = streamed(conv, samples, lengths, algorithm)
    assert found.shape == wanted.shape
    worst = np.abs(found - wanted).max((0, *range(2, found.ndim)))
    sums = np.abs(weight).reshape(len(weight), -1).sum(1) + np.abs(bias)
    assert (worst <= 1e-5 * sums * scale).all()


@pytest.mark.parametrize("mode", SCIPY)
@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("dtype", STORED)
def test_odd_kernels_equal_scipys(dtype, dims, mode, rng):
    """Odd kernels equal scipy.ndimage.correlate in float64 for every block length."""
    shape = (11, 9, 8)[:dims]
    samples = samples_of(rng, dtype, (1, 1, *shape), ends=False)
    weight = rng.integers(-9, 9, (5, 3, 5)[:dims], endpoint=True)
    wanted = scipy.ndimage.correlate(
        samples[0, 0].astype(float), weight.astype(float), mode=SCIPY[mode]
    )
    conv = CONVS[dims](1, 1, weight.shape, padding="same", padding_mode=mode, bias=False)
    conv.weight.data = torch.from_numpy(weight)[None, None].float()
    for length in range(1, 12):
        lengths = [length] * (11 // length) + ([11 % length] if 11 % length else [])
        assert np.array_equal(streamed(conv, samples, lengths, "auto")[0, 0], wanted)


def grid(weight):
    """Return a kernel as -k takes it."""
    rows = np.atleast_2d(weight)
    return "; ".join(" ".join(map(str, row)) for row in rows)


@st.composite
def calls(draw, dims):
    """Draw options of a command with their values, a kernel, and a generator of samples."""

    def each(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(dims))

    options = {
        "stride": each(1, 3),
        "dilation": each(1, 3),
        "padding": each(0, 4),
        "padding_mode": draw(st.sampled_from(sorted(PADS))),
    }
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weight = rng.integers(-2, 3, each(1, 4), endpoint=True)
    return options, weight, rng, draw(st.integers(1, 9))


def written(convtool, medium, folder, options, weight, suffix):
    """Filter a file on the command line and return the name of the output."""
    flags = []
    for name, value in options.items():
        text = value if isinstance(value, str) else ",".join(map(str, value))
        flags += [f"--{name.replace('_', '-')}", text]
    source, target = folder / f"in.{suffix}", folder / f"out.{suffix}"
    flags += ["--normalize", "clamp", "--overwrite"]
    result = convtool(medium, source, target, f"--kernel= {grid(weight)}", *flags)
    assert result.code == 0, result.err
    return target


def by_hand(samples, options, weight):
    """Return the result of a layer that filters each channel separately, clipped to the type.

    Shape: (C, *S) → (C, *S')
    """
    found = summed(
        samples[:, None].astype(np.int64),
        weight[None, None],
        np.zeros(1, np.int64),
        pads=[(n, n) for n in options["padding"]],
        mode=options["padding_mode"],
        stride=options["stride"],
        dilation=options["dilation"],
        groups=1,
    )
    levels = np.iinfo(samples.dtype)
    return found[:, 0].clip(levels.min, levels.max)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@given(case=calls(2))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_images_are_exact(convtool, tmp_path, monkeypatch, dtype, case):
    """8- and 16-bit images are filtered exactly from file to file, and clipped."""
    options, weight, rng, length = case
    samples = samples_of(rng, dtype, (17, 14, 3), ends=False)
    cv2.imwrite(str(tmp_path / "in.png"), samples)
    with monkeypatch.context() as patch:
        patch.setattr(Convolution, "length", length)
        target = written(convtool, "image", tmp_path, options, weight, "png")
    found = cv2.imread(str(target), cv2.IMREAD_UNCHANGED)
    assert found.dtype == dtype
    wanted = by_hand(np.moveaxis(samples, -1, 0), options, weight)
    assert np.array_equal(np.moveaxis(found, -1, 0), wanted)


@given(case=calls(1))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_audio_is_exact(convtool, tmp_path, monkeypatch, case):
    """16-bit audio is filtered exactly from file to file, and clipped."""
    options, weight, rng, length = case
    samples = samples_of(rng, np.int16, (50, 2), ends=False)
    soundfile.write(tmp_path / "in.wav", samples, 48000)
    with monkeypatch.context() as patch:
        patch.setattr(Convolution, "length", length)
        target = written(convtool, "audio", tmp_path, options, weight, "wav")
    found, rate = soundfile.read(target, dtype="int16", always_2d=True)
    assert rate == 48000 // options["stride"][0]
    assert np.array_equal(found.T, by_hand(samples.T, options, weight))
