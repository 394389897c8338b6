"""Audio: samples are kept exactly, filters match theory, bad files are refused with a reason."""

import io
import json
import re
import shutil
import subprocess
import sys
import wave
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from conftest import SAMPLES, covering, peak
from scipy import signal

import convtool as package
from convtool.block import Block
from convtool.convolve import Convolution
from convtool.convolve.geometry import Placement, window
from convtool.errors import ReadError, UsageError, WriteError
from convtool.kernels import generators
from convtool.media.audio import BACKEND, families
from convtool.media.audio.ffmpeg.decoder import TrackDecoder
from convtool.media.audio.subtypes import INT16, INT24
from convtool.media.contract import Tile, Wanted
from convtool.media.inputs import opened
from convtool.options.output import AudioOutput
from convtool.options.reading import AudioReading

RATE = 44100


def write(path, samples, rate=RATE, **options):
    """Write samples (L, C) and return the path."""
    soundfile.write(path, samples, rate, **options)
    return path


def read(path, dtype="float64"):
    """Return a file's samples. Shape: (L, C)"""
    return soundfile.read(path, dtype=dtype, always_2d=True)[0]


@pytest.fixture
def noise(rng):
    """Return a function that returns noise of a length and channels, exact in float32."""
    return lambda length, channels=1: (
        rng.uniform(-0.5, 0.5, (length, channels)).astype(np.float32).astype(float)
    )


def every_level(bits, shift):
    """Return integers for libsndfile: all up to 16 bits, else a sample and both extremes."""
    full = 2 ** (bits - 1)
    levels = (
        np.arange(-full, full)
        if bits <= 16
        else np.random.default_rng(1).integers(-full, full, 5000)
    )
    levels[:2] = -full, full - 1
    return (levels << shift).astype(np.int32 if bits > 16 else np.int16).reshape(-1, 2)


WHOLE = {
    "PCM_U8": (8, 8),
    "PCM_S8": (8, 8),
    "PCM_16": (16, 0),
    "PCM_24": (24, 8),
    "PCM_32": (32, 0),
    "ALAC_16": (16, 0),
}
LOSSLESS = [
    ("wav", "PCM_U8"),
    ("wav", "PCM_16"),
    ("wav", "PCM_24"),
    ("wav", "PCM_32"),
    ("aiff", "PCM_S8"),
    ("aiff", "PCM_24"),
    ("flac", "PCM_S8"),
    ("flac", "PCM_16"),
    ("flac", "PCM_24"),
    ("caf", "PCM_32"),
    ("caf", "ALAC_16"),
    ("au", "PCM_16"),
    ("w64", "PCM_24"),
    ("rf64", "PCM_16"),
]


@pytest.mark.parametrize(("suffix", "subtype"), LOSSLESS)
def test_identity_keeps_every_level(convtool, tmp_path, suffix, subtype):
    """Integers of every size are kept bit for bit, including both ends of the scale."""
    levels = every_level(*WHOLE[subtype])
    source = write(
        tmp_path / f"in.{suffix}",
        levels,
        subtype=subtype,
        format="RF64" if suffix == "rf64" else None,
    )
    result = convtool("audio", source, tmp_path / f"out.{suffix}", "-k", "identity")
    assert result.code == 0, result.err
    assert "clipped" not in result.err
    dtype = str(levels.dtype)
    assert np.array_equal(read(source, dtype), levels)
    assert np.array_equal(read(tmp_path / f"out.{suffix}", dtype), levels)
    assert soundfile.info(tmp_path / f"out.{suffix}").subtype == subtype


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_identity_keeps_floats(convtool, tmp_path, rng, subtype):
    """Floats are kept exactly, even beyond ±1."""
    samples = rng.normal(0, 2, (1000, 3)).astype(np.float32 if subtype == "FLOAT" else np.float64)
    source = write(tmp_path / "in.wav", samples, subtype=subtype)
    assert convtool("audio", source, tmp_path / "out.wav", "-k", "identity").code == 0
    assert np.array_equal(read(tmp_path / "out.wav"), read(source))
    assert soundfile.info(tmp_path / "out.wav").subtype == subtype


def test_identity_keeps_companded_samples(convtool, tmp_path, noise):
    """µ-law and A-law decode to integers that encode to the same bytes."""
    for subtype in ("ULAW", "ALAW"):
        source = write(tmp_path / "in.wav", noise(2000), subtype=subtype)
        assert (
            convtool("audio", source, tmp_path / "out.wav", "-k", "identity", "--overwrite").code
            == 0
        )
        assert np.array_equal(read(tmp_path / "out.wav"), read(source))


def test_a_sum_of_two_samples_is_exact(convtool, tmp_path, rng):
    """Integer kernels give exact sums of integer samples; the oracle is the wave module."""
    levels = rng.integers(-16000, 16000, 3000).astype(np.int16)
    source = write(tmp_path / "in.wav", levels)
    assert convtool("audio", source, tmp_path / "out.wav", "-k", "1 1").code == 0
    with wave.open(str(tmp_path / "out.wav")) as file:
        out = np.frombuffer(file.readframes(5000), np.int16)
    following = np.append(levels[1:], 0).astype(int)
    assert np.array_equal(out, np.clip(levels + following, -32768, 32767))


def test_corpus_identity(convtool, corpus, tmp_path):
    """Every good lossless file is kept bit for bit."""
    checked = 0
    for path in sorted((corpus / "good" / "audio").iterdir()):
        if path.suffix not in (".wav", ".flac"):
            continue
        out = tmp_path / f"{path.stem}{path.suffix}"
        assert convtool("audio", path, out, "-k", "identity").code == 0
        assert np.array_equal(read(out, "int32"), read(path, "int32"))
        assert soundfile.info(out).subtype == soundfile.info(path).subtype
        checked += 1
    assert checked >= 8


# --- filters -------------------------------------------------------------------------------------


def expected(samples, taps, length, align):
    """Return SciPy's convolution in float64. Shape: (L, C), (K,)"""
    full = signal.oaconvolve(samples, taps[:, None], "full", axes=0)
    n, k = len(samples), len(taps)
    start = 0 if align == "causal" else k - 1 - (k - 1) // 2
    return {"full": full, "valid": full[k - 1 : n], "same": full[start : start + n]}[length]


