"""Video: frames, times and audio are kept; filters equal nn.Conv3d; bad files are refused."""

import itertools
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from conftest import eventually, peak
from PIL import Image
from videos import BASE, facts, make, moving_square, read

import convtool as package
from convtool.convolve import Convolution
from convtool.kernels.resolve import resolve
from convtool.run.prefetch import prefetch


@pytest.fixture
def clip(rng):
    """Return eleven small frames."""
    return moving_square(rng)


def reference(frames, weight, *, stride=(1, 1, 1), groups=3):
    """Return nn.Conv3d's result by F.conv3d in float64, ends repeated.

    Shape: (D, H, W, C) → (D', H', W', C')
    """
    tensor = torch.from_numpy(frames.astype(float) / 255).permute(3, 0, 1, 2)[None]
    pads = [n for k in reversed(weight.shape[2:]) for n in ((k - 1) // 2, k // 2)]
    padded = F.pad(tensor, pads, mode="replicate")
    return F.conv3d(padded, weight, stride=stride, groups=groups)[0].permute(1, 2, 3, 0).numpy()


def lifted(kernel):
    """Return a preset's weights for video, once per colour."""
    weights = torch.from_numpy(resolve(kernel, 3).kernels[0].weights.copy())
    return weights.expand(3, 1, *weights.shape).float().double()


@pytest.mark.parametrize("length", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("kernel", "stride"),
    [
        ("blur", (1, 1, 1)),
        ("sharpen", (1, 1, 1)),
        ("temporal-difference", (1, 1, 1)),
        ("gaussian-3d", (1, 1, 1)),
        ("temporal-blur", (2, 1, 1)),
        ("blur", (2, 1, 1)),
        ("blur", (1, 2, 2)),
        ("gaussian-3d", (2, 2, 2)),
    ],
)
def test_equals_conv3d(convtool, tmp_path, clip, monkeypatch, kernel, stride, length):
    """Results equal F.conv3d on the whole clip within a level, for any block length."""
    monkeypatch.setattr(Convolution, "length", length)
    source = make(tmp_path / "in.mkv", clip)
    options = ["--stride", ",".join(map(str, stride)), "--normalize", "clamp", "--codec", "ffv1"]
    result = convtool("video", source, tmp_path / "out.mkv", "-k", kernel, *options)
    assert result.code == 0, result.err
    expected = np.rint(reference(clip, lifted(kernel), stride=stride).clip(0, 1) * 255)
    out = read(tmp_path / "out.mkv")
    assert out.shape == expected.shape
    assert np.abs(out - expected).max() <= 1


def test_random_weights_make_a_grey_video_of_each_map(convtool, tmp_path, clip):
    """A random layer gives a grey video per map, with its audio, or a grid with white gaps."""
    source = make(tmp_path / "in.mkv", clip, audio="aac")
    options = ["--out-channels", "4", "--seed", "7", "--codec", "ffv1"]
    result = convtool("video", source, f"{tmp_path}/maps/", *options)
    assert result.code == 0, result.err
    torch.manual_seed(7)
    conv = torch.nn.Conv3d(3, 4, 3)
    expected = (
        reference(clip, conv.weight.detach().double(), groups=1)
        + conv.bias.detach().double().numpy()
    )
    for channel in range(4):
        path = tmp_path / "maps" / f"in_random_{channel + 1}.mkv"
        wanted = np.rint(255 / (1 + np.exp(-expected[..., channel])))
        assert np.abs(read(path, "gray")[..., 0] - wanted).max() <= 1
        assert facts(path)["audio"] == facts(source)["audio"]
    assert convtool("video", source, tmp_path / "grid.mkv", *options).code == 0
    grid = read(tmp_path / "grid.mkv", "gray")
    assert grid.shape == (11, 2 * 20 + 3 * 4, 2 * 28 + 3 * 4, 1)
    assert (grid[:, :4] == 255).all()
    assert (grid[:, :, 32:36] == 255).all()
    assert np.array_equal(
        grid[:, 28:48, 36:64], read(tmp_path / "maps" / "in_random_4.mkv", "gray")
    )


def test_the_first_examples(convtool, tmp_path, clip):
    """A random layer, a magnitude, a difference along time and --device work as documented."""
    source = make(tmp_path / "in.mp4", clip, codec="libx264", pix_fmt="yuv420p", audio="aac")
    result = convtool("video", source, tmp_path / "out.mp4")
    assert result.code == 0, result.err
    assert "seed:" in result.err
    for kernel in ("sobel", "temporal-difference"):
        assert convtool("video", source, tmp_path / f"{kernel}.mkv", "-k", kernel).code == 0
        assert facts(tmp_path / f"{kernel}.mkv")["size"] == (20, 28)
    result = convtool("video", source, tmp_path / "cuda.mp4", "--device", "cuda")
    assert result.code == (0 if torch.cuda.is_available() else 2)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "circular"])
