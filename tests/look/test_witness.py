"""Witnesses: what they keep of a run is what the run read and wrote."""

import numpy as np
import pytest
import soundfile
import torch
from conftest import ROOT, SAMPLES
from PIL import Image

from convtool.look.region import Region
from convtool.look.report.region import exact_region
from convtool.look.settling import settled
from convtool.look.witness import Look
from convtool.media.registry import MEDIA
from convtool.outputs.job import Job
from convtool.run.filter import Filter
from convtool.run.observe import observe
from convtool.run.pipeline import run
from convtool.run.state import Run


def watched(medium, source, target, look, **values):
    """Return the outcome of a job that is watched; without a target, nothing is written."""
    chosen = MEDIA[medium]
    shared = Run(Filter(chosen.options(values), chosen), witness=lambda _: look)
    merged = "-" if target is None else str(target)
    job = Job(str(source), source.parent, source.stem, source.suffix, split=False, merged=merged)
    outcome = observe(job, shared) if target is None else run(job, shared)
    assert outcome.error is None
    return outcome


def region_of(origin, size):
    """Return what gives the region of outputs from an origin."""
    return lambda work: Region.of(work.layer, work.part.size, origin, size)


@pytest.mark.parametrize("alone", [False, True])
def test_a_region_of_an_image_is_that_of_the_file(tmp_path, alone):
    """The stored samples that are kept are those of the PNG, written or not."""
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    Image.open(SAMPLES / "chart.jpg").save(source)
    look = Look(region_of((30, 40), (5, 6)), overviews=False)
    watched("image", source, None if alone else target, look, kernel=("sobel-x",))
    if alone:
        watched("image", source, target, Look(), kernel=("sobel-x",))
    written = np.asarray(Image.open(target))[30:35, 40:46]
    (view,) = look.views
    assert np.array_equal(view.stored.permute(1, 2, 0).numpy(), written)
    read = np.asarray(Image.open(source))[29:36, 39:47]
    assert np.array_equal(view.padded.permute(1, 2, 0).numpy(), read)


def test_an_overview_of_audio_has_the_peaks_of_the_file(tmp_path):
    """The envelope's extremes are those of the WAV, before and after."""
    source, target, look = SAMPLES / "melody.wav", tmp_path / "out.wav", Look()
    watched("audio", source, target, look, kernel=("lowpass:cutoff=500",))
    (view,) = look.views
    for path, kept in ((source, view.before), (target, view.after)):
        samples, _ = soundfile.read(path, dtype="int16", always_2d=True)
        lows, highs = kept["envelope"].samples
        assert torch.equal(lows.amin(1), torch.from_numpy(samples.min(0)))
        assert torch.equal(highs.amax(1), torch.from_numpy(samples.max(0)))


def test_an_overview_of_video_has_frames_and_a_slice():
    """Frames are spread from the first to the last, and each frame has its row in the slice."""
    look = Look()
    watched("video", SAMPLES / "clip.mp4", None, look, kernel=("blur",))
    (view,) = look.views
    frames = view.before["frames"]
    assert frames.positions[0] == 0
    assert frames.positions[-1] == view.read - 1
    assert view.before["slice"].samples.shape[1] == view.made == view.read


def test_no_decoded_image_is_held(tmp_path):
    """Once a part is made, what is kept of it is reduced, and its samples can be let go."""
    source, look = tmp_path / "in.png", Look()
    image = Image.open(SAMPLES / "chart.jpg")
    image.putalpha(image.convert("L"))
    image.save(source)
    watched("image", source, tmp_path / "out.png", look, kernel=("sharpen",), stride=2)
    (view,) = look.views
    assert not hasattr(view.work.part, "pixels")
    assert view.work.part.size == image.size[::-1]
    before, after = view.opacity
    assert torch.allclose(before, torch.from_numpy(np.asarray(image)[..., 3] / np.float32(255)))
    assert after.shape == view.placement.size


@pytest.mark.parametrize("taps", [3, 9])
@pytest.mark.parametrize("mode", ["zeros", "replicate", "reflect", "circular"])
def test_a_region_behind_the_end_of_a_video_is_held_at_its_start(mode, taps):
    """Where a header states far too many frames, what is held is still what the layer ran on."""
    source, look = ROOT / "tests/cases/av/vfr.mkv", Look(exact_region)
    watched("video", source, None, look, seed=1, kernel_size=(taps, 1, 1), padding_mode=mode)
    view = settled(look.views[0])
    layer, seen = view.work.layer.conv, view.work.seen.levels.scale
    assert (view.work.part.size[0], view.made) == (301, 6)  # of the header, and those there are
    assert view.region.size[0] == 6
    padded = (view.padded.double() / seen)[None]
    weight, bias = layer.weight.double(), layer.bias.double()
    response = torch.nn.functional.conv3d(padded, weight, bias, groups=layer.groups)[0]
    stored = response.sigmoid() * view.work.encoding.levels.scale
    assert (view.stored - stored).abs().max() < 0.51