@pytest.mark.parametrize(
    ("channels", "k", "length", "align"),
    covering([1, 6], [1, 2, 33, 64], ["same", "full", "valid"], ["centre", "causal"]),
)
def test_equals_scipy(convtool, tmp_path, noise, rng, monkeypatch, channels, k, length, align):
    """Results equal scipy's in float64 for block lengths around the kernel's."""
    samples = noise(250, channels)
    taps = (rng.uniform(-1, 1, k) / k).astype(np.float32).astype(float)
    source = write(tmp_path / "in.wav", samples, subtype="DOUBLE")
    response = write(tmp_path / "ir.wav", taps, subtype="DOUBLE")
    wanted = expected(samples, taps, length, align)
    for block in {1, max(1, k - 1), k, k + 1, 65536}:
        monkeypatch.setattr(Convolution, "length", block)
        out = tmp_path / f"out{block}.wav"
        result = convtool(
            "audio", source, out, "-k", response, "--length", length, "--align", align
        )
        assert result.code == 0, result.err
        assert read(out).shape == wanted.shape
        assert np.abs(read(out) - wanted).max() <= 1e-6
    if (length, align) == ("same", "causal"):
        assert np.abs(signal.lfilter(taps, 1, samples, axis=0) - wanted).max() <= 1e-6


@pytest.mark.parametrize("k", [255, 65535])
def test_equals_scipy_over_many_blocks(convtool, tmp_path, noise, rng, k):
    """Long kernels, which run by FFT, equal scipy's over many blocks."""
    samples = noise(300_000, 2)
    taps = (rng.normal(size=k) / k).astype(np.float32).astype(float)
    source = write(tmp_path / "in.wav", samples, subtype="FLOAT")
    response = write(tmp_path / "ir.wav", taps, subtype="DOUBLE")
    result = convtool(
        "audio", source, tmp_path / "out.wav", "-k", response, "--length", "full", "--verbose"
    )
    assert "fft" in result.err
    assert (
        np.abs(read(tmp_path / "out.wav") - expected(samples, taps, "full", "causal")).max() <= 1e-6
    )


def test_an_impulse_comes_out_as_the_impulse_response(convtool, tmp_path, rng):
    """An impulse gives the impulse response, sample for sample, from its position on."""
    taps = rng.uniform(-1, 1, 500).astype(np.float32)
    impulse = np.zeros(2000, np.float32)
    impulse[700] = 1
    source = write(tmp_path / "in.wav", impulse, subtype="FLOAT")
    response = write(tmp_path / "hall.wav", taps, subtype="FLOAT")
    assert (
        convtool("audio", source, tmp_path / "out.wav", "-k", response, "--algorithm", "taps").code
        == 0
    )
    out = read(tmp_path / "out.wav", "float32")[:, 0]
    assert np.array_equal(out[700:1200], taps)
    assert not out[:700].any()
    assert not out[1200:].any()


def gain(taps, hertz, rate=RATE):
    """Return SciPy's magnitude response in dB."""
    return 20 * np.log10(np.abs(signal.freqz(taps, worN=[hertz], fs=rate)[1][0]))


@pytest.mark.parametrize(
    ("kernel", "cutoff", "kept", "gone"),
    [
        ("lowpass:cutoff=1000", 1000, -1, 1),
        ("highpass:cutoff=1000", 1000, 1, -1),
        ("highpass:cutoff=80", 80, 1, -1),
        ("lowpass:cutoff=1000,taps=255", 1000, -1, 1),
        ("lowpass:cutoff=1khz,width=200", 1000, -1, 1),
        ("lowpass:cutoff=1000,window=blackman", 1000, -1, 1),
        ("highpass:cutoff=5000,window=kaiser", 5000, 1, -1),
    ],
)
def test_filters_have_the_documented_response(convtool, tmp_path, kernel, cutoff, kept, gone):
    """−6 dB at the cutoff, flat one transition width inside, below −50 dB one width outside."""
    impulse = np.zeros(30001)
    impulse[15000] = 1
    source = write(tmp_path / "in.wav", impulse, subtype="DOUBLE")
    assert convtool("audio", source, tmp_path / "out.wav", "-k", kernel).code == 0
    response = read(tmp_path / "out.wav")[:, 0]
    window = re.search(r"window=(\w+)", kernel)
    factor = generators.WINDOWS[window[1] if window else "hamming"]
    width = generators.transition_width([cutoff], RATE / 2)
    if "taps" in kernel:
        width = factor * RATE / 255
    if "width" in kernel:
        width = 200
    assert gain(response, cutoff) == pytest.approx(-6, abs=0.5)
    assert abs(gain(response, cutoff + kept * width)) <= 0.1
    assert gain(response, cutoff + gone * width) <= -50


def test_band_filters(convtool, tmp_path):
    """A bandpass keeps the band that a bandstop removes."""
    impulse = np.zeros(8001)
    impulse[4000] = 1
    source = write(tmp_path / "in.wav", impulse, subtype="DOUBLE")
    for kernel, inside, outside in (("bandpass", 0, -50), ("bandstop", -50, 0)):
        out = tmp_path / f"{kernel}.wav"
        assert convtool("audio", source, out, "-k", f"{kernel}:low=300,high=3400").code == 0
        response = read(out)[:, 0]
        for hertz in (1000, 2000):
            assert (
                (abs(gain(response, hertz)) < 0.1)
                if inside == 0
                else (gain(response, hertz) < inside)
            )
        for hertz in (100, 5000):
            assert (
                (abs(gain(response, hertz)) < 0.1)
                if outside == 0
                else (gain(response, hertz) < outside)
            )


@pytest.mark.parametrize(
    ("kernel", "code", "message"),
    [
        ("lowpass:cutoff=30000", 1, "cutoff=30000 must be below 22050 Hz, half of the sample rate"),
        ("lowpass:taps=99,width=100", 2, "taps cannot be combined with width"),
        ("bandpass:low=3000,high=300", 2, "low=3000 must be below high=300"),
        (
            "lowpass:window=round",
            2,
            "window takes boxcar, hann, hamming, blackman, kaiser, not 'round'",
        ),
        ("highpass:taps=100", 2, "taps=100: a highpass needs an odd number of taps"),
        ("lowpass:cutoff=1ms", 2, "Hz"),
        ("moving-average:ms=9999999", 2, "outside"),
    ],
)
def test_impossible_filters_are_refused(convtool, tmp_path, kernel, code, message):
    """The message names the parameter and its range."""
    source = write(tmp_path / "in.wav", np.zeros(100))
    result = convtool("audio", source, tmp_path / "out.wav", "-k", kernel)
    assert result.code == code
    assert message in result.err
    assert not (tmp_path / "out.wav").exists()