def test_padding_modes(convtool, tmp_path, clip, monkeypatch, mode):
    """Padding modes also apply at both ends of time, in blocks."""
    monkeypatch.setattr(Convolution, "length", 2)
    source = make(tmp_path / "in.mkv", clip)
    options = ["--padding-mode", mode, "--normalize", "clamp", "--codec", "ffv1"]
    assert (
        convtool(
            "video", source, tmp_path / "out.mkv", "-k", "gaussian-3d:sigma=0.5", *options
        ).code
        == 0
    )
    names = {"zeros": "constant", "reflect": "reflect", "circular": "wrap"}
    padded = np.pad(clip.astype(float) / 255, ((2, 2), (2, 2), (2, 2), (0, 0)), mode=names[mode])
    tensor = torch.from_numpy(padded).permute(3, 0, 1, 2)[None]
    expected = (
        F.conv3d(tensor, lifted("gaussian-3d:sigma=0.5"), groups=3)[0].permute(1, 2, 3, 0).numpy()
    )
    assert np.abs(read(tmp_path / "out.mkv") - np.rint(expected.clip(0, 1) * 255)).max() <= 1


def test_flat_areas_of_signed_kernels_are_mid_grey_in_every_frame(convtool, tmp_path):
    """Signed kernels map by bounds in one pass, so that nothing flickers."""
    frames = np.full((6, 16, 16, 3), 90, np.uint8)
    frames[3, :, 8:] = 255
    source = make(tmp_path / "in.mkv", frames)
    assert (
        convtool("video", source, tmp_path / "out.mkv", "-k", "sobel-x", "--codec", "ffv1").code
        == 0
    )
    out = read(tmp_path / "out.mkv").astype(int)
    assert abs(out[:, 5, 3] - 128).max() <= 1
    assert out[3].max() > 180


def test_minmax_measures_the_whole_video(convtool, tmp_path, clip):
    """All frames and colours share the range that a first pass measures."""
    source = make(tmp_path / "in.mkv", clip)
    options = ["-k", "sobel-x", "--codec", "ffv1", "--normalize", "minmax"]
    assert convtool("video", source, tmp_path / "out.mkv", *options).code == 0
    raw = reference(clip, lifted("sobel-x"))
    expected = np.rint((raw - raw.min()) / (raw.max() - raw.min()) * 255)
    assert np.abs(read(tmp_path / "out.mkv") - expected).max() <= 1


def centred(raw, measured, reach):
    """Return ½ + y/2s as levels: s the 99.5th percentile of what is measured."""
    sizes = np.sort(np.abs(measured), axis=None)
    size = max(sizes[int(np.ceil(0.995 * sizes.size)) - 1], reach / 32)
    return np.rint((0.5 + raw / (2 * size)).clip(0, 1) * 255)


def test_a_short_video_is_centred_by_all_its_frames(convtool, tmp_path, clip):
    """All frames and colours share one range by default, so that nothing flickers."""
    source = make(tmp_path / "in.mkv", clip)
    result = convtool("video", source, tmp_path / "out.mkv", "-k", "sobel-x", "--codec", "ffv1")
    assert result.code == 0
    assert re.search(r"note: .*in.mkv: −[\d.]+ … [\d.]+ shown as black … white", result.err)
    raw = reference(clip, lifted("sobel-x"))
    assert np.abs(read(tmp_path / "out.mkv") - centred(raw, raw, 8)).max() <= 1


@pytest.mark.parametrize("length", [1, 4, 1000])
@pytest.mark.parametrize(("kernel", "reach"), [("sobel-x", 8), ("temporal-difference", 2)])
def test_a_long_video_is_centred_by_every_eleventh_frame(
    convtool, tmp_path, rng, monkeypatch, kernel, reach, length
):
    """More than 100 frames are measured on a sample, and all are shown by its range."""
    monkeypatch.setattr(Convolution, "length", length)
    contrast = np.linspace(20, 120, 115)[:, None, None, None]
    frames = (128 + contrast * rng.uniform(-1, 1, (115, 8, 16, 3))).astype(np.uint8)
    source = make(tmp_path / "in.mkv", frames)
    options = ["-k", kernel, "--codec", "ffv1"]
    assert convtool("video", source, tmp_path / "out.mkv", *options).code == 0
    raw = reference(frames, lifted(kernel))
    expected = centred(raw, raw[::11], reach)
    assert np.abs(read(tmp_path / "out.mkv") - expected).max() <= 1
    if length == 4:
        shown = package.apply(source, kernel, normalize="auto")[0].permute(1, 2, 3, 0)
        assert np.abs(shown.numpy() * 255 - expected).max() <= 1


