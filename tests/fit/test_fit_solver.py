"""The solver of `convtool fit`: sums of products, least squares, and what is known of a weight."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from convtool.fit import sums as room
from convtool.fit.model import ties
from convtool.fit.solve import solve
from convtool.fit.sums import Sums
from convtool.fit.words import is_known, unknown

CONVS = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}


def summed(before, after, size, kept=None):
    """Return the sums of all windows of a tensor (C, *S)."""
    found = Sums(len(before), size)
    found.add(before, after, torch.ones_like(after, dtype=torch.bool) if kept is None else kept)
    return found


def rows_of(before, after, size):
    """Return the windows as a table, by unfolding: the slow way."""
    windows = before
    for axis, taps in enumerate(size, start=1):
        windows = windows.unfold(axis, taps, 1)
    dims = len(size)
    windows = windows.movedim(0, dims).reshape(after.numel(), -1)
    return torch.cat([windows, torch.ones(after.numel(), 1), after.reshape(-1, 1)], 1)


def solved(before, after, size, **how):
    """Return the weights that turn one tensor into another."""
    basis = ties(len(before), size, symmetric=how.pop("symmetric", False))
    return solve(summed(before, after, size).products.numpy(), basis, **how)


@settings(max_examples=25)
@given(st.data())
def test_weights_and_bias_are_recovered_from_exact_results(data):
    """Any kernel of any size is found, to rounding, from noise that it filtered."""
    dims, channels = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 2))
    size = tuple(data.draw(st.integers(1, 4)) for _ in range(dims))
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 99)))
    weight = torch.randn(1, channels, *size, generator=generator, dtype=torch.float64)
    bias = data.draw(st.sampled_from([0.0, 0.5, -3.0]))
    length = (400, 26, 14)[dims - 1]
    before = torch.rand(channels, *(length,) * dims, generator=generator, dtype=torch.float64)
    after = CONVS[dims](before[None], weight)[0, 0] + bias
    found = solved(before, after, size)
    np.testing.assert_allclose(found.weights, weight.flatten().numpy(), atol=1e-5)
    assert found.bias == pytest.approx(bias, abs=1e-5)
    assert is_known(found).all()
    assert unknown(found, channels, size) == []


@pytest.mark.parametrize("size", [(4,), (3, 2), (2, 3, 2)])
def test_sums_are_those_of_all_windows(size, monkeypatch):
    """Tiles and the windows that are left out change nothing but which windows are summed."""
    monkeypatch.setattr(room, "PRODUCTS", 300)
    before = torch.rand(2, *(n + 8 for n in size), dtype=torch.float64)
    after = torch.rand(9, *(9,) * (len(size) - 1), dtype=torch.float64)
    kept = after > 0.3
    found = summed(before, after, size, kept)
    table = rows_of(before, after, size)[kept.flatten()]
    torch.testing.assert_close(found.products, table.T @ table)
    assert (found.count, found.clipped) == (int(kept.sum()), int((~kept).sum()))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.9, 1.0])
def test_sums_by_fft_are_the_same(share):
    """Long kernels are summed by correlations, however many windows are left out."""
    taps = room.LONG + 3
    before = torch.randn(2, 500, dtype=torch.float64)
    after = torch.rand(500 - taps + 1, dtype=torch.float64)
    kept = after >= share
    found = summed(before, after, (taps,), kept)
    table = rows_of(before, after, (taps,))[kept]
    torch.testing.assert_close(found.products, table.T @ table, rtol=1e-9, atol=1e-9)
    assert found.clipped == int((~kept).sum())


def test_blocks_add_up():
    """Sums of two parts are those of both together."""
    before, after = torch.rand(1, 30, 9).double(), torch.rand(28, 7).double()
    whole, parts = summed(before, after, (3, 3)), Sums(1, (3, 3))
    for start, stop in ((0, 10), (10, 28)):
        piece = after[start:stop]
        parts.add(before[:, start : stop + 2], piece, torch.ones_like(piece, dtype=torch.bool))
    torch.testing.assert_close(parts.products, whole.products)


def test_symmetric_weights_are_equal():
    """Weights that mirror each other are one: noise is shared by them."""
    generator = torch.Generator().manual_seed(5)
    before = torch.rand(1, 40, 40, generator=generator, dtype=torch.float64)
    weight = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]], dtype=torch.float64) / 16
    after = functional.conv2d(before[None], weight[None, None])[0, 0]
    after += 0.01 * torch.randn(after.shape, generator=generator, dtype=torch.float64)
    free = solved(before, after, (3, 3))
    tied = solved(before, after, (3, 3), symmetric=True)
    found = tied.weights.reshape(3, 3)
    np.testing.assert_allclose(found, found[::-1], atol=1e-12)
    np.testing.assert_allclose(found, found[:, ::-1], atol=1e-12)
    assert is_known(tied).all()
    assert tied.uncertainty.max() < free.uncertainty.max()
    assert np.abs(found - weight.numpy()).max() < 4 * tied.uncertainty.max()


def test_no_weight_is_negative_where_none_may_be():
    """The best of all kernels without a negative weight is no worse than the clipped one."""
    before = torch.rand(1, 300, dtype=torch.float64)
    after = functional.conv1d(before[None], torch.tensor([[[0.5, -0.4, 1.0]]]).double())[0, 0]
    found = solved(before, after, (3,), bias=False, non_negative=True)
    assert found.weights.min() == 0
    table = rows_of(before, after, (3,)).numpy()
    clipped = np.array([0.5, 0, 1.0])
    errors = [np.square(table[:, :3] @ w - table[:, -1]).sum() for w in (found.weights, clipped)]
    assert errors[0] < errors[1]
    assert found.noise == pytest.approx(np.sqrt(errors[0] / len(table)), rel=0.02)


def test_uncertainty_is_the_spread_of_repeated_fits():
    """One standard deviation: errors of many fits of noisy results are as large as it says."""
    rng = np.random.default_rng(3)
    before = torch.from_numpy(rng.random((1, 200)))
    clean = functional.conv1d(before[None], torch.tensor([[[0.2, 0.5, 0.3]]]).double())[0, 0]
    errors, stated = [], []
    for _ in range(60):
        after = clean + torch.from_numpy(0.05 * rng.standard_normal(198))
        found = solved(before, after, (3,), bias=False)
        errors.append(found.weights - [0.2, 0.5, 0.3])
        stated.append(found.uncertainty)
    assert np.std(errors) == pytest.approx(np.mean(stated), rel=0.25)


def test_unknown_weights_are_named():
    """A signal of one frequency tells two combinations of five weights, and no single weight."""
    wave = torch.sin(torch.arange(400, dtype=torch.float64))[None]
    found = solved(wave, 0.5 * wave[0, 2:-2], (5,))
    assert not is_known(found).any()
    assert "no weight is known by itself" in unknown(found, 1, (5,))[0]
    remade = functional.conv1d(wave[None], torch.from_numpy(found.weights)[None, None])[0, 0]
    torch.testing.assert_close(remade, 0.5 * wave[0, 2:-2], atol=1e-5, rtol=0)


def test_silence_tells_nothing():
    """Of an input of zeros, no weight is known, and none is made up."""
    found = solved(torch.zeros(1, 50).double(), torch.full((48,), 0.25).double(), (3,))
    assert (found.weights == 0).all()
    assert found.bias == pytest.approx(0.25)
    assert unknown(found, 1, (3,)) == [
        "no weight is known: BEFORE is zero wherever it was looked at"
    ]


def test_a_result_that_ignores_its_input_has_weights_of_zero():
    """Weights are known to be zero where AFTER is the same whatever BEFORE is."""
    before = torch.rand(1, 20, 20, dtype=torch.float64)
    found = solved(before, torch.full((18, 18), 0.5).double(), (3, 3), least=1e-3)
    assert np.abs(found.weights).max() < 1e-3
    assert found.bias == pytest.approx(0.5, abs=1e-3)
    assert is_known(found).all()
