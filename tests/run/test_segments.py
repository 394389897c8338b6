"""Segments of a video: joined, they are what a run makes that divides nothing."""

import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
from fractions import Fraction
from functools import partial
from itertools import pairwise, product
from multiprocessing.process import BaseProcess

import av
import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from conftest import eventually
from test_batch import largest_file
from videos import BASE, contents, make

from convtool.cli import running
from convtool.convolve.geometry import window
from convtool.convolve.stream import Stream
from convtool.convolve.stretch import Along
from convtool.results.ranges import Extremes, Sizes
from convtool.run import processes
from convtool.run.segments import Filtered, agree, measure
from convtool.run.state import Run

OPEN = "open-gop=1:keyint=24:min-keyint=24:bframes=3:b-pyramid=normal:scenecut=0"
LOSSLESS = ("--codec", "ffv1")


def noise(count, height, width, seed=0):
    """Return frames of smooth noise that moves. Shape: (D, H, W, 3)"""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (count // 4 + 2, height // 4 + 2, width // 4 + 2, 3))
    large = small.repeat(4, 0).repeat(4, 1).repeat(4, 2).astype(np.uint8)
    return large[:count, :height, :width] ^ rng.integers(0, 8, (count, height, width, 3), np.uint8)


def encoded(path, frames, codec, options, pix_fmt="yuv420p", *, times=None, audio=True):
    """Write frames as a video of 25 frames per second, or at `times` in ticks of 1/12800."""
    with av.open(str(path), "w") as video:
        stream = video.add_stream(codec, rate=25, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pix_fmt
        base = Fraction(1, 25) if codec == "mpeg2video" else BASE
        stream.codec_context.time_base = stream.time_base = base
        video.metadata["title"] = "A Test"
        track = video.add_stream("aac", rate=48000) if audio else None
        for number, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format=pix_fmt)
            frame.pts = 512 * number if times is None else times[number]
            frame.time_base = BASE
            video.mux(stream.encode(frame))
            if track is not None and number % 2 == 0:
                tone = np.sin(np.arange(3840) / (20 + number))[None].astype(np.float32)
                sound = av.AudioFrame.from_ndarray(tone, "fltp", "mono")
                sound.sample_rate, sound.pts = 48000, 1920 * number
                video.mux(track.encode(sound))
        video.mux(stream.encode(None))
        if track is not None:
            video.mux(track.encode(None))
    return path


def copied(source, path, change=None):
    """Copy the packets of a video into another file, each changed."""
    with av.open(str(source)) as given, av.open(str(path), "w") as made:
        streams = [made.add_stream_from_template(stream) for stream in given.streams]
        for packet in given.demux():
            if packet.size:
                if change:
                    change(packet)
                packet.stream = streams[packet.stream.index]
                made.mux(packet)
    return path


def earlier(packet):
    """Let a video begin before zero, so that its container hides the first frames."""
    shift = round(Fraction(3, 10) / packet.time_base)
    packet.pts, packet.dts = packet.pts - shift, packet.dts - shift


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Return videos by what is special about them."""
    folder = tmp_path_factory.mktemp("sources")
    rng = np.random.default_rng(4)
    frames, odd = noise(130, 36, 52), noise(100, 35, 51)
    times = np.cumsum(rng.choice([256, 512, 700, 1900], 130)).tolist()
    x264 = {"preset": "veryfast", "x264-params": OPEN}
    hevc = {"preset": "ultrafast", "x265-params": "log-level=none:keyint=20:open-gop=1"}
    vp9 = {"deadline": "realtime", "cpu-used": "8", "g": "25"}
    mpeg2 = {"bf": "2", "g": "18"}
    refreshed = {"x264-params": "keyint=30:intra-refresh=1:scenecut=0"}
    once = {"g": "600", "sc_threshold": "0"}

    def made(name, *how, **more):
        return encoded(folder / name, *how, **more)

    variable = made("vfr.mp4", frames, "libx264", x264, times=times)
    regular = made("regular.mp4", frames, "libx264", x264)
    return {
        "vfr": variable,
        "edit": copied(variable, folder / "edit.mp4", earlier),
        "ts": copied(regular, folder / "in.ts"),
        "mkv": copied(variable, folder / "in.mkv"),
        "hevc10": made("ten.mp4", frames, "libx265", hevc, "yuv420p10le"),
        "mpeg2": made("in.mpg", frames, "mpeg2video", mpeg2, audio=False),
        "odd": made("odd.webm", odd, "libvpx-vp9", vp9, audio=False),
        "one key": made("one.mp4", frames[:60], "libx264", once, audio=False),
        "refreshed": made("refreshed.mkv", frames, "libx264", refreshed, audio=False),
        "intra": made("intra.mov", frames, "mjpeg", {}, "yuvj420p"),
    }


def sent(value):
    """Return a value as it arrives in another process."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301  # our own


def here(task, items, at_once, tell):
    """Run a task on each item in this process, as another machine would: values alone travel."""
    results = []
    for index, item in enumerate(items):
        results.append(sent(task)(sent(item), partial(tell, index)))
    return sent(results)


@pytest.fixture
def nearby(convtool, monkeypatch):
    """Run the command line, and all segments in this process."""
    monkeypatch.setattr(running, "Run", partial(Run, each=here))
    monkeypatch.setattr(processes, "prepare", lambda: None)
    return convtool


def compare(convtool, tmp_path, source, suffix, *options, segments=4):
    """Filter a video whole and divided; the results are the same. Return what is said."""
    one, many = tmp_path / f"one.{suffix}", tmp_path / f"many.{suffix}"
    whole = convtool("video", source, one, *options)
    assert whole.code == 0, whole.err
    result = convtool("video", source, many, *options, "--segments", segments, "-v")
    assert result.code == 0, result.err
    for found, wanted in zip(contents(many), contents(one), strict=True):
        assert found == wanted
    notes = [line for line in result.err.splitlines() if line.startswith("note:")]
    assert [note for note in notes if "divided" not in note] == [
        line for line in whole.err.splitlines() if line.startswith("note:")
    ]
    assert {path.name for path in tmp_path.iterdir()} == {one.name, many.name}
    return result.err


FIVE = ("--out-channels", "3", "--kernel-size", "5,3,3", "--seed", "7")


@pytest.mark.parametrize(
    ("source", "suffix", "options"),
    [
        ("vfr", "mp4", (*FIVE, "--crf", "0", "--speed", "ultrafast")),
        ("vfr", "mkv", ("-k", "temporal-difference", "--stride", "2,1,1", *LOSSLESS)),
        ("edit", "mp4", ("-k", "sobel", "--normalize", "minmax", "--crf", "0")),
        ("ts", "mkv", ("-k", "sobel-t", *LOSSLESS)),
        ("mkv", "mkv", ("-k", "gaussian-3d:sigma=1", "--dilation", "2,1,1", *LOSSLESS)),
        ("mkv", "mov", ("-k", "blur", "--start", "1.1", "--duration", "3.9", "--crf", "0")),
        ("hevc10", "mkv", (*FIVE, "--padding-mode", "reflect", *LOSSLESS)),
        ("mpeg2", "mkv", ("-k", "temporal-blur", "--padding-mode", "zeros", *LOSSLESS)),
        ("mkv", "mkv", (*FIVE, "--padding-mode", "symmetric,constant:50%,circular", *LOSSLESS)),
        ("odd", "mkv", ("-k", "temporal-blur", "--pix-fmt", "yuv420p", *LOSSLESS)),
        ("intra", "avi", ("-k", "sharpen", "--crf", "0", "--speed", "ultrafast")),
    ],
)
def test_four_segments_are_the_whole(nearby, tmp_path, sources, source, suffix, options):
    """Frames, times, packets of audio and tags are those of a run that divides nothing."""
    said = compare(nearby, tmp_path, sources[source], suffix, *options)
    assert re.search(r", in [34] segments", said), said


def test_segments_by_processes(convtool, tmp_path, sources):
    """Each segment has a process of its own; ranges are measured by all of them together."""
    options = ("-k", "sobel-x", "--normalize", "minmax", "--independent", *LOSSLESS)
    assert ", in 2 segments" in compare(
        convtool, tmp_path, sources["vfr"], "mkv", *options, segments=2
    )


def test_several_outputs_and_folders_of_images(nearby, tmp_path, sources):
    """Each output is joined of pieces of its own; so are numbered images."""
    for name, options in (
        ("maps", ("--out-channels", "2", "--seed", "3", "--format", "mkv", *LOSSLESS)),
        ("images", ("-k", "blur", "--format", "png", "--merge")),
    ):
        for folder, more in (("one", ()), ("many", ("--segments", "3", "-v"))):
            result = nearby("video", sources["vfr"], f"{tmp_path}/{folder}/", *options, *more)
            assert result.code == 0, result.err
        assert ", in 3 segments" in result.err
        made = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*"))
        assert len(made) == (2 if name == "maps" else 131)
        for path in made:
            one, many = tmp_path / "one" / path, tmp_path / "many" / path
            if path.suffix == ".mkv":
                assert contents(one) == contents(many)
            elif path.suffix:
                assert one.read_bytes() == many.read_bytes()
        assert len(list((tmp_path / "many").rglob("*"))) == len(made)
        shutil.rmtree(tmp_path / "one")
        shutil.rmtree(tmp_path / "many")


@pytest.mark.parametrize(
    ("source", "suffix", "options", "reason"),
    [
        ("one key", "mkv", (), "it has no second key frame"),
        ("vfr", "gif", (), "GIF stores what changes from each image to the next"),
        ("vfr", "mkv", ("--frames", "50"), "--frames counts from the beginning"),
        ("vfr", "mkv", ("--deinterlace",), "--deinterlace looks at the frames around each"),
        ("vfr", "mkv", ("--padding-mode", "circular"), "circular padding joins"),
        ("array", "mkv", (), "an array of numbers has no key frames"),
        ("avi", "mkv", (), "its container does not say when frames are shown"),
    ],
)
def test_why_a_video_is_not_divided(nearby, tmp_path, sources, source, suffix, options, reason):
    """A note says why a video is filtered whole; a dry run says it as well."""
    path = sources.get(source)
    if source == "array":
        path = tmp_path / "in.npy"
        np.save(path, noise(30, 8, 8))
    elif source == "avi":
        path = make(tmp_path / "in.avi", noise(30, 8, 8))
    kernel = "temporal-blur" if "circular" in options else "blur"
    command = ("video", path, tmp_path / f"out.{suffix}", "-k", kernel, *options, "--segments", "4")
    for result in (nearby(*command, "--dry-run"), nearby(*command, "-v")):
        assert result.code == 0, result.err
        assert f"not divided into segments: {reason}" in result.err
        assert "in 4 segments" not in result.err
    assert (tmp_path / f"out.{suffix}").exists()


def test_a_dry_run_counts_segments(nearby, tmp_path, sources):
    """It says how many there would be, and how many at once within the limit of memory."""
    command = ("video", sources["vfr"], tmp_path / "out.mkv", "-k", "blur", "--dry-run")
    assert "  segments:" not in nearby(*command).out
    result = nearby(*command, "--segments", "4")
    assert re.search(r"^  segments: 4 of at most \d\d, 4 at once$", result.out, re.MULTILINE)
    memory = int(re.search(r"about (\d+) MiB", result.out)[1])
    result = nearby(*command, "--segments", "4", "--max-memory", memory * 2)
    assert "2 at once" in result.out
    assert "2 of 4 segments at once: --max-memory allows no more" in result.err
    result = nearby(*command, "--segments", "40")
    assert "divided into 6 segments: it has no key frames for more" in result.err


def test_false_key_frames(nearby, tmp_path, sources):
    """Where decoding cannot begin at what is marked as a key frame, the video is filtered whole."""
    options = ("-k", "temporal-blur", *LOSSLESS)
    said = compare(nearby, tmp_path, sources["refreshed"], "mkv", *options)
    reason = "from a key frame on, it is decoded to other frames than its packets promise"
    assert f"not divided into segments: {reason}" in said
    assert "in 4 segments" not in said


def test_neighbours_agree_on_what_both_read():
    """Segments that read the same frame otherwise, or have none in common, are refused."""
    same, other, apart = {8: 1, 9: 2}, {8: 1, 9: 3}, {30: 1}
    for second, agreed in ((same, True), (other, False), (apart, False)):
        assert agree([Filtered((), prints, ()) for prints in (same, second)]) == agreed


def test_damage_in_the_middle(nearby, tmp_path, sources):
    """A damaged video is refused, or read as far as is allowed, just as where it is whole."""
    data = bytearray(sources["hevc10"].read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    source = tmp_path / "damaged.mkv"
    source.write_bytes(data)
    said, made = [], []
    for more in ((), ("--segments", "4")):
        command = ("video", source, tmp_path / "out.mkv", "-k", "blur", "-f", *LOSSLESS, *more)
        said.append(nearby(*command))
        made.append(nearby(*command, "--allow-truncated"))
        made[-1].contents = contents(tmp_path / "out.mkv")
    assert (said[0].code, said[0].err) == (said[1].code, said[1].err)
    assert made[0].code == made[1].code == 0
    assert made[0].contents == made[1].contents
    assert "not divided into segments: " in made[1].err


# --- processes that end ---


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    """Return a video that takes long to encode."""
    path = tmp_path_factory.mktemp("lasting") / "in.mkv"
    frames = np.random.default_rng(1).integers(0, 256, (120, 240, 320, 3), dtype=np.uint8)
    return encoded(path, frames, "mjpeg", {}, "yuvj420p", audio=False)


@pytest.fixture
def running_program(tmp_path, lasting):
    """Yield a run of two segments, in the middle, and the ids of their processes."""
    command = [sys.executable, "-m", "convtool", "video", str(lasting), str(tmp_path / "out.mkv")]
    options = ["-k", "gaussian-3d:sigma=2", "--speed", "placebo", "--segments", "2"]
    process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, start_new_session=True)

    def workers():
        found = subprocess.run(
            ["ps", "-ww", "-o", "pid=", "-o", "ppid=", "-o", "args=", "--sid", str(process.pid)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        rows = [line.split(maxsplit=2) for line in found.splitlines()]
        server = [pid for pid, _, args in rows if "forkserver" in args]
        return [int(pid) for pid, parent, _ in rows if parent in server]

    eventually(lambda: len(workers()) == 2 and len(list(tmp_path.glob(".convtool-*.tmp"))) == 2)
    yield process, workers
    if process.poll() is None:
        process.kill()
        process.communicate()


def test_an_interrupt_ends_all_processes(tmp_path, running_program):
    """Ctrl-C leaves no file and no process, and the exit code says so."""
    process, workers = running_program
    os.killpg(process.pid, signal.SIGINT)  # as a terminal sends it
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert said.splitlines() == [b"interrupted: 0 of 1 done"]
    assert list(tmp_path.iterdir()) == []
    eventually(lambda: workers() == [])


def test_a_process_that_is_killed(tmp_path, running_program):
    """A lost process is an error in words; nothing is written, and the others end."""
    process, workers = running_program
    os.kill(workers()[1], signal.SIGKILL)
    said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 1
    assert re.search(
        r"in\.mkv: the process that was filtering segment . of 2 was ended by SIGKILL\n"
        r"hint: where memory is short, fewer --segments take less\n$",
        said,
    )
    assert list(tmp_path.iterdir()) == []
    eventually(lambda: workers() == [])


def test_a_process_that_cannot_be_started(monkeypatch):
    """Where the process that others are forked from has ended, that is an error in words."""

    def start(_):
        raise EOFError

    monkeypatch.setattr(processes, "prepare", lambda: None)
    monkeypatch.setattr(BaseProcess, "start", start)
    with pytest.raises(processes.LostError, match="task 1 could not be started"):
        processes.each(measure, ["a segment"], 1)


@pytest.mark.long
def test_processes_end_with_the_one_that_began_them(running_program):
    """Where the run is killed, so are they."""
    process, workers = running_program
    process.kill()
    process.communicate()
    eventually(lambda: workers() == [])


def test_a_full_disk(nearby, tmp_path, lasting):
    """A piece that cannot be written is one error, and leaves no file."""
    with largest_file(100_000):
        result = nearby(
            "video", lasting, tmp_path / "out.mkv", "-k", "blur", "--segments", "2", *LOSSLESS
        )
    assert result.code == 1
    assert result.err == f"error: {tmp_path / 'out.mkv'} cannot be written: File too large\n"
    assert list(tmp_path.iterdir()) == []


# --- numbers ---


def unpadded(conv, pieces, _):
    """Run a layer without its padding."""
    joined = torch.cat(list(pieces), 2)
    return F.conv1d(joined, conv.weight, None, conv.stride, 0, conv.dilation)


def test_stretches_of_a_layer_are_the_whole():
    """The results of stretches, joined, are the layer's on the whole input."""
    generator = torch.Generator().manual_seed(0)
    compared = 0
    cases = product((9, 14), (2, 5), (1, 2), (1, 3), (0, 1, 4), ("zeros", "reflect"))
    for length, taps, dilation, stride, padding, mode in cases:
        conv = torch.nn.Conv1d(
            1, 1, taps, stride, padding, dilation, bias=False, padding_mode=mode
        ).requires_grad_(requires_grad=False)
        conv.weight[:] = torch.randint(-3, 4, conv.weight.shape, generator=generator)
        samples = torch.randint(-9, 10, (1, 1, length), generator=generator).float()
        along = Along.of(conv, length, ((padding, padding),))
        if not along.count:
            continue
        whole = conv(samples)
        assert along.count == whole.shape[2]
        for cuts in ((along.count // 2,), (along.count // 3, 2 * along.count // 3)):
            stretches = [along.stretch(*ends) for ends in pairwise((0, *cuts, along.count))]
            if any(s.stop - s.start < max(along.extent, *s.pads) + 1 for s in stretches):
                continue
            compared += 1
            parts = []
            run = partial(unpadded, conv)
            for stretch in stretches:
                blocks = samples[:, :, stretch.start : stretch.stop].split(3, 2)
                parts += Stream(window(conv, [stretch.pads]), run)(blocks)
            assert torch.equal(torch.cat(parts, 2), whole)
    assert compared > 50


def test_what_segments_measure_adds_up():
    """Extremes and percentiles of all responses are those of parts that were sent as numbers."""
    responses = torch.randn(1, 2, 30, 8, generator=torch.Generator().manual_seed(1))
    whole, joined = (Extremes(), Sizes(0.01)), (Extremes(), Sizes(0.01))
    for meter in whole:
        meter.add(responses, 2.0)
    for block in responses.split(7, 2):
        for meter, parts in zip((Extremes(), Sizes(0.01)), joined, strict=True):
            meter.add(block, 2.0)
            parts.take(sent(meter.found))
    assert joined[0].limits([0, 1]) == whole[0].limits([0, 1])
    for percent in (1, 50, 99.5, 100):
        assert joined[1].percentile(percent) == whole[1].percentile(percent)