def test_repeated_frames_do_not_hide_the_motion(convtool, tmp_path, rng):
    """Where every drawing is shown for two frames, half of the differences are nothing."""
    frames = rng.integers(0, 256, (60, 8, 16, 3), np.uint8).repeat(2, 0)
    source = make(tmp_path / "in.mkv", frames)
    options = ["-k", "temporal-difference", "--codec", "ffv1"]
    assert convtool("video", source, tmp_path / "out.mkv", *options).code == 0
    moving = read(tmp_path / "out.mkv")[2::2]
    assert ((moving == 0) | (moving == 255)).mean() < 0.02


# --- preservation --------------------------------------------------------------------------------

VARIABLE = [0, 512, 1024, 2560, 3072, 5120, 5632, 6144, 9000, 9512, 12800]


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("times", [None, VARIABLE], ids=["constant", "variable"])
def test_times_sizes_and_audio_are_kept(convtool, tmp_path, clip, suffix, times):
    """Times, size, rate, aspect and tags are kept, and audio byte for byte."""
    source = make(
        tmp_path / f"in.{suffix}",
        clip,
        codec="libx264",
        pix_fmt="yuv420p",
        times=times,
        audio="aac",
        aspect=Fraction(4, 3),
        tags={"title": "A Test"},
    )
    assert convtool("video", source, tmp_path / f"out.{suffix}", "-k", "blur").code == 0
    before, after = facts(source), facts(tmp_path / f"out.{suffix}")
    tick = 0.001 if suffix == "mkv" else float(BASE)
    assert len(after["shown"]) == 11
    assert np.abs(np.subtract(before["shown"], after["shown"])).max() <= tick / 2 + 1e-9
    assert before["size"] == after["size"]
    assert before["aspect"] == after["aspect"] == Fraction(4, 3)
    assert before["audio"] == after["audio"] != []
    if times is None:
        assert before["rate"] == after["rate"]
    with av.open(str(tmp_path / f"out.{suffix}")) as video:
        assert {key.lower(): value for key, value in video.metadata.items()}["title"] == "A Test"


def test_ffprobe_agrees(convtool, tmp_path, clip):
    """By ffprobe, frames and streams are the same, and ffmpeg plays the file without warnings."""
    if not shutil.which("ffprobe"):
        pytest.skip("no ffprobe program")
    source = make(
        tmp_path / "in.mp4", clip, codec="libx264", pix_fmt="yuv420p", audio="aac", times=VARIABLE
    )
    assert convtool("video", source, tmp_path / "out.mp4", "-k", "sobel").code == 0
    show = [
        "-show_entries",
        # FFmpeg ends a track with its last frame in decoding order, so that a track's own duration
        # depends on what the encoder chose to reorder
        "frame=media_type,pts_time:format=duration:stream=codec_type,nb_frames,width,height",
    ]
    found = []
    for path in (source, tmp_path / "out.mp4"):
        probe = ["ffprobe", "-v", "error", *show, "-of", "json", path]
        found.append(json.loads(subprocess.run(probe, check=True, capture_output=True).stdout))
    frames = [sorted((f["media_type"], f["pts_time"]) for f in each["frames"]) for each in found]
    assert frames[0] == frames[1]
    assert found[0]["streams"] == found[1]["streams"]
    assert found[0]["format"] == found[1]["format"]
    play = ["ffmpeg", "-v", "warning", "-i", tmp_path / "out.mp4", "-f", "null", "-"]
    assert subprocess.run(play, check=True, capture_output=True).stderr == b""