def test_a_rate_too_low_for_a_filter_stops_that_file_only(convtool, tmp_path):
    """A rate that is too low for a filter is an error of that file only."""
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "a.wav", np.zeros(100), 1000)
    write(tmp_path / "in" / "b.wav", np.zeros(100), 8000)
    result = convtool(
        "audio", tmp_path / "in", tmp_path / "out", "-k", "lowpass:cutoff=1000", "--merge"
    )
    assert result.code == 1
    assert [path.name[:1] for path in (tmp_path / "out").glob("*.wav")] == ["b"]


@pytest.mark.parametrize(
    "kernel", ["lowpass:cutoff=1000", "moving-average:ms=1", "identity", "gaussian:sigma=9"]
)
def test_a_centred_filter_does_not_move_a_click(convtool, tmp_path, kernel):
    """A centred filter keeps a click in place; a causal one delays it by half the kernel."""
    click = np.zeros(5001)
    click[2500] = 1
    source = write(tmp_path / "in.wav", click, subtype="DOUBLE")
    assert convtool("audio", source, tmp_path / "c.wav", "-k", kernel).code == 0
    centred = read(tmp_path / "c.wav")[:, 0]
    assert (centred * np.arange(5001)).sum() / centred.sum() == pytest.approx(2500, abs=1e-3)
    planned = convtool(
        "audio", source, tmp_path / "d.wav", "-k", kernel, "--align", "causal", "--dry-run"
    ).out
    latency = int(re.search(r"latency: (\d+) samples", planned)[1])
    assert (
        convtool("audio", source, tmp_path / "d.wav", "-k", kernel, "--align", "causal").code == 0
    )
    causal = read(tmp_path / "d.wav")[:, 0]
    assert (causal * np.arange(5001)).sum() / causal.sum() == pytest.approx(
        2500 + latency, abs=1e-3
    )


def test_moving_average_and_echo_in_milliseconds(convtool, tmp_path):
    """Milliseconds are converted at the rate of the file."""
    click = np.zeros(2000)
    click[500] = 1
    source = write(tmp_path / "in.wav", click, 1000, subtype="DOUBLE")
    assert convtool("audio", source, tmp_path / "m.wav", "-k", "moving-average:ms=5").code == 0
    assert np.flatnonzero(read(tmp_path / "m.wav")).tolist() == [498, 499, 500, 501, 502]
    assert (
        convtool("audio", source, tmp_path / "e.wav", "-k", "echo:delay=250ms,gain=0.4").code == 0
    )
    echoed = read(tmp_path / "e.wav")[:, 0]
    assert np.flatnonzero(echoed).tolist() == [500, 750]
    assert echoed[[500, 750]] == pytest.approx([1, 0.4])


@pytest.mark.parametrize("align", [[], ["--align", "causal"], ["--align", "centre"]])
@pytest.mark.parametrize("length", ["same", "full"])
@pytest.mark.parametrize("kernel", ["lowpass:cutoff=500,taps=101", "hall.wav", "random"])
def test_wet_mixes_with_the_input_delayed_to_match(
    convtool, tmp_path, noise, rng, monkeypatch, kernel, length, align
):
    """--wet mixes with the input, delayed by the latency of the kernel."""
    monkeypatch.chdir(tmp_path)
    samples = noise(1000, 2)
    source = write(tmp_path / "in.wav", samples, 8000, subtype="DOUBLE")
    write(tmp_path / "hall.wav", rng.uniform(-1, 1, 80), 8000, subtype="DOUBLE")
    options = [
        "--length",
        length,
        *align,
        *(["--seed", "3"] if kernel == "random" else ["-k", kernel]),
    ]
    out = {}
    for wet in ("1", "0", "0.3"):
        assert convtool("audio", source, f"w{wet}.wav", *options, "--wet", wet).code == 0
        out[wet] = read(tmp_path / f"w{wet}.wav")
    assert np.abs(out["0.3"] - (0.3 * out["1"] + 0.7 * out["0"])).max() < 1e-6
    planned = convtool("audio", source, "p.wav", *options, "--dry-run").out
    latency = int(re.search(r"latency: (-?\d+) samples", planned)[1])
    delayed = np.zeros_like(out["0"])
    n = len(delayed)
    first, last = max(0, latency), min(n, latency + 1000)
    delayed[first:last] = samples[first - latency : last - latency]
    assert np.abs(out["0"] - delayed).max() < 1e-6


def test_wet_needs_an_input_for_each_output(convtool, tmp_path, noise):
    """--wet is refused if outputs have no corresponding input channels."""
    source = write(tmp_path / "in.wav", noise(100, 2))
    for options in (["--out-channels", "3"], ["-k", "blur", "--groups", "1"]):
        result = convtool("audio", source, tmp_path / "out.wav", "--wet", "0.5", *options)
        assert result.code == 1
        assert "--wet" in result.err


# --- channels ------------------------------------------------------------------------------------


def test_a_folder_gets_one_file_per_channel(convtool, tmp_path, noise):
    """Channel files are named left and right, mono, or by number."""
    for channels, names in ((1, ["mono"]), (2, ["left", "right"]), (3, ["1", "2", "3"])):
        samples = noise(50, channels)
        source = write(tmp_path / f"in{channels}.wav", samples, subtype="FLOAT")
        assert convtool("audio", source, f"{tmp_path}/out{channels}/", "-k", "identity").code == 0
        for channel, name in enumerate(names):
            out = read(tmp_path / f"out{channels}" / f"in{channels}_identity_{name}.wav")
            assert np.array_equal(out[:, 0], samples[:, channel])


def test_a_random_layer_keeps_the_number_of_channels(convtool, tmp_path, noise):
    """A random layer mixes all channels, as nn.Conv1d with the printed seed does."""
    samples = noise(300, 2)
    source = write(tmp_path / "in.wav", samples, subtype="DOUBLE")
    result = convtool("audio", source, tmp_path / "out.wav")
    seed = int(re.search(r"seed: (\d+)", result.err)[1])
    torch.manual_seed(seed)
    conv = torch.nn.Conv1d(2, 2, 3, padding=1).double()
    wanted = conv(torch.from_numpy(samples.T)[None])[0].T.detach().numpy()
    assert np.abs(read(tmp_path / "out.wav") - wanted).max() < 1e-6
    result = convtool("audio", source, tmp_path / "four.wav", "--out-channels", "4", "--seed", "1")
    assert read(tmp_path / "four.wav").shape == (300, 4)


