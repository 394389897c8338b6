"""The central invariant: a layer run on blocks equals the layer run on the whole tensor."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from torch import nn

from convtool.block import Block, Moment
from convtool.convolve import Convolution
from convtool.convolve.geometry import Placement, ends, extent, output_size, window
from convtool.convolve.stream import Stream, _Beside
from convtool.errors import LayerError
from convtool.layers.build import CONVS
from convtool.levels import of

NUMPY = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


def whole(conv: nn.Module, tensor: torch.Tensor) -> torch.Tensor:
    """Return the layer's result on the whole tensor, by numpy.pad and F.conv alone."""
    dims = tensor.ndim - 2
    if conv.padding == "same":
        totals = [d * (k - 1) for k, d in zip(conv.kernel_size, conv.dilation, strict=True)]
        pads = [(total // 2, total - total // 2) for total in totals]
    elif conv.padding == "valid":
        pads = [(0, 0)] * dims
    else:
        pads = [(p, p) for p in conv.padding]
    padded = torch.from_numpy(np.pad(tensor, [(0, 0)] * 2 + pads, NUMPY[conv.padding_mode]))
    return CONVOLUTIONS[dims](
        padded, conv.weight, conv.bias, conv.stride, 0, conv.dilation, conv.groups
    )


def fits(conv: nn.Module, size: tuple[int, ...]) -> bool:
    """Return whether PyTorch can pad an input and lay the kernel on it."""
    most = {"reflect": -1, "circular": 0}.get(conv.padding_mode, 99)
    if any(max(added) > n + most for n, added in zip(size, ends(conv), strict=True)):
        return False
    padded = [n + sum(added) for n, added in zip(size, ends(conv), strict=True)]
    return all(n >= covered for n, covered in zip(padded, extent(conv), strict=True))


def stream(conv: nn.Module, size: tuple[int, ...] = (9,), algorithm: str = "auto") -> Stream:
    """Return a stream through the engine for inputs of this size."""
    return Stream(window(conv), Convolution(conv, size, of(conv.weight.dtype), algorithm=algorithm))


def streamed(
    conv: nn.Module, tensor: torch.Tensor, length: int, algorithm: str = "auto"
) -> torch.Tensor:
    """Return the layer's result on blocks of `length`."""
    blocks = torch.split(tensor, length, 2)
    return torch.cat(list(stream(conv, tensor.shape[2:], algorithm)(blocks, last=tensor)), 2)


@st.composite
def cases(draw, dims=None):
    """Draw a layer with any options, an input that it fits, and a block length."""
    dims = dims or draw(st.integers(1, 3))
    most = {1: 40, 2: 14, 3: 7}[dims]
    each = lambda low, high: [draw(st.integers(low, high)) for _ in range(dims)]  # noqa: E731
    groups, spread, multiplier = (
        draw(st.integers(1, 3)),
        draw(st.integers(1, 2)),
        draw(st.integers(1, 2)),
    )
    stride = each(1, 4)
    padding = draw(st.sampled_from(["same", "valid", "numbers"]))
    if padding == "same":
        stride = [1] * dims
    conv = CONVS[dims](
        groups * spread,
        groups * multiplier,
        each(1, 5),
        stride=stride,
        padding=tuple(each(0, 4)) if padding == "numbers" else padding,
        dilation=each(1, 3),
        groups=groups,
        bias=draw(st.booleans()),
        padding_mode=draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"])),
    ).double()
    size = each(1, most)
    tensor = torch.rand(draw(st.integers(1, 2)), groups * spread, *size, dtype=torch.float64) - 0.5
    return conv, tensor, draw(st.integers(1, most + 1))


@given(cases())
@settings(max_examples=600, deadline=None)
def test_blocks_equal_the_whole(case):
    """Blocks of any length give the whole result, for all options, or both are refused."""
    conv, tensor, length = case
    try:
        size = output_size(conv, tensor.shape[2:])
    except LayerError:
        with pytest.raises((RuntimeError, ValueError)):
            whole(conv, tensor)
        return
    expected = whole(conv, tensor)
    assert tuple(expected.shape[2:]) == size
    torch.testing.assert_close(streamed(conv, tensor, length), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("length_of", ["1", "k-1", "k", "k+1", "n-1", "n", "n+1"])
@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_block_lengths_at_the_edges(dims, length_of, mode):
    """Blocks around the lengths 1, the kernel's and the input's give the same output."""
    k, n = 4, 9
    conv = CONVS[dims](2, 3, k, padding="same", padding_mode=mode, dilation=2).double()
    tensor = torch.rand(1, 2, *[n] * dims, dtype=torch.float64)
    length = eval(length_of, {"k": k, "n": n})  # noqa: S307  # the table above
    torch.testing.assert_close(
        streamed(conv, tensor, length), whole(conv, tensor), rtol=0, atol=1e-12
    )


@given(cases())
@settings(max_examples=100, deadline=None)
def test_the_geometry_is_that_of_nn_conv(case):
    """`ends` and `extent` agree with nn.Conv's forward, so that the oracle above is PyTorch."""
    conv, tensor, _ = case
    if not fits(conv, tensor.shape[2:]):
        reject()
    torch.testing.assert_close(conv(tensor), whole(conv, tensor), rtol=0, atol=1e-12)
    assert len(ends(conv)) == len(extent(conv)) == tensor.ndim - 2


def test_an_even_kernel_pads_as_pytorch_does():
    """`same` puts the larger half of an even kernel's padding at the end."""
    assert ends(nn.Conv1d(1, 1, 4, padding="same")) == ((1, 2),)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_centres_are_the_samples_under_the_kernels_centre(dims):
    """A kernel that is one at its centre picks the samples that a placement names."""
    for k, stride, dilation, padding in [
        (3, 1, 1, 1),
        (3, 2, 1, 1),
        (5, 3, 2, 4),
        (1, 2, 1, 0),
        (3, 1, 2, 0),
    ]:
        conv = CONVS[dims](
            1, 1, k, stride=stride, padding=padding, dilation=dilation, bias=False
        ).double()
        conv.weight.data.zero_()
        conv.weight.data[(0, 0, *[(k - 1) // 2] * dims)] = 1
        tensor = torch.rand(1, 1, *[13] * dims, dtype=torch.float64)
        picked = tensor
        placement = Placement(window(conv), tensor.shape[2:])
        for axis in range(dims):
            picked = picked.index_select(axis + 2, placement.centres(axis))
        assert torch.equal(conv(tensor), picked)


def test_an_input_without_samples_is_refused():
    """An input without blocks is refused."""
    with pytest.raises(LayerError, match="no samples"):
        list(stream(nn.Conv1d(1, 1, 3))([]))


def test_an_input_shorter_than_the_kernel_is_refused():
    """An input shorter than the kernel is refused, as it has no output."""
    with pytest.raises(LayerError, match="extent of 5"):
        list(stream(nn.Conv1d(1, 1, 5))([torch.zeros(1, 1, 2), torch.zeros(1, 1, 2)]))


def test_circular_padding_needs_the_end_first():
    """Circular padding is refused if the last samples are not passed."""
    conv = nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular")
    with pytest.raises(TypeError, match="pass them"):
        list(stream(conv)([torch.zeros(1, 1, 8)]))


def test_the_callers_blocks_are_not_written_to():
    """The stream does not write to the caller's blocks."""
    tensor = torch.rand(1, 1, 20)
    kept = tensor.clone()
    list(stream(nn.Conv1d(1, 1, 3, padding=1, padding_mode="reflect"))(torch.split(tensor, 3, 2)))
    assert torch.equal(tensor, kept)


def moments(count, ticks=40):
    """Return the times of frames that each last a number of ticks."""
    return tuple(Moment(index * ticks, ticks) for index in range(count))


def timed(lengths, company=()):
    """Return blocks of these lengths with their times and company."""
    samples = torch.rand(1, 1, sum(lengths), 3, 3)
    times = moments(sum(lengths))
    start = 0
    for index, length in enumerate(lengths):
        beside = company[index] if index < len(company) else ()
        yield Block(
            samples[:, :, start : start + length],
            of(torch.float32),
            times[start : start + length],
            beside,
        )
        start += length


@pytest.mark.parametrize("lengths", [(7,), (1, 1, 5), (3, 4), (6, 1, 0), (1,) * 7])
@pytest.mark.parametrize(
    ("k", "stride", "padding"),
    [
        (1, 1, 0),
        (3, 1, 1),
        (3, 2, 1),
        (4, 1, "same"),
        (2, 3, 0),
        (5, 1, 4),
        (1, 4, 0),
    ],
)
def test_outputs_have_the_times_of_the_frames_they_are_centred_on(lengths, k, stride, padding):
    """Each output has the time of its centre frame, and lasts longer by the stride."""
    padding = padding if isinstance(padding, str) else (padding, 0, 0)
    conv = nn.Conv3d(1, 1, (k, 1, 1), stride=(stride, 1, 1), padding=padding)
    size = (7, 3, 3)
    run = Stream(window(conv), Convolution(conv, size, of(torch.float32)))
    made = [time for block in run.blocks(timed(lengths), of(torch.float32)) for time in block.times]
    centres = Placement(window(conv), size).centres(0).tolist()
    assert made == [Moment(centre * 40, 40 * stride) for centre in centres]


@pytest.mark.parametrize("stride", [1, 2, 5])
def test_company_arrives_once_and_in_order(stride):
    """Company arrives once and in order, even if it is read after the last output."""
    conv = nn.Conv3d(1, 1, (3, 1, 1), stride=(stride, 1, 1), padding=(1, 0, 0))
    run = Stream(window(conv), Convolution(conv, (7, 3, 3), of(torch.float32)))
    company = [("a", "b"), (), ("c",), ("d", "e")]
    blocks = list(run.blocks(timed((2, 2, 3, 0), company), of(torch.float32)))
    assert [item for block in blocks for item in block.company] == list("abcde")
    assert sum(map(len, blocks)) == Placement(window(conv), (7, 3, 3)).size[0]


def test_blocks_without_times_stay_without_times():
    """Blocks without times, such as rows of an image, give blocks without times."""
    conv = nn.Conv1d(1, 1, 3, padding=1)
    run = Stream(window(conv), Convolution(conv, (9,), of(torch.float32)))
    blocks = [Block(part, of(torch.float32)) for part in torch.rand(1, 1, 9).split(4, 2)]
    assert all(block.times is None for block in run.blocks(blocks, of(torch.float32)))


def test_a_time_that_has_not_been_read_is_an_error():
    """A time that has not been read is an error, never a guess."""
    beside = _Beside(1, 3)
    next(beside.tensors(timed((2, 2))))
    with pytest.raises(RuntimeError, match="position 3"):
        beside.times(1)


@pytest.mark.parametrize(
    "parts",
    [
        {"tensor": torch.zeros(3, 4)},
        {"levels": of(torch.uint8)},
        {"times": moments(2)},
    ],
)
def test_a_block_checks_itself(parts):
    """A block is not created if its parts do not belong together."""
    whole = {"tensor": torch.zeros(1, 1, 3, 4), "levels": of(torch.float32), "times": moments(3)}
    assert len(Block(**whole)) == 3
    with pytest.raises(ValueError, match="block"):
        Block(**(whole | parts))
