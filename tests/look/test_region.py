"""Regions: the box of padded input that a box of a result depends on."""

import pytest
import torch
from torch.nn import functional

from convtool.convolve.beyond import sources
from convtool.layers.build import build
from convtool.look.keepers import Envelope, Exact, Means
from convtool.look.region import Region
from convtool.options.layer import LayerOptions
from convtool.padding import Mode

MODES = ("zeros", "reflect", "replicate", "circular")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("before", [0, 1, 3])
def test_positions_beyond_the_ends_have_the_samples_that_torch_pads_with(mode, before):
    """Each position of a padded row has the sample that torch's padding puts there."""
    row = torch.arange(1.0, 6)
    names = {"zeros": "constant"}
    padded = functional.pad(row[None, None], (before, before), names.get(mode, mode))[0, 0]
    places = sources(torch.arange(-before, 5 + before), 5, Mode(mode))
    ours = torch.where(places < 0, 0, row[places.clamp(min=0)])
    assert torch.equal(ours, padded)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_a_region_is_all_that_its_outputs_depend_on(dims, mode):
    """The layer without padding, run on the region's padded input, gives the region's outputs."""
    torch.manual_seed(dims)
    options = LayerOptions(stride=2, padding=2, dilation=2, padding_mode=mode)
    layer = build(
        [], dims=dims, in_channels=2, random_channels=3, padding_mode="zeros", layer=options
    )
    size = (9, 8, 7)[:dims]
    tensor = torch.rand(1, 2, *size)
    whole = layer.conv(tensor)
    origin, count = (0, 1, 2)[:dims], (3, 2, 1)[:dims]
    region = Region.of(layer, size, origin, count)
    kept = Exact(region.sources)
    for start in range(0, size[0], 2):
        kept.take(tensor[0, :, start : start + 2], start)
    plain = type(layer.conv)(2, 3, 3, stride=2, dilation=2)
    plain.load_state_dict(layer.conv.state_dict())
    box = tuple(slice(start, start + n) for start, n in zip(origin, count, strict=True))
    torch.testing.assert_close(plain(kept.samples[None])[0], whole[0][(slice(None), *box)])


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16, torch.int32, torch.float64])
def test_samples_of_any_type_are_kept(dtype):
    """Every type of samples is kept unchanged, and padding with zeros is zero."""
    samples = torch.tensor([[[1, 200], [3, 4]]]).to(dtype)
    kept = Exact([torch.tensor([1, -1, 0]), torch.tensor([-1, 1])])
    kept.take(samples, 0)
    assert kept.samples.dtype == dtype
    assert kept.samples.tolist() == [[[0, 4], [0, 0], [0, 200]]]


def test_an_envelope_keeps_peaks_whatever_the_blocks():
    """A single loud sample is in its bucket, in blocks of any length."""
    samples = torch.zeros(1, 1000)
    samples[0, 777] = 1
    for length in (1000, 7):
        envelope = Envelope(1000, 10)
        for start in range(0, 1000, length):
            envelope.take(samples[:, start : start + length], start)
        lows, highs = envelope.samples
        assert highs.shape == (1, 10)
        assert highs.argmax() == 7
        assert not lows.any()


def test_means_of_an_image_whose_size_is_no_multiple():
    """Means at the lower and right edge are those of the samples that there are."""
    image = torch.rand(3, 10, 7)
    means = Means((10, 7), 4)
    for start in range(0, 10, 4):
        means.take(image[:, start : start + 4], start)
    assert means.factor == 3
    assert means.samples.shape == (3, 4, 3)
    torch.testing.assert_close(means.samples[:, 3, 2], image[:, 9:, 6:].mean((1, 2)))