@pytest.mark.parametrize(
    ("pix_fmt", "given"),
    [
        ("bgr0", "rgb24"),
        ("gbrp10le", "gbrp10le"),
        ("gray", "gray"),
        ("gray10le", "gray10le"),
        ("gbrp16le", "gbrp16le"),
    ],
)
def test_identity_keeps_planes_exactly(convtool, tmp_path, rng, pix_fmt, given):
    """RGB and grey planes of any depth are kept exactly."""
    bits = int(re.findall(r"\d+", f"{given} 8")[0]) if given[-2:] == "le" else 8
    shape = (5, 17, 23) if "gray" in given else (5, 17, 23, 3)
    frames = rng.integers(0, 2**bits, shape).astype(np.uint8 if bits == 8 else np.uint16)
    source = make(tmp_path / "in.mkv", frames, pix_fmt=pix_fmt, given=given)
    result = convtool("video", source, tmp_path / "out.mkv", "-k", "identity", "--codec", "ffv1")
    assert result.code == 0, result.err
    with av.open(str(tmp_path / "out.mkv")) as video:
        assert video.streams.video[0].codec_context.pix_fmt == pix_fmt
        out = np.stack([frame.to_ndarray(format=given) for frame in video.decode(video=0)])
    assert np.array_equal(out, frames)


@pytest.mark.parametrize("space", [1, 2, 5])
@pytest.mark.parametrize("range_", [1, 2])
def test_identity_keeps_yuv_within_a_level(convtool, tmp_path, rng, space, range_):
    """YUV 4:4:4 is kept within a level, with the matrix and range of the input."""
    colours = np.kron(
        rng.integers(30, 226, (3, 5, 7, 3), dtype=np.uint8), np.ones((1, 4, 4, 1), np.uint8)
    )
    path = tmp_path / "in.mkv"
    with av.open(str(path), "w") as video:
        stream = video.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 20, 28, "yuv444p"
        stream.codec_context.colorspace, stream.codec_context.color_range = space, range_
        for number, image in enumerate(colours):
            frame = av.VideoFrame.from_ndarray(image, "rgb24").reformat(
                format="yuv444p",
                dst_colorspace={1: 1}.get(space, 5),
                src_color_range=2,
                dst_color_range=range_,
            )
            frame.pts = number
            video.mux(stream.encode(frame))
        video.mux(stream.encode(None))
    options = ["--codec", "h264", "--crf", "0", "--pix-fmt", "yuv444p"]
    assert convtool("video", path, tmp_path / "out.mkv", "-k", "identity", *options).code == 0
    before, after = (
        read(path, "yuv444p").astype(int),
        read(tmp_path / "out.mkv", "yuv444p").astype(int),
    )
    assert np.abs(before - after).max() <= 1
    with av.open(str(tmp_path / "out.mkv")) as video:
        context = video.streams.video[0].codec_context
        assert (context.colorspace, context.color_range) == (space, range_)


def test_ten_bits_stay_ten_bits(convtool, tmp_path, corpus):
    """10 bits are kept if the codec can, and otherwise the loss is noted."""
    source = corpus / "good" / "video" / "torchcodec__h265_10bits.mp4"
    for codec, format in (("hevc", "yuv420p10le"), ("h264", "yuv420p10le"), ("av1", "yuv420p10le")):
        out = tmp_path / f"{codec}.mp4"
        result = convtool("video", source, out, "-k", "blur", "--codec", codec, "--frames", "3")
        assert result.code == 0, result.err
        assert "stored" not in result.err
        with av.open(str(out)) as video:
            assert video.streams.video[0].codec_context.pix_fmt == format
    result = convtool(
        "video",
        source,
        tmp_path / "eight.mp4",
        "-k",
        "blur",
        "--pix-fmt",
        "yuv420p",
        "--frames",
        "3",
    )
    assert "10-bit samples stored as 8-bit" in result.err


@pytest.mark.parametrize("size", [(19, 28), (20, 27), (1, 1), (17, 31)])
def test_odd_sizes_are_kept(convtool, tmp_path, rng, size):
    """Odd sizes are kept, also by codecs that halve chroma."""
    frames = rng.integers(0, 256, (3, *size, 3), dtype=np.uint8)
    source = make(tmp_path / "in.mkv", frames)
    for suffix in ("mp4", "webm", "avi"):
        result = convtool("video", source, tmp_path / f"out.{suffix}", "-k", "identity")
        assert result.code == 0, result.err
        assert facts(tmp_path / f"out.{suffix}")["size"] == size