def test_mid_side_and_back(convtool, tmp_path, noise):
    """A channel matrix and its inverse give the input."""
    samples = noise(200, 2)
    source = write(tmp_path / "in.wav", samples, subtype="DOUBLE")
    assert convtool("audio", source, tmp_path / "ms.wav", "-k", "mid-side").code == 0
    assert np.allclose(read(tmp_path / "ms.wav")[:, 1], (samples[:, 0] - samples[:, 1]) / 2)
    assert convtool("audio", tmp_path / "ms.wav", tmp_path / "lr.wav", "-k", "left-right").code == 0
    assert np.allclose(read(tmp_path / "lr.wav"), samples)


def test_true_stereo_reverb(convtool, tmp_path, noise, rng):
    """A response of four channels maps left and right each to left and right."""
    samples, taps = noise(300, 2), rng.uniform(-1, 1, (40, 4))
    source = write(tmp_path / "in.wav", samples, subtype="DOUBLE")
    response = write(tmp_path / "hall.wav", taps, subtype="DOUBLE")
    assert (
        convtool("audio", source, tmp_path / "out.wav", "-k", response, "--length", "full").code
        == 0
    )
    left, right = samples.T
    ll, lr, rl, rr = taps.T
    wanted = np.stack(
        [
            np.convolve(left, ll) + np.convolve(right, rl),
            np.convolve(left, lr) + np.convolve(right, rr),
        ]
    )
    assert np.abs(read(tmp_path / "out.wav") - wanted.T).max() < 1e-5


def test_an_impulse_response_of_each_channel(convtool, tmp_path, noise, rng):
    """Two responses filter two channels separately, or one into two; three do not fit two."""
    taps = rng.uniform(-1, 1, (40, 2))
    response = write(tmp_path / "hall.wav", taps, subtype="DOUBLE")
    for channels in (1, 2):
        samples = noise(300, channels)
        source = write(tmp_path / f"in{channels}.wav", samples, subtype="DOUBLE")
        out = tmp_path / f"out{channels}.wav"
        assert convtool("audio", source, out, "-k", response).code == 0
        wanted = [
            np.convolve(samples[:, channel % channels], taps[:, channel])[:300]
            for channel in (0, 1)
        ]
        assert np.abs(read(out) - np.stack(wanted, 1)).max() < 1e-5
    write(tmp_path / "three.wav", np.zeros((9, 3)))
    result = convtool(
        "audio", tmp_path / "in2.wav", tmp_path / "x.wav", "-k", tmp_path / "three.wav"
    )
    assert result.code == 2
    assert "expected 1, 2 or 4 channels" in result.err


def test_an_impulse_response_of_another_rate_is_resampled(convtool, tmp_path):
    """A response of another rate is resampled with a note, and keeps its gain."""
    decay = np.exp(-np.arange(4800) / 600) / 600
    response = write(tmp_path / "hall.wav", decay, 48000, subtype="DOUBLE")
    tone = np.sin(2 * np.pi * 200 * np.arange(24000) / 24000)
    source = write(tmp_path / "in.wav", tone, 24000, subtype="DOUBLE")
    result = convtool("audio", source, tmp_path / "out.wav", "-k", response)
    assert "resampled from 48000 to 24000 Hz" in result.err
    loud = np.sqrt(2 * np.mean(read(tmp_path / "out.wav")[12000:] ** 2))
    assert loud == pytest.approx(10 ** (gain(decay, 200, 48000) / 20), rel=1e-3)


# --- normalization, subtypes and tags ------------------------------------------------------------


def test_clipped_samples_are_counted_in_a_note(convtool, tmp_path):
    """A note counts clipped samples and suggests --normalize minmax."""
    source = write(tmp_path / "in.wav", np.array([0.9, -0.9, 0.1, 0.9]))
    result = convtool("audio", source, tmp_path / "out.wav", "-k", "2")
    assert "3 of 4 samples clipped; --normalize minmax" in result.err
    assert read(tmp_path / "out.wav", "int16")[:, 0].tolist()[:2] == [32767, -32768]


def test_minmax_scales_to_full_range_and_leaves_zero(convtool, tmp_path):
    """`minmax` scales the largest sample to full scale, and silence stays silent."""
    source = write(tmp_path / "in.wav", np.array([0.25, 0, -0.5, 0]))
    result = convtool("audio", source, tmp_path / "out.wav", "-k", "5", "--normalize", "minmax")
    assert "clipped" not in result.err
    assert read(tmp_path / "out.wav", "int16")[:, 0].tolist() == [16384, 0, -32768, 0]
    silent = write(tmp_path / "silent.wav", np.zeros(9))
    assert (
        convtool("audio", silent, tmp_path / "s.wav", "-k", "5", "--normalize", "minmax").code == 0
    )
    assert not read(tmp_path / "s.wav").any()


def test_sigmoid_lies_around_zero(convtool, tmp_path, noise):
    """Results of `sigmoid` are 2σ(y) − 1."""
    samples = noise(100)
    source = write(tmp_path / "in.wav", samples, subtype="FLOAT")
    assert (
        convtool("audio", source, tmp_path / "out.wav", "-k", "3", "--normalize", "sigmoid").code
        == 0
    )
    assert np.allclose(read(tmp_path / "out.wav"), 2 / (1 + np.exp(-3 * samples)) - 1, atol=1e-6)


def test_bounds_never_clip(convtool, tmp_path):
    """With `bounds`, full scale is the largest result that the kernel can give."""
    source = write(tmp_path / "in.wav", np.array([1.0, -1, 1, -1, 1]), subtype="FLOAT")
    assert (
        convtool(
            "audio", source, tmp_path / "out.wav", "-k", "1 -2 1", "--normalize", "bounds"
        ).code
        == 0
    )
    assert read(tmp_path / "out.wav")[1:4, 0].tolist() == [1, -1, 1]


def test_float_output_never_clips(convtool, tmp_path):
    """Float output is not clipped, and no note claims so."""
    source = write(tmp_path / "in.wav", np.array([0.5, -0.5]))
    result = convtool("audio", source, tmp_path / "out.wav", "-k", "4", "--subtype", "float")
    assert "clipped" not in result.err
    assert read(tmp_path / "out.wav")[:, 0].tolist() == [2, -2]
    assert (
        convtool("audio", source, tmp_path / "raw.wav", "-k", "4", "--normalize", "none").code == 0
    )
    assert soundfile.info(tmp_path / "raw.wav").subtype == "FLOAT"
    result = convtool("audio", source, tmp_path / "raw.flac", "-k", "4", "--normalize", "none")
    assert result.code == 1
    assert "raw floats" in result.err


