"""Exceptions that nobody foresaw: each costs its own input only, and is seen."""

import json
import re
import shutil

import pytest
from conftest import SAMPLES

from convtool.media.audio.libsndfile.encoder import AudioEncoder
from convtool.media.audio.source import AudioPart
from convtool.media.image.encoder import ImageEncoder
from convtool.media.image.part import ImagePart
from convtool.media.video.read import VideoPart
from convtool.media.video.write import VideoEncoder

MEDIA = {
    "image": (SAMPLES / "chart.jpg", ImagePart, ImageEncoder, "png"),
    "audio": (SAMPLES / "melody.wav", AudioPart, AudioEncoder, "flac"),
    "video": (SAMPLES / "clip.mp4", VideoPart, VideoEncoder, "mkv"),
}


def fault(kind):
    """Return a method that raises what no decoder or encoder is expected to raise."""

    def raise_(*_args, **_options):
        raise AssertionError(f"{kind} fell over\nwith details")  # a test's

    return raise_


def faulty_after_a_block(method):
    """Return a method of parts that fails after one block, the first time that it is called."""
    calls = []

    def blocks(self, length, **options):
        calls.append(self)
        is_first = len(calls) == 1
        for index, block in enumerate(method(self, 7 if is_first else length, **options)):
            if is_first and index:
                raise KeyError("frames")
            yield block

    return blocks


@pytest.fixture(params=MEDIA)
def inputs(request, tmp_path):
    """Three inputs of a medium, and the classes that read and write them."""
    source, part, encoder, format = MEDIA[request.param]
    for name in "abc":
        shutil.copy(source, tmp_path / f"{name}{source.suffix}")
    return request.param, tmp_path, part, encoder, format


def run(convtool, inputs, *options):
    """Filter the folder of three inputs."""
    medium, folder, _, _, format = inputs
    where = [folder / f"{name}{MEDIA[medium][0].suffix}" for name in "abc"]
    return convtool(
        medium, *where, folder / "out/", "-k", "identity", "--format", format, "--jobs", 1, *options
    )


def test_an_encoder_that_raises_in_close_costs_its_own_input(convtool, inputs, monkeypatch):
    """The first of three inputs fails in `close`; the others are written, nothing is left."""
    _, folder, _, encoder, _ = inputs
    close, calls = encoder.close, []

    def first(self):
        calls.append(self)
        return fault("close")() if len(calls) == 1 else close(self)

    monkeypatch.setattr(encoder, "close", first)
    result = run(convtool, inputs, "--json")
    outcomes = [json.loads(line) for line in result.out.splitlines() if '"status"' in line]
    assert [outcome["status"] for outcome in outcomes] == ["failed", "done", "done"]
    assert result.code == 1
    assert "internal error (AssertionError: close fell over), please report" in result.err
    assert "Traceback" not in result.err
    assert not [path for path in (folder / "out").rglob("*") if path.name.startswith("a")]
    assert not list((folder / "out").rglob(".*tmp*"))


def test_a_decoder_that_raises_after_a_block_costs_its_own_input(convtool, inputs, monkeypatch):
    """The first input fails in the middle; the others are written."""
    _, folder, part, _, _ = inputs
    monkeypatch.setattr(part, "blocks", faulty_after_a_block(part.blocks))
    result = run(convtool, inputs, "--verbose")
    assert result.code == 1
    assert "internal error (KeyError: 'frames'), please report" in result.err
    assert 'raise KeyError("frames")' in result.err  # the traceback that --verbose asks for
    assert sorted({path.name[0] for path in (folder / "out").iterdir()} - {"."}) == ["b", "c"]


def test_a_fault_outside_of_any_input_is_seen(convtool, monkeypatch, tmp_path):
    """A fault of ours before the first input says so, instead of an empty exit 1."""
    monkeypatch.setattr("convtool.cli.planning.plan_jobs", fault("planning"))
    result = convtool("image", SAMPLES / "chart.jpg", tmp_path / "out.png", "-k", "identity")
    assert result.code == 1
    assert result.err.startswith("error: internal error (AssertionError: planning fell over)")


def test_a_fault_in_a_thread_of_a_batch_costs_its_own_input(convtool, inputs, monkeypatch):
    """With two workers, every input is accounted for."""
    _, _, part, _, _ = inputs
    monkeypatch.setattr(part, "blocks", fault("blocks"))
    medium, folder, _, _, format = inputs
    where = [folder / f"{name}{MEDIA[medium][0].suffix}" for name in "abc"]
    result = convtool(
        medium, *where, folder / "out/", "-k", "identity", "--format", format, "--jobs", 2
    )
    assert result.code == 1
    assert "please report" in result.err
    assert all(str(path) in result.err for path in where)
    assert re.search(r"failed .*\n +3 ", result.err)