def test_rotation_is_applied(convtool, tmp_path, clip, corpus):
    """Frames are rotated as by the ffmpeg program, and the output has no rotation tag."""
    if not shutil.which("ffmpeg"):
        pytest.skip("no ffmpeg program")
    make(tmp_path / "flat.mp4", clip, codec="libx264", pix_fmt="yuv444p", aspect=Fraction(4, 3))
    for degrees in (90, 180, 270):
        source, oracle = tmp_path / f"{degrees}.mp4", tmp_path / f"{degrees}.mkv"
        turn = ["-metadata:s:v:0", f"rotate={degrees}", "-c", "copy", source]
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-i", tmp_path / "flat.mp4", *turn], check=True
        )
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-i", source, "-c:v", "ffv1", oracle], check=True
        )
        out = tmp_path / f"out{degrees}.mkv"
        assert convtool("video", source, out, "-k", "identity", "--codec", "ffv1").code == 0
        assert np.abs(read(out).astype(int) - read(oracle).astype(int)).max() <= 2
        assert facts(out)["size"] == facts(oracle)["size"]


def test_a_part_of_a_video(convtool, tmp_path, rng):
    """--start, --duration and --frames select frames and the audio of that time."""
    frames = np.repeat(np.arange(0, 250, 5, dtype=np.uint8), 16 * 16 * 3).reshape(50, 16, 16, 3)
    source = make(tmp_path / "in.mkv", frames, audio="aac")
    options = ["-k", "identity", "--codec", "ffv1"]
    assert (
        convtool(
            "video", source, tmp_path / "a.mkv", *options, "--start", "1", "--duration", "0.5"
        ).code
        == 0
    )
    out = read(tmp_path / "a.mkv")[:, 0, 0, 0]
    assert np.abs(out.astype(int) - frames[25:38, 0, 0, 0]).max() <= 1
    assert facts(tmp_path / "a.mkv")["shown"][0] == 0
    assert 20 <= len(facts(tmp_path / "a.mkv")["audio"]) <= 25
    assert convtool("video", source, tmp_path / "b.mkv", *options, "--frames", "7").code == 0
    assert len(read(tmp_path / "b.mkv")) == 7
    result = convtool("video", source, tmp_path / "c.mkv", *options, "--start", "99")
    assert result.code == 1
    assert "in.mkv: no frames after 99.0 s" in result.err
    between = ["--start", "1.001", "--duration", "0.002"]  # a frame is on screen all the same
    result = convtool("video", source, tmp_path / "d.mkv", *options, *between)
    assert result.code == 0, result.err
    assert read(tmp_path / "d.mkv")[:, 0, 0, 0] == pytest.approx([frames[25, 0, 0, 0]], abs=1)
    late = ["--start", "99", "--duration", "1"]
    result = convtool("video", source, tmp_path / "e.mkv", *options, *late)
    assert "in.mkv: no frames between 99.0 s and 100.0 s" in result.err


def test_temporal_stride_lowers_the_frame_rate(convtool, tmp_path, clip):
    """A stride of 2 keeps every second frame at its time, for twice as long."""
    source = make(tmp_path / "in.mp4", clip, codec="libx264", pix_fmt="yuv444p")
    assert (
        convtool("video", source, tmp_path / "out.mp4", "-k", "blur", "--stride", "2,1,1").code == 0
    )
    before, after = facts(source), facts(tmp_path / "out.mp4")
    assert after["shown"] == before["shown"][::2]
    assert float(after["rate"]) == pytest.approx(12.5, rel=0.1)


# --- containers and codecs -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "codec", "options"),
    [
        ("mp4", None, []),
        ("mp4", "hevc", ["--crf", "30", "--speed", "ultrafast"]),
        ("mp4", "av1", ["--speed", "12"]),
        ("mov", "h264", ["--speed", "veryfast"]),
        ("mkv", "ffv1", []),
        ("mkv", "vp9", ["--crf", "40"]),
        ("webm", None, []),
        ("webm", "av1", ["--crf", "50", "--speed", "12"]),
        ("avi", None, []),
        ("avi", "mjpeg", ["--crf", "2"]),
        ("avi", "ffv1", []),
        ("mov", "mjpeg", []),
        ("gif", None, []),
        ("m4v", None, []),
    ],
)
def test_containers_and_codecs(convtool, tmp_path, clip, suffix, codec, options):
    """Every container and codec plays, with all frames near their times and values."""
    frames = np.kron(clip[:, ::2, ::2], np.ones((1, 8, 8, 1), np.uint8))
    source = make(tmp_path / "in.mkv", frames, audio="aac")
    chosen = ["--codec", codec] if codec else []
    result = convtool(
        "video", source, tmp_path / f"out.{suffix}", "-k", "identity", *chosen, *options
    )
    assert result.code == 0, result.err
    out = read(tmp_path / f"out.{suffix}").astype(int)
    assert out.shape == frames.shape
    assert np.abs(out - frames).mean() < 20
    found = facts(tmp_path / f"out.{suffix}")
    # AVI counts whole frames, and FFmpeg shifts them where AAC starts before zero, even in copies.
    most = 0.09 if suffix == "avi" else 0.02
    assert np.abs(np.subtract(found["shown"], facts(source)["shown"])).max() <= most
    if suffix == "gif":
        assert "audio dropped: GIF cannot hold aac" in result.err
    elif suffix == "webm":
        assert "audio re-encoded as opus: WebM cannot hold aac" in result.err
        assert len(found["audio"]) > 10
    else:
        assert found["audio"] == facts(source)["audio"]