@pytest.mark.parametrize(
    ("subtype", "suffix"),
    [
        ("pcm_24", "wav"),
        ("PCM-24", "flac"),
        ("float", "wav"),
        ("pcm_u8", "wav"),
        ("opus", "ogg"),
        ("vorbis", "ogg"),
        ("alac_16", "caf"),
        ("ulaw", "au"),
    ],
)
def test_subtypes(convtool, tmp_path, noise, subtype, suffix):
    """Subtypes have libsndfile's names, in any case."""
    source = write(tmp_path / "in.wav", noise(4800), 48000)
    assert (
        convtool(
            "audio", source, tmp_path / f"out.{suffix}", "-k", "blur", "--subtype", subtype
        ).code
        == 0
    )
    assert soundfile.info(tmp_path / f"out.{suffix}").subtype == subtype.upper().replace("-", "_")


def test_a_subtype_that_a_format_lacks_is_a_usage_error(convtool, tmp_path, noise):
    """The hint lists the subtypes of the format."""
    source = write(tmp_path / "in.wav", noise(100))
    result = convtool("audio", source, tmp_path / "out.flac", "-k", "blur", "--subtype", "float")
    assert result.code == 2
    assert "pcm_24" in result.err


def test_24_bit_alac_is_not_written(convtool, tmp_path, noise):
    """24-bit ALAC is not written, as libsndfile's encoder changes loud stereo samples."""
    source = write(tmp_path / "in.wav", noise(100, 2), subtype="PCM_24")
    result = convtool(
        "audio", source, tmp_path / "out.caf", "-k", "identity", "--subtype", "alac_24"
    )
    assert result.code == 2
    assert convtool("audio", source, tmp_path / "out.caf", "-k", "identity").code == 0
    assert soundfile.info(tmp_path / "out.caf").subtype == "PCM_24"


def test_a_loss_of_bits_is_noted(convtool, tmp_path, noise):
    """Floats in FLAC are noted as 24 bits; MP3 in WAV loses nothing."""
    source = write(tmp_path / "in.wav", noise(1000), subtype="FLOAT")
    assert (
        "FLOAT stored as PCM_24 in FLAC"
        in convtool("audio", source, tmp_path / "o.flac", "-k", "blur").err
    )
    lossy = write(tmp_path / "in.mp3", noise(4000))
    assert "stored" not in convtool("audio", lossy, tmp_path / "o.wav", "-k", "blur").err
    assert soundfile.info(tmp_path / "o.wav").subtype == "PCM_16"


def test_tags_are_kept(convtool, tmp_path, noise):
    """Tags are kept in every format that has them."""
    with soundfile.SoundFile(tmp_path / "in.flac", "w", RATE, 1) as file:
        file.title, file.artist, file.tracknumber = "A Tone", "Nobody", "7"
        file.write(noise(2000))
    for suffix in ("flac", "ogg", "mp3", "wav"):
        assert (
            convtool("audio", tmp_path / "in.flac", tmp_path / f"out.{suffix}", "-k", "blur").code
            == 0
        )
        with soundfile.SoundFile(tmp_path / f"out.{suffix}") as file:
            assert (file.title, file.artist) == ("A Tone", "Nobody")


def test_rate_resamples(convtool, tmp_path):
    """A tone keeps its pitch and position; one above the new range is removed."""
    seconds = np.arange(RATE) / RATE
    low, high = np.sin(2 * np.pi * 440 * seconds), np.sin(2 * np.pi * 15000 * seconds)
    source = write(tmp_path / "in.wav", 0.4 * low + 0.4 * high, subtype="FLOAT")
    assert (
        convtool("audio", source, tmp_path / "out.wav", "-k", "identity", "--rate", "16000").code
        == 0
    )
    out = read(tmp_path / "out.wav")[:, 0]
    assert soundfile.info(tmp_path / "out.wav").samplerate == 16000
    assert len(out) == 16000
    wanted = 0.4 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    assert np.abs(out - wanted)[500:-500].max() < 1e-3


@pytest.mark.parametrize("wanted", [8000, 44101, 48000, 192000])
def test_resampling_in_blocks_equals_the_whole(tmp_path, noise, wanted):
    """Resampling in blocks equals soxr on all samples at once."""
    import soxr  # noqa: PLC0415

    samples = noise(5000, 2)
    path = write(tmp_path / "in.wav", samples, subtype="DOUBLE")
    whole = soxr.resample(samples, RATE, wanted, quality="VHQ")
    for length in (7, 1000, 10**6):
        with opened(str(path)) as file:
            (part,) = BACKEND.open(file, "in", AudioReading(rate=wanted)).parts()
            out = torch.cat([block.tensor for block in part.blocks(length)], 2)[0].T.numpy()
        assert len(out) == part.size[0] == round(5000 * wanted / RATE)
        assert np.abs(out[: len(whole)] - whole[: len(out)]).max() < 1e-9


def test_mono_is_the_mean(convtool, tmp_path, noise):
    """--mono filters the mean of all channels."""
    samples = noise(100, 6)
    source = write(tmp_path / "in.wav", samples, subtype="FLOAT")
    assert convtool("audio", source, tmp_path / "out.wav", "-k", "identity", "--mono").code == 0
    assert np.allclose(read(tmp_path / "out.wav")[:, 0], samples.mean(1), atol=1e-7)


def test_stride_lowers_the_rate(convtool, tmp_path, noise):
    """A stride of 2 keeps every second sample, at half the rate."""
    samples = noise(1000)
    source = write(tmp_path / "in.wav", samples, subtype="FLOAT")
    assert (
        convtool("audio", source, tmp_path / "out.wav", "-k", "identity", "--stride", "2").code == 0
    )
    assert soundfile.info(tmp_path / "out.wav").samplerate == RATE // 2
    assert np.array_equal(read(tmp_path / "out.wav"), samples[::2])


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("block", [4, 1000])
def test_padding_modes(convtool, tmp_path, noise, monkeypatch, mode, block):
    """Padding equals NumPy's, in one block and in many."""
    monkeypatch.setattr(Convolution, "length", block)
    samples = noise(50)
    source = write(tmp_path / "in.wav", samples, subtype="DOUBLE")
    assert (
        convtool(
            "audio", source, tmp_path / "out.wav", "-k", "1 2 3 4 5", "--padding-mode", mode
        ).code
        == 0
    )
    names = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    padded = np.pad(samples[:, 0], 2, mode=names[mode])
    assert np.allclose(
        read(tmp_path / "out.wav")[:, 0], np.correlate(padded, [1, 2, 3, 4, 5], "valid"), atol=1e-6
    )


