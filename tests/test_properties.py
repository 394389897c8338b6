"""Properties of convolution in 1, 2 and 3 dimensions: identity, linearity, shift, impulse."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convtool

MODES = st.sampled_from(["zeros", "reflect", "replicate", "circular"])
KERNELS = {
    1: ["sobel-x", "blur", "1 2 3 4", "gabor"],
    2: ["sobel-x", "emboss", "1 2; 3 4", "gaussian:sigma=0.7", "motion:length=4,angle=30"],
    3: ["sobel-t", "blur", "temporal-difference", "1 2; 3 4 | 5 6; 7 8"],
}


@st.composite
def inputs(draw, least=10):
    """Draw a tensor of 1, 2 or 3 dimensions with the name of a kernel for it."""
    dims = draw(st.integers(1, 3))
    size = [draw(st.integers(least, least + 3)) for _ in range(dims)]
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    tensor = torch.rand(1, draw(st.integers(1, 3)), *size, dtype=torch.float64, generator=generator)
    return tensor, draw(st.sampled_from(KERNELS[dims]))


@given(inputs(), MODES)
@settings(max_examples=40, deadline=None)
def test_identity(case, mode):
    """A kernel that is one at its centre and zero elsewhere changes nothing."""
    tensor, _ = case
    torch.testing.assert_close(
        convtool.apply(tensor, "identity", padding_mode=mode), tensor, rtol=0, atol=1e-12
    )


@given(inputs(), MODES, st.floats(-3, 3), st.floats(-3, 3))
@settings(max_examples=40, deadline=None)
def test_linearity(case, mode, a, b):
    """The result of a sum is the sum of the results."""
    tensor, kernel = case
    other = tensor.flip(2) ** 2
    run = lambda x: convtool.apply(x, kernel, padding_mode=mode)  # noqa: E731
    torch.testing.assert_close(
        run(a * tensor + b * other), a * run(tensor) + b * run(other), rtol=0, atol=1e-6
    )


@given(inputs(least=25), st.lists(st.integers(-12, 12), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_shift(case, steps):
    """With circular padding, filtering commutes with shifting the input.

    Inputs are as large as the largest kernel, `gabor`, the most that circular padding allows.
    """
    tensor, kernel = case
    axes = list(range(2, tensor.ndim))
    move = lambda x: x.roll(steps[: len(axes)], axes)  # noqa: E731
    run = lambda x: convtool.apply(x, kernel, padding_mode="circular")  # noqa: E731
    torch.testing.assert_close(run(move(tensor)), move(run(tensor)))


@pytest.mark.parametrize(
    ("dims", "kernel"), [(dims, kernel) for dims in KERNELS for kernel in KERNELS[dims]]
)
@pytest.mark.parametrize("flip", [False, True])
def test_the_impulse_response_is_the_mirrored_kernel(dims, kernel, flip):
    """An impulse gives the mirrored kernel, or with --flip the kernel itself."""
    weights = torch.from_numpy(convtool.resolve(kernel, dims).kernels[0].weights.copy())
    size = [2 * n + 1 for n in weights.shape]
    impulse = torch.zeros(1, 1, *size, dtype=torch.float64)
    impulse[(0, 0, *(n for n in weights.shape))] = 1
    response = convtool.apply(impulse, kernel, padding="valid", flip=flip)[0, 0]
    expected = weights if flip else weights.flip(tuple(range(dims)))
    found = response[tuple(slice(1, 1 + n) for n in weights.shape)]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    assert response.count_nonzero() == weights.count_nonzero()