def test_frames_as_images(convtool, tmp_path, clip):
    """Frames are written to a folder of PNGs per channel, complete or not at all."""
    source = make(tmp_path / "in.mkv", clip)
    options = ["-k", "identity", "--format", "png"]
    assert convtool("video", source, f"{tmp_path}/out/", *options).code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"in_identity_{c}" for c in "bgr"
    ]
    assert convtool("video", source, f"{tmp_path}/one/", *options, "--merge").code == 0
    paths = sorted((tmp_path / "one" / "in_identity").iterdir())
    assert [path.name for path in paths] == [f"{number:06}.png" for number in range(1, 12)]
    assert np.array_equal(np.stack([np.array(Image.open(path)) for path in paths]), clip)
    result = convtool("video", source, f"{tmp_path}/one/", *options, "--merge")
    assert result.code == 1
    assert "already exists" in result.err
    assert (
        convtool("video", source, f"{tmp_path}/one/", *options, "--merge", "--overwrite").code == 0
    )
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["in_identity"]
    result = convtool("video", source, tmp_path / "x.png", "-k", "identity")
    assert result.code == 2
    assert "need a folder" in result.err


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--codec", "theora"], 2, "unknown codec 'theora'"),
        (["--codec", "libx264", "--crf", "63"], 2, "--crf for libx264 takes 0 to 51, not 63"),
        (["--pix-fmt", "rainbow"], 2, "no pixel format"),
        (["--normalize", "none"], 1, "no video can hold"),
        (["--speed", "warp"], 2, "--speed for libx264 takes one of"),
        (["--frames", "0"], 2, "--frames takes a whole number from 1, not 0"),
        (["--start", "-1"], 2, "--start takes a time in seconds, such as 90 or 1:30, not -1"),
        (["--codec", "av1", "--speed", "slow"], 2, "--speed for libsvtav1 takes one of"),
    ],
)
def test_what_cannot_be_encoded_is_refused(convtool, tmp_path, clip, options, code, message):
    """Anything that cannot be encoded is refused with a message, and no file is left."""
    source = make(tmp_path / "in.mkv", clip)
    result = convtool("video", source, tmp_path / "out.mp4", "-k", "blur", *options)
    assert result.code == code
    assert message in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def test_a_container_that_cannot_hold_a_codec_is_refused(convtool, tmp_path, clip):
    """H.264 in WebM and FFV1 in a folder of PNG images are refused."""
    source = make(tmp_path / "in.mkv", clip)
    result = convtool("video", source, tmp_path / "out.webm", "-k", "blur", "--codec", "h264")
    assert result.code == 1
    assert "WebM cannot hold libx264" in result.err
    result = convtool(
        "video", source, f"{tmp_path}/o/", "-k", "blur", "--format", "png", "--codec", "ffv1"
    )
    assert result.code == 1
    assert "a folder of images cannot hold ffv1" in result.err