# --- bad files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format", "subtype"),
    [
        ("WAV", "PCM_16"),
        ("WAVEX", "PCM_24"),
        ("RF64", "PCM_16"),
        ("AIFF", "PCM_16"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
        ("MP3", "MPEG_LAYER_III"),
        ("AU", "PCM_16"),
        ("W64", "PCM_16"),
    ],
)
def test_a_truncated_file_is_refused_or_its_loss_noted(convtool, tmp_path, noise, format, subtype):
    """A truncated file is never shortened silently."""
    path = tmp_path / "in.bin"
    with soundfile.SoundFile(path, "w", 48000, 2, subtype, format=format) as file:
        for block in noise(48000, 2).reshape(-1, 4800, 2):
            file.write(block)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    result = convtool("audio", path, tmp_path / "out.wav", "-k", "blur")
    assert result.code == 1
    assert "truncated: " in result.err or "damaged" in result.err
    assert not (tmp_path / "out.wav").exists()
    result = convtool("audio", path, tmp_path / "out.wav", "-k", "blur", "--allow-truncated")
    assert result.code == 0, result.err
    assert "truncated: " in result.err
    assert 4800 < len(read(tmp_path / "out.wav")) < 48000


def test_an_ogg_file_without_its_last_page_is_truncated(convtool, tmp_path, noise):
    """An Ogg file, whose header declares no length, is truncated without its last page."""
    path = tmp_path / "in.ogg"
    write(path, noise(48000), 48000)
    path.write_bytes(path.read_bytes()[:-2000])
    result = convtool("audio", path, tmp_path / "out.wav", "-k", "blur")
    assert result.code == 1
    assert f"error: {path}: truncated: no end-of-stream marker\n" in result.err
    result = convtool("audio", path, tmp_path / "out.wav", "-k", "blur", "--allow-truncated")
    assert result.code == 0
    assert f"note: {path}: truncated: no end-of-stream marker\n" in result.err


def test_a_header_of_unknown_length_is_not_truncated(convtool, tmp_path, noise):
    """The maximal length that programs write into pipes does not mean truncation."""
    path = write(tmp_path / "in.wav", noise(1000))
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert convtool("audio", path, tmp_path / "out.wav", "-k", "blur").code == 0
    assert len(read(tmp_path / "out.wav")) == 1000


def test_nan_and_infinity_are_refused_with_a_count(convtool, tmp_path, noise):
    """Non-finite samples are counted in the whole file and refused, or replaced by --nan."""
    samples = noise(300_000)
    samples[[5, 100, 250_000]] = np.array([np.nan, np.inf, -np.inf])[:, None]
    source = write(tmp_path / "in.wav", samples, subtype="FLOAT")
    result = convtool("audio", source, tmp_path / "out.wav", "-k", "blur")
    assert result.code == 1
    assert "3 samples are NaN or infinite" in result.err
    assert not (tmp_path / "out.wav").exists()
    assert convtool("audio", source, tmp_path / "out.wav", "-k", "identity", "--nan", "0").code == 0
    assert read(tmp_path / "out.wav")[[5, 100, 250_000]].tolist() == [[0], [0], [0]]


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"RIFF", "the audio cannot be read: unknown format"),
        (b"fLaC", "the audio cannot be read: "),
        (b"\0\0\0\x14ftypM4A ", "the audio cannot be read: "),
        (b"\x89PNG\r\n\x1a\n", "is an image"),
        (b"else", "the audio cannot be read: unknown format"),
    ],
)
def test_the_reason_is_that_of_the_library_which_recognizes_the_file(start, message):
    """Files with a known signature are damaged, others are of an unknown format."""
    with pytest.raises(ReadError, match=f"in:? {message}"):
        BACKEND.open(io.BytesIO(start + bytes(range(200))), "in", AudioReading())


def test_a_file_is_first_given_to_the_library_that_recognizes_it(monkeypatch):
    """A file goes to the library that recognizes it, or else to each in order."""
    tried = []

    def opener(name):
        def refuse(*_):
            tried.append(name)
            raise ReadError(name)

        return refuse

    registered = [replace(family, open=opener(family.name)) for family in families.FAMILIES]
    monkeypatch.setattr(families, "FAMILIES", registered)
    for start, order in (
        (b"RIFF\0\0\0\0WAVE", ["libsndfile", "FFmpeg"]),
        (b"\0\0\0\x14ftypM4A ", ["FFmpeg", "libsndfile"]),
        (b"\x1a\x45\xdf\xa3", ["FFmpeg", "libsndfile"]),
        (b"\xff\xfb\x90\x64", ["MP3", "libsndfile", "FFmpeg"]),
        (b"ID3\x04\0\0\0\0\0\0", ["MP3", "libsndfile", "FFmpeg"]),
        (b"else", ["libsndfile", "MP3", "FFmpeg"]),
    ):
        tried.clear()
        with pytest.raises(ReadError):
            families.open_decoder(io.BytesIO(start), "in")
        assert tried == order


@pytest.mark.parametrize(
    ("suffix", "message"),
    [("wav", "no samples"), ("flac", "the file is empty"), ("aiff", "no samples")],
)
def test_files_without_samples_are_refused(convtool, tmp_path, suffix, message):
    """A header without samples and an empty file are refused with different messages."""
    source = write(tmp_path / f"in.{suffix}", np.zeros((0, 2)))
    result = convtool("audio", source, tmp_path / "out.wav", "-k", "blur")
    assert result.code == 1
    assert message in result.err
    (tmp_path / "empty.wav").touch()
    result = convtool("audio", tmp_path / "empty.wav", tmp_path / "out.wav", "-k", "blur")
    assert result.code == 1
    assert "the file is empty" in result.err


def test_a_kernel_longer_than_the_input_is_refused(convtool, tmp_path, noise):
    """A kernel longer than the input is refused without padding, and accepted with it."""
    source = write(tmp_path / "in.wav", noise(10))
    result = convtool(
        "audio", source, tmp_path / "out.wav", "-k", "moving-average:size=11", "--length", "valid"
    )
    assert result.code == 1
    assert "spans 11" in result.err
    assert convtool("audio", source, tmp_path / "out.wav", "-k", "moving-average:size=11").code == 0


def test_too_many_channels_for_a_format_are_refused(convtool, tmp_path, noise):
    """The message names channels and rate; no output is left."""
    source = write(tmp_path / "in.wav", noise(100, 9), 1000)
    for suffix in ("flac", "mp3", "opus", "m4a"):
        result = convtool("audio", source, tmp_path / f"out.{suffix}", "-k", "blur")
        assert result.code == 1
        assert "cannot hold 9 channels" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.wav"]


def test_other_files_are_refused(convtool, tmp_path):
    """Images, playlists and text are refused as audio."""
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nin.wav\n#EXT-X-ENDLIST\n")
    (tmp_path / "concat.txt").write_text("ffconcat version 1.0\nfile in.wav\n")
    write(tmp_path / "in.wav", np.zeros(100))
    for path in (SAMPLES / "chart.jpg", tmp_path / "list.m3u8", tmp_path / "concat.txt"):
        result = convtool("audio", path, tmp_path / "out.wav", "-k", "blur")
        assert result.code == 1
        said = r"error: .*(: the audio cannot be read: |: no audio track|chart\.jpg is an image)"
        assert re.search(said, result.err)
        assert not (tmp_path / "out.wav").exists()


# --- the backend ---------------------------------------------------------------------------------


def test_importing_the_backend_imports_no_decoder():
    """Decoders are imported when the first file is opened."""
    code = (
        "from convtool.start.importing import import_torch; import_torch()\n"
        "import sys, convtool.media.audio\n"
        "print({'soundfile', 'av', 'soxr', 'librosa'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert result.stdout.strip() == b"set()"


@pytest.mark.parametrize("length", [7, 1000, 1024, 5000, 10**6])
def test_ffmpeg_decodes_blocks_of_any_length(tmp_path, noise, length):
    """Blocks shorter and longer than FFmpeg's frames join to the whole."""
    samples = noise(5000, 2)
    path = write(tmp_path / "in.wav", samples, subtype="FLOAT")
    with path.open("rb") as file:
        blocks = list(TrackDecoder(file, "in").blocks(length))
    assert {len(block) for block in blocks[:-1]} <= {length}
    assert len(blocks[-1]) <= length
    assert np.array_equal(np.concatenate(blocks), samples.astype(np.float32))


def wanted(suffix, *, raw=False, subtype=None):
    """Return the request for an output with all channels."""
    tiles = (Tile("all", (0, 1)),)
    return Wanted(suffix, AudioOutput(subtype=subtype), raw, (100,), tiles)


def test_an_encoding_is_decided_once(tmp_path, noise):
    """Format, subtype, levels and losses follow from the input and the request."""
    path = write(tmp_path / "in.wav", noise(100, 2), subtype="FLOAT")
    with path.open("rb") as file:
        source = BACKEND.open(file, "in", AudioReading())
        (part,) = source.parts()
        flac = BACKEND.encoding(source, part, wanted(".flac"))
        assert (flac.subtype, flac.levels, flac.memory) == ("PCM_24", INT24, 0)
        assert flac.notes == ("FLOAT stored as PCM_24 in FLAC",)
        encoding = BACKEND.encoding(source, part, wanted(".wav", subtype="pcm-16"))
        assert (encoding.subtype, encoding.levels, encoding.notes) == ("PCM_16", INT16, ())
        with pytest.raises(WriteError, match="raw floats"):
            BACKEND.encoding(source, part, wanted(".flac", raw=True))
        assert source.notes == []


def test_losses_while_encoding_are_notes_of_the_encoder(tmp_path, noise):
    """A rate that is rounded is noted by the encoder, not by the source."""
    path = write(tmp_path / "in.wav", noise(100, 2), 11025)
    with path.open("rb") as file, (tmp_path / "out.wav").open("w+b") as out:
        source = BACKEND.open(file, "in", AudioReading())
        (part,) = source.parts()
        encoding = BACKEND.encoding(source, part, wanted(".wav"))
        tiles = wanted(".wav").tiles
        encoder = encoding.open(out, tiles)
        conv = torch.nn.Conv1d(2, 2, 1, stride=2)
        encoder.begin(part, Placement(window(conv), part.size), encoding.levels, tiles)
        for block in part.blocks(1000):
            encoder.write(encoder.prepare(Block(block.tensor[:, :, ::2], block.levels)))
        encoder.close()
        encoder.drop()
    assert encoder.notes == ["5512.5 samples per second stored as 5512"]
    assert source.notes == []
    assert read(tmp_path / "out.wav").shape == (50, 2)


def test_suffixes_that_are_only_read_are_refused_as_outputs():
    """The message says that the suffix can be read."""
    BACKEND.check_suffix("flac")
    BACKEND.check_suffix("m4a")
    with pytest.raises(UsageError, match=r"\.wma can be read but not written"):
        BACKEND.check_suffix("wma")
    with pytest.raises(UsageError, match=r"no audio format is written as 'png'"):
        BACKEND.check_suffix("png")


# --- the command ---------------------------------------------------------------------------------


def test_pipes(convtool, program, tmp_path, noise):
    """Standard input and output give the same bytes as files."""
    source = write(tmp_path / "in.wav", noise(1000))
    assert convtool("audio", source, tmp_path / "out.flac", "-k", "blur").code == 0
    result = program("audio", "-", "-", "--format", "flac", "-k", "blur", input=source.read_bytes())
    assert result.returncode == 0, result.stderr
    assert result.stdout == (tmp_path / "out.flac").read_bytes()


def test_a_dry_run_prints_duration_latency_and_response(convtool, tmp_path, noise):
    """A dry run prints duration, latency and response, and writes nothing."""
    source = write(tmp_path / "in.wav", noise(22050))
    out = convtool(
        "audio",
        source,
        f"{tmp_path}/o/",
        "-k",
        "highpass:cutoff=500",
        "--dry-run",
        "--length",
        "full",
    ).out
    assert "duration: 0.500 s at 44100 Hz" in out
    assert re.search(r"latency: \d+ samples, \d+\.\d\d ms", out)
    assert "1000 Hz -0.0 dB" in out or "1000 Hz +0.0 dB" in out
    assert not (tmp_path / "o").exists()
    line = json.loads(
        convtool("audio", source, f"{tmp_path}/o/", "-k", "blur", "--dry-run", "--json").out
    )
    assert line["plan"]["duration"] == "0.500 s at 44100 Hz"


def test_kernels_show_draws_the_response(convtool, tmp_path):
    """`kernels show` draws the response in dB at a rate, also of impulse responses."""
    out = convtool("kernels", "show", "lowpass:cutoff=1000", "--rate", "44100").out
    assert "at 44100 samples per second" in out
    assert "+0 dB │████████████████" in out
    assert out.splitlines()[-1].endswith("Hz")
    path = write(tmp_path / "hall.wav", np.array([1, 0.5, 0.25]), subtype="FLOAT")
    assert "hall  3" in convtool("kernels", "show", path).out


def test_progress_is_reported_in_seconds(tmp_path, noise, monkeypatch):
    """Progress reaches the whole duration in both passes of minmax."""
    from convtool.cli import running  # noqa: PLC0415
    from convtool.cli.progress import Bar  # noqa: PLC0415

    steps = []

    class Recorder:
        def __enter__(self):
            return Bar(steps.append, lambda **_: None)

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(running, "progress_bar", lambda *_, **__: Recorder())
    source = write(tmp_path / "in.wav", noise(2 * RATE))
    from convtool.cli.app import run  # noqa: PLC0415

    assert (
        run(
            [
                "audio",
                str(source),
                str(tmp_path / "o.wav"),
                "-k",
                "derivative",
                "--normalize",
                "minmax",
            ]
        )
        == 0
    )
    assert [step.activity for step in steps if step.done == step.total] == [
        "measuring",
        "filtering",
    ]
    assert {step.total / step.rate for step in steps} == {2}


def test_apply_filters_audio(tmp_path, noise):
    """`apply` takes the path of a file, or a tensor and its rate."""
    samples = noise(500, 2)
    path = write(tmp_path / "in.wav", samples, 8000, subtype="DOUBLE")
    out = package.apply(path, "lowpass:cutoff=1000")
    assert out.shape == (1, 2, 500)
    again = package.apply(
        torch.from_numpy(samples.T.copy())[None], "lowpass:cutoff=1000", rate=8000
    )
    torch.testing.assert_close(out, again)
    whole = package.apply(torch.tensor([[[1, -32768]]], dtype=torch.int16), "identity")
    assert whole.tolist() == [[[1 / 32768, -1.0]]]


@pytest.mark.parametrize("suffix", ["m4a", "mka", "mp4"])
def test_audio_tracks(convtool, tmp_path, suffix):
    """Audio of videos and of formats without libsndfile equals that of the ffmpeg program."""
    if not shutil.which("ffmpeg"):
        pytest.skip("no ffmpeg program")
    path = tmp_path / f"in.{suffix}"
    video = (
        ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=1"] if suffix == "mp4" else []
    )
    make = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "sine=440:duration=1",
        *video,
        "-ac",
        "2",
        path,
    ]
    subprocess.run(make, check=True)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-c:a", "pcm_f32le", tmp_path / "oracle.wav"],
        check=True,
    )
    assert (
        convtool("audio", path, tmp_path / "o.wav", "-k", "identity", "--subtype", "float").code
        == 0
    )
    ours, theirs = read(tmp_path / "o.wav"), read(tmp_path / "oracle.wav")
    length = min(len(ours), len(theirs))
    assert abs(len(ours) - len(theirs)) <= 1024
    assert np.abs(ours[:length] - theirs[:length]).max() < 1e-6