# --- damaged, foreign and hostile files ----------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("mp4", {"movflags": "faststart"}),
        ("mkv", {}),
        ("webm", {}),
        ("avi", {}),
        ("gif", {}),
    ],
)
def test_a_truncated_video_is_refused_or_its_loss_noted(convtool, tmp_path, rng, suffix, options):
    """A truncated video is never shortened without a message."""
    frames = rng.integers(0, 256, (50, 32, 32, 3), dtype=np.uint8)
    codec, pix_fmt = {
        "mp4": ("libx264", "yuv444p"),
        "webm": ("libvpx-vp9", "yuv420p"),
        "gif": ("gif", "rgb8"),
        "mkv": ("ffv1", "bgr0"),
        "avi": ("ffv1", "bgr0"),
    }[suffix]
    source = make(tmp_path / f"in.{suffix}", frames, codec=codec, pix_fmt=pix_fmt)
    if options:  # FFmpeg's library cannot do this to an open file object
        if not shutil.which("ffmpeg"):
            pytest.skip("no ffmpeg program")
        moved = tmp_path / "moved.mp4"
        command = [
            "ffmpeg",
            "-v",
            "error",
            "-i",
            source,
            "-c",
            "copy",
            "-movflags",
            "faststart",
            moved,
        ]
        subprocess.run(command, check=True)
        source = moved
    source.write_bytes(source.read_bytes()[: int(source.stat().st_size * 0.6)])
    before = {path.name for path in tmp_path.iterdir()}
    result = convtool("video", source, tmp_path / "out.mkv", "-k", "blur")
    assert result.code == 1
    assert "truncated: " in result.err
    assert {path.name for path in tmp_path.iterdir()} == before
    result = convtool("video", source, tmp_path / "out.mkv", "-k", "blur", "--allow-truncated")
    assert result.code == 0, result.err
    assert "truncated: " in result.err
    assert 5 < len(read(tmp_path / "out.mkv")) < 50


def test_files_without_video(convtool, tmp_path, clip):
    """Audio, text, an empty file and a missing one are refused with different messages."""
    with av.open(str(tmp_path / "audio.mp4"), "w") as video:
        stream = video.add_stream("aac", rate=16000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), "fltp", "mono")
        silence.sample_rate = 16000
        video.mux([*stream.encode(silence), *stream.encode(None)])
    (tmp_path / "text.mp4").write_text("no video at all")
    (tmp_path / "empty.mp4").touch()
    wanted = {
        "audio.mp4": "audio.mp4: no video stream",
        "text.mp4": "text.mp4: the video cannot be read",
        "empty.mp4": "empty.mp4: the file is empty",
        "none.mp4": "no such file",
    }
    for name, message in wanted.items():
        result = convtool("video", tmp_path / name, tmp_path / "out.mp4", "-k", "blur")
        assert result.code == 1
        assert message in result.err
        assert not (tmp_path / "out.mp4").exists()


def test_playlists_open_nothing_else(convtool, tmp_path, clip):
    """A playlist opens neither another file nor a socket, whatever its name."""
    canary = make(tmp_path / "canary.ts", clip, codec="libx264", pix_fmt="yuv420p")
    visited = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        port = server.getsockname()[1]

        def listen():
            while not visited:
                try:
                    visited.append(server.accept())
                except TimeoutError:
                    if done.is_set():
                        return

        done = threading.Event()
        listener = threading.Thread(target=listen)
        listener.start()
        for target in (canary, f"http://127.0.0.1:{port}/x.ts", "canary.ts"):
            playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n"
            concat = f"ffconcat version 1.0\nfile '{target}'\n"
            for name, text in (
                ("list.m3u8", playlist),
                ("list.mp4", playlist),
                ("c.txt", concat),
                ("c.mkv", concat),
            ):
                (tmp_path / name).write_text(text)
                for command in ("video", "audio"):
                    out = tmp_path / {"video": "out.mkv", "audio": "out.wav"}[command]
                    result = convtool(command, tmp_path / name, out, "-k", "identity")
                    assert result.code == 1, command
                    named_video = command == "audio" and name in ("list.mp4", "c.mkv")
                    assert ("is a video" if named_video else "cannot be read") in result.err
                    assert not out.exists()
        for name in (
            f"concat:{canary}",
            f"file:{canary}",
            f"subfile,,:{canary}",
        ):
            result = convtool("video", name, tmp_path / "out.mkv", "-k", "blur")
            assert result.code == 1
            assert "no such file" in result.err
        done.set()
        listener.join()
    assert not visited
    assert not (tmp_path / "out.mkv").exists()
    assert not (tmp_path / "out.wav").exists()


def test_large_frames_are_refused_before_they_are_decoded(convtool, tmp_path, clip):
    """Frames over --max-pixels are refused before they are decoded."""
    source = make(tmp_path / "in.mkv", clip)
    result = convtool("video", source, tmp_path / "out.mkv", "-k", "blur", "--max-pixels", "500")
    assert result.code == 1
    assert "28×20 pixels exceed the limit of 500" in result.err