def test_sox_reads_and_filters_the_same(convtool, tmp_path, noise):
    """SoX's fir effect, which centres odd kernels, gives the same result."""
    if not shutil.which("sox"):
        pytest.skip("no sox program")
    source = write(tmp_path / "in.wav", noise(4000, 2) * 0.5, subtype="PCM_16")
    taps = signal.firwin(51, 3000, fs=RATE)
    command = ["sox", "-D", source, "-b", "32", tmp_path / "sox.wav", "fir", *map(str, taps)]
    subprocess.run(command, check=True, capture_output=True)
    kernel = " ".join(f"{tap:.9f}" for tap in taps)
    assert (
        convtool("audio", source, tmp_path / "o.wav", "-k", kernel, "--subtype", "pcm_32").code == 0
    )
    assert np.abs(read(tmp_path / "o.wav") - read(tmp_path / "sox.wav")).max() < 1e-4


def test_ffprobe_finds_the_same_stream(convtool, tmp_path, noise):
    """By ffprobe, duration, rate, channels and codec are kept."""
    if not shutil.which("ffprobe"):
        pytest.skip("no ffprobe program")
    source = write(tmp_path / "in.flac", noise(44100, 6), subtype="PCM_24")
    assert convtool("audio", source, tmp_path / "out.flac", "-k", "blur").code == 0
    probe = ["ffprobe", "-v", "error", "-show_streams", "-of", "json"]
    facts = []
    for path in (source, tmp_path / "out.flac"):
        found = subprocess.run([*probe, path], check=True, capture_output=True)
        stream = json.loads(found.stdout)["streams"][0]
        keys = ("codec_name", "sample_rate", "channels", "duration_ts", "bits_per_raw_sample")
        facts.append({key: stream[key] for key in keys})
    assert facts[0] == facts[1]


@pytest.mark.skipif(sys.platform != "linux", reason="sparse files, and memory counted in KiB")
def test_memory_does_not_grow_with_length(tmp_path):
    """A quarter of an hour takes as much memory as a minute, within 20 MB."""
    peaks = []
    for seconds in (60, 900):
        path = tmp_path / f"{seconds}.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((2, 2, RATE, seconds * RATE, "NONE", "none"))
            file.writeframes(b"")
            header = file.getnframes()
        assert header == 0
        with path.open("r+b") as raw:  # a sparse file of silence behind a header
            size = seconds * RATE * 4
            raw.truncate(44 + size)
            for place, number in ((4, 36 + size), (40, size)):
                raw.seek(place)
                raw.write(number.to_bytes(4, "little"))
        command = [
            sys.executable,
            "-m",
            "convtool",
            "audio",
            path,
            tmp_path / f"{seconds}.flac",
            "-k",
            "echo",
        ]
        peaks.append(peak(command))
    assert abs(peaks[1] - peaks[0]) <= 20, peaks