def test_corpus_videos_are_filtered(convtool, corpus, tmp_path):
    """Good videos are filtered with all their frames, bad ones refused with a message."""
    good = sorted((corpus / "good" / "video").iterdir())
    bad = sorted((corpus / "bad" / "video").iterdir())
    assert good
    assert bad
    for path in good:
        result = convtool(
            "video",
            path,
            tmp_path / "out.mkv",
            "-k",
            "blur",
            "--speed",
            "ultrafast",
            "--overwrite",
        )
        assert result.code == 0, result.err
        with av.open(str(path)) as video:
            count = sum(1 for _ in video.decode(video=0))
        assert len(facts(tmp_path / "out.mkv")["shown"]) == count
    (tmp_path / "out.mkv").unlink()
    for path in bad:
        result = convtool("video", path, tmp_path / "out.mkv", "-k", "blur")
        assert result.code == 1
        assert result.err.startswith("error: ")
        assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def slow_to_encode(tmp_path_factory):
    """Return the path of noise, which takes seconds to encode."""
    path = tmp_path_factory.mktemp("lasting") / "in.mkv"
    frames = np.random.default_rng(1).integers(0, 256, (300, 240, 320, 3), dtype=np.uint8)
    return make(path, frames)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_leaves_nothing(tmp_path, slow_to_encode, number, code):
    """An interrupt leaves neither an output nor a temporary file."""
    command = [sys.executable, "-m", "convtool", "video", slow_to_encode, tmp_path / "out.mkv"]
    command += ["-k", "blur", "--speed", "slow"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        eventually(lambda: list(tmp_path.glob(".convtool-*")))
        time.sleep(0.3)
        process.send_signal(number)
        assert process.wait(30) == code
        assert process.stderr.read() == b"interrupted: 0 of 1 done\n"
    assert not list(tmp_path.iterdir())


def test_a_closed_pipe_ends_a_video_quietly(tmp_path, slow_to_encode):
    """If the reader of progress has gone, the run ends without a message or a file.

    The filter takes far longer than the second between lines of progress, and the codec holds no
    frames back that it would still have to encode.
    """
    command = f"{sys.executable} -m convtool video {slow_to_encode} {tmp_path}/out.mkv"
    line = f"{command} -k gaussian-3d:sigma=3 --codec ffv1 --json | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr == b""
    assert b'"frames"' in done.stdout
    assert not list(tmp_path.iterdir())


# --- the machinery -------------------------------------------------------------------------------


def test_prefetch_keeps_order_and_passes_errors_on():
    """Prefetching raises an error in its place, after all items before it."""

    def items():
        yield from range(5)
        raise ValueError("five")

    with pytest.raises(ValueError, match="five"):
        list(prefetch(items()))
    assert [*itertools.islice(prefetch(items()), 5)] == [0, 1, 2, 3, 4]


def test_prefetch_ends_its_thread_when_it_is_closed():
    """Closing a prefetch ends its thread and closes its iterator."""
    closed = []

    def items():
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    before = threading.active_count()
    generator = prefetch(items())
    assert next(generator) == 1
    generator.close()
    assert closed == [True]
    assert threading.active_count() == before


def test_python_filters_videos(tmp_path, clip):
    """`apply` returns the tensor of a video by its path. Shape: (1, C, D, H, W)"""
    source = make(tmp_path / "in.mkv", clip)
    out = package.apply(source, "blur")
    assert out.shape == (1, 3, 11, 20, 28)
    assert np.abs(out[0].permute(1, 2, 3, 0).numpy() - reference(clip, lifted("blur"))).max() < 1e-5


def test_dry_run(convtool, tmp_path, clip):
    """A dry run reports shapes, algorithm and files, and writes nothing."""
    source = make(tmp_path / "in.mkv", clip)
    out = convtool("video", source, tmp_path / "out.mp4", "-k", "gaussian-3d", "--dry-run").out
    assert re.search(r"input: 1×3×11×20×28", out)
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="memory counted in KiB")
def test_memory_does_not_grow_with_length(tmp_path, rng):
    """Ten times the frames take as much memory, within 30 MB."""
    peaks = []
    for count in (250, 2500):
        frames = np.broadcast_to(
            rng.integers(0, 256, (1, 48, 64, 3), dtype=np.uint8), (count, 48, 64, 3)
        )
        source = make(
            tmp_path / f"{count}.mp4", frames, codec="libx264", pix_fmt="yuv420p", audio="aac"
        )
        command = [
            sys.executable,
            "-m",
            "convtool",
            "video",
            source,
            tmp_path / f"o{count}.mp4",
            "-k",
            "gaussian-3d",
        ]
        peaks.append(peak(command))
    assert abs(peaks[1] - peaks[0]) <= 30, peaks
