"""Samples of videos: formats, matrices, orientation, fields, light and shape, right or noted.

The oracle is the ffmpeg program, or ITU-T H.273 in floating point.
"""

import subprocess
from fractions import Fraction

import av
import numpy as np
import pytest
from conftest import ROOT
from PIL import Image
from test_video_time import CASES, ffprobe, filtered, levels
from tones import ffmpeg, need, synthesize
from videos import facts, make, moving_square, read

import convtool as package
from convtool.errors import ReadError
from convtool.media.video.accepted import FORMATS, KINDS, MATRICES, REFUSED, refuse_unknown, table
from convtool.media.video.orientation import Orientation
from convtool.media.video.pixels import Unpacker, channels_of, depth_of, packed

WIDTH, HEIGHT = 256, 64
PATCHES = (0x30A0D0, 0xE04020, 0xFFFFFF, 0x108040)  # side by side
LUMA = (0.299, 0.587, 0.114)


def filled(format, data, width=WIDTH, height=HEIGHT):
    """Return a frame of a pixel format whose planes hold bytes without gaps."""
    frame, place = av.VideoFrame(width, height, format), 0
    for plane in frame.planes:
        plane.update(data[place : place + plane.buffer_size])
        place += plane.buffer_size
    return frame


def unpacked(frame):
    """Return what is read of a frame, 0 to 255. Shape: (H, W, C)"""
    form = packed(depth_of(frame.format), channels_of(frame.format))
    return Unpacker(form, Orientation())(frame) / form.levels.scale * 255


# --- pixel formats and matrices ------------------------------------------------------------------


@pytest.fixture(scope="module")
def patches(tmp_path_factory):
    """Return a folder with coloured patches in each pixel format, written by ffmpeg."""
    need("ffmpeg")
    folder = tmp_path_factory.mktemp("patches")
    boxes = ",".join(
        f"drawbox=x={64 * n}:w=64:h=64:color={colour:#08x}:t=fill"
        for n, colour in enumerate(PATCHES)
    )
    make_all = ["-f", "lavfi", "-i", f"color=s={WIDTH}x{HEIGHT}:d=0.04,{boxes},format=gbrp"]
    for format in set(KINDS) - {"pal8"}:  # which ffmpeg makes of a palette only
        exact = ["-sws_flags", "accurate_rnd+full_chroma_int"]
        make_all += ["-f", "rawvideo", *exact, "-pix_fmt", format, folder / format]
    ffmpeg(*make_all)
    return folder


@pytest.mark.parametrize("format", sorted(set(KINDS) - {"pal8"}))
def test_each_pixel_format_is_read_right(patches, format):
    """Patches in every pixel format that is read come out in their colours."""
    frame = filled(format, (patches / format).read_bytes())
    if format.startswith("yuvj"):
        frame.color_range = 2
    found = unpacked(frame)
    for number, colour in enumerate(PATCHES):
        rgb = np.array([colour >> 16, colour >> 8 & 255, colour & 255], float)
        patch = found[:, 64 * number + 8 : 64 * number + 56]  # chroma mixes at the edges
        if format.startswith("mono"):  # 1 bit, dithered
            assert patch.mean() == pytest.approx(rgb @ LUMA, abs=8)
        else:
            expected = [rgb @ LUMA] if found.shape[2] == 1 else rgb
            step = 8 if "5" in format[3:5] else 1  # 5 bits per sample
            assert np.abs(patch - expected).max() <= step + 2


# Kr and Kb of ITU-T H.273, table 4
COEFFICIENTS = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
}


def planes(rgb, space):
    """Return luma, 0 to 1, and chroma, -½ to ½, by a matrix. Shape: (H, W, 3) → (3, H, W)"""
    red, green, blue = np.moveaxis(rgb, 2, 0)
    if space == 0:
        return np.stack([green, blue, red])
    if space == 8:
        rest = (red + blue) / 2
        return np.stack([(green + rest) / 2, (green - rest) / 2, (red - blue) / 2])
    kr, kb = COEFFICIENTS[space]
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    return np.stack([luma, (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)])


def stored(rgb, space, depth, *, full, halved=False):
    """Return a frame of colours in YUV, whose chroma planes are halved both ways where wanted."""
    luma, *chroma = planes(rgb, space)
    top, step = 2**depth - 1, 2 ** (depth - 8)

    def as_luma(plane):
        return plane * top if full else (16 + 219 * plane) * step

    def as_chroma(plane):
        return plane * top + 2 ** (depth - 1) if full else (128 + 224 * plane) * step

    numbers = [as_luma(luma), *map(as_luma if space == 0 else as_chroma, chroma)]
    if halved:
        numbers[1:] = [plane[::2, ::2] for plane in numbers[1:]]
    dtype = np.uint8 if depth == 8 else "<u2"
    data = b"".join(np.rint(plane).clip(0, top).astype(dtype).tobytes() for plane in numbers)
    suffix = "" if depth == 8 else f"{depth}le"
    frame = filled(f"yuv4{'20' if halved else '44'}p{suffix}", data, *rgb.shape[1::-1])
    frame.colorspace, frame.color_range = space, 2 if full else 1
    return frame


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("depth", [8, 10, 12, 16])
@pytest.mark.parametrize("space", [0, 1, 4, 5, 6, 7, 8, 9])
def test_each_matrix_is_read_right(rng, space, depth, full):
    """Colours come back from every matrix, depth and range within three levels of 255."""
    rgb = np.kron(rng.random((8, 16, 3)), np.ones((8, 8, 1)))
    for halved in (False, True) if space else (False,):
        found = unpacked(stored(rgb, space, depth, full=full, halved=halved))
        error = np.abs(found - rgb * 255)
        if halved:  # chroma mixes at the edges
            error = np.stack([error[2::8, 2::8], error[5::8, 5::8]])
        assert error.max() <= (4 if depth == 8 else 2)


@pytest.mark.parametrize(("height", "space"), [(128, 6), (720, 1)])
def test_a_matrix_that_is_not_stated_goes_by_the_size(rng, height, space):
    """Without a matrix, small frames are BT.601, and those of high definition BT.709."""
    rgb = np.kron(rng.random((height // 8, 16, 3)), np.ones((8, 8, 1)))
    frame = stored(rgb, space, 8, full=False)
    frame.colorspace = 2
    assert np.abs(unpacked(frame) - rgb * 255).max() <= 3


@pytest.mark.parametrize("space", sorted(REFUSED))
def test_other_matrices_are_refused(space):
    """A matrix that cannot be converted is refused by its name."""
    frame = av.VideoFrame(64, 64, "yuv420p")
    frame.colorspace = space
    with pytest.raises(ReadError, match=f"x: the colour matrix {REFUSED[space]} cannot"):
        refuse_unknown("x", frame)
    if space == 12:  # it follows from the primaries
        frame.color_primaries = 9
        refuse_unknown("x", frame)


@pytest.mark.parametrize(
    ("format", "space", "message"),
    [
        ("gbrpf32le", 0, "pixel format gbrpf32le cannot be read"),
        ("bayer_rggb8", 2, "pixel format bayer_rggb8 cannot be read"),
        ("xyz12le", 2, "pixel format xyz12le cannot be read"),
    ],
)
def test_other_pixel_formats_are_refused(format, space, message):
    """What is not known to come out right is refused."""
    frame = av.VideoFrame(64, 64, format)
    frame.colorspace = space
    with pytest.raises(ReadError, match=message):
        refuse_unknown("x", frame)


def test_ycgco(convtool, tmp_path):
    """YCgCo is read by its own matrix, and stored by another one with a note."""
    source = CASES / "col_ycgco.mkv"
    assert "matrix" not in filtered(convtool, source, tmp_path / "o.mkv", "--codec", "ffv1")
    with av.open(str(source)) as video:
        frame = next(video.decode(video=0))
    luma, green, orange = (
        np.frombuffer(plane, np.uint8).reshape(64, -1)[:, :64].astype(float)
        for plane in frame.planes
    )
    luma, green, orange = (luma - 16) / 219, (green - 128) / 224, (orange - 128) / 224
    rest = luma - green
    expected = np.stack([rest + orange, luma + green, rest - orange], 2).clip(0, 1) * 255
    assert np.abs(read(tmp_path / "o.mkv")[0] - expected).max() <= 1
    err = filtered(convtool, source, tmp_path / "o.mp4", "--crf", "1", "--pix-fmt", "yuv444p")
    assert "colours stored by the matrix smpte170m, not ycgco" in err
    assert np.abs(read(tmp_path / "o.mp4")[0].astype(float) - expected).mean() <= 2


def test_a_matrix_that_cannot_be_converted_is_refused(convtool, tmp_path):
    """A whole file with such a matrix is refused, and nothing is written."""
    ffmpeg("-i", levels(tmp_path, 3), "-c:v", "libx264", "-colorspace", "ictcp", tmp_path / "i.mp4")
    result = convtool("video", tmp_path / "i.mp4", tmp_path / "o.mp4", "-k", "identity")
    assert result.code == 1
    assert "i.mp4: the colour matrix ictcp cannot be converted" in result.err


def test_chroma_comes_back_as_it_was(convtool, tmp_path, rng):
    """4:2:0 comes back within three levels of its own, and is not smoothed."""
    size = 64
    luma = rng.integers(100, 150, (size, size), np.uint8)
    chroma = rng.integers(100, 150, (2, size // 2, size // 2), np.uint8)
    data = b"".join(plane.tobytes() for plane in (luma, *chroma))
    (tmp_path / "in.yuv").write_bytes(data)
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{size}x{size}"]
    ffmpeg(*raw, "-i", tmp_path / "in.yuv", "-c:v", "ffv1", tmp_path / "in.mkv")
    options = ["--codec", "ffv1", "--pix-fmt", "yuv420p"]
    filtered(convtool, tmp_path / "in.mkv", tmp_path / "o.mkv", *options)
    ffmpeg("-i", tmp_path / "o.mkv", "-f", "rawvideo", tmp_path / "out.yuv")
    after = np.fromfile(tmp_path / "out.yuv", np.uint8).astype(int)
    assert np.abs(after - np.frombuffer(data, np.uint8)).max() <= 3


def test_the_table_of_what_is_read_is_the_code():
    """The page lists the pixel formats and matrices that are read, from the declarations."""
    text = (ROOT / "docs" / "video.md").read_text()
    assert table() in text
    assert all(name in text for name in REFUSED.values())
    assert {matrix.name for matrix in MATRICES.values()}.isdisjoint(REFUSED.values())
    assert sum(map(len, FORMATS.values())) == len(KINDS)


# --- orientation ---------------------------------------------------------------------------------


def test_a_mirrored_video(convtool, tmp_path):
    """A mirrored display matrix mirrors, as ffmpeg shows it, and does not turn."""
    options = ["--codec", "ffv1", "--frames", "1"]
    filtered(convtool, CASES / "mirror.mp4", tmp_path / "o.mkv", *options)
    ffmpeg("-noautorotate", "-i", CASES / "mirror.mp4", "-vf", "hflip", "-frames:v", "1",
           "-c:v", "ffv1", "-pix_fmt", "bgr0", tmp_path / "oracle.mkv")  # fmt: skip
    assert np.abs(read(tmp_path / "o.mkv").astype(int) - read(tmp_path / "oracle.mkv")).max() <= 2


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_all_orientations(convtool, tmp_path, rng, degrees, mirrored):
    """All eight orientations are shown as ffmpeg shows them."""
    source = tmp_path / "in.mp4"
    with av.open(str(source), "w") as video:
        stream = video.add_stream("libx264", rate=25, options={"crf": "0"})
        stream.height, stream.width, stream.pix_fmt = 20, 28, "yuv444p"
        stream.set_display_rotation(degrees, hflip=mirrored)
        for image in moving_square(rng)[:2]:
            frame = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format="yuv444p")
            video.mux(stream.encode(frame))
        video.mux(stream.encode(None))
    filtered(convtool, source, tmp_path / "o.mkv", "--codec", "ffv1")
    ffmpeg("-i", source, "-c:v", "ffv1", "-pix_fmt", "bgr0", tmp_path / "oracle.mkv")
    expected = read(tmp_path / "oracle.mkv").astype(int)
    assert np.abs(read(tmp_path / "o.mkv").astype(int) - expected).max() <= 2


# --- transparency, fields, light -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "suffix", "format"),
    [
        ("libvpx", "webm", "yuva420p"),
        ("libvpx-vp9", "webm", "yuva420p"),
        ("prores_ks", "mov", "yuva444p10le"),
        ("qtrle", "mov", "argb"),
        ("png", "mov", "rgba"),
        ("ffv1", "mkv", "yuva444p"),
        ("ffv1", "mkv", "gbrap10le"),
    ],
)
def test_transparency_is_noted(convtool, tmp_path, codec, suffix, format):
    """Transparency that is not kept is noted, whatever the codec."""
    picture = "color=red@0.5:s=64x64:d=0.2,format=rgba"
    options = ["-c:v", codec, "-pix_fmt", format, "-auto-alt-ref", "0"][
        : 6 if "vpx" in codec else 4
    ]
    ffmpeg("-f", "lavfi", "-i", picture, *options, tmp_path / f"in.{suffix}")
    err = filtered(convtool, tmp_path / f"in.{suffix}", tmp_path / "o.mkv", "--codec", "ffv1")
    assert "transparency dropped" in err
    red = read(tmp_path / "o.mkv")[0].mean((0, 1))
    assert red == pytest.approx([255, 0, 0], abs=3)


def test_transparency_of_vp8(convtool, tmp_path):
    """VP8 keeps transparency outside its frames, which only the container tells."""
    err = filtered(convtool, CASES / "alpha8.webm", tmp_path / "o.mkv", "--codec", "ffv1")
    assert "transparency dropped" in err


@pytest.mark.parametrize("order", ["tff", "bff"])
def test_interlaced_frames(convtool, tmp_path, order):
    """Interlaced frames are noted, or made progressive as ffmpeg does it."""
    source = tmp_path / "in.mpg"
    fields = f"testsrc2=s=96x64:r=50:d=0.4,interlace=scan={order}"
    coded = ["-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-q:v", "2", "-r", "25"]
    ffmpeg("-f", "lavfi", "-i", fields, *coded, "-top", "1" if order == "tff" else "0", source)
    assert "interlaced frames filtered whole" in filtered(convtool, source, tmp_path / "o.mp4")
    options = ["--deinterlace", "--codec", "ffv1"]
    assert "interlaced frames" not in filtered(convtool, source, tmp_path / "d.mkv", *options)
    chain = ["-vf", "bwdif=mode=send_frame", "-c:v", "ffv1", "-pix_fmt", "bgr0"]
    ffmpeg("-i", source, *chain, tmp_path / "oracle.mkv")
    out, expected = read(tmp_path / "d.mkv").astype(int), read(tmp_path / "oracle.mkv").astype(int)
    assert out.shape == expected.shape
    assert np.abs(out - expected).mean() < 1.5
    assert facts(tmp_path / "d.mkv")["shown"] == pytest.approx(np.arange(len(out)) / 25, abs=1e-3)


def test_the_field_order_of_mpeg(convtool, tmp_path):
    """A progressive output of interlaced MPEG-2 says so."""
    err = filtered(convtool, CASES / "int.mpg", tmp_path / "o.mp4", "--frames", "3")
    assert "interlaced frames filtered whole and stored as progressive ones; --deinterlace" in err
    assert "interlaced frames" not in filtered(convtool, CASES / "sync.mp4", tmp_path / "p.mp4")


def light(path):
    """Return the HDR10 metadata that a video's first frame has, by FFmpeg."""
    with av.open(str(path)) as video:
        frame = next(video.decode(video=0))
        return {data.type.name: bytes(data) for data in frame.side_data if "LIGHT" in data.type.name
                or "MASTERING" in data.type.name}  # fmt: skip


@pytest.mark.parametrize(("codec", "suffix"), [("hevc", "mp4"), ("h264", "mkv"), ("av1", "mp4")])
def test_hdr10_is_kept(convtool, tmp_path, codec, suffix):
    """The mastering display and MaxCLL of HDR10 are kept by codecs that state them."""
    before, out = light(CASES / "hdr10.mp4"), tmp_path / f"o.{suffix}"
    assert "HDR10" not in filtered(convtool, CASES / "hdr10.mp4", out, "--codec", codec)
    after = light(out)
    assert set(after) == set(before) == {"MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"}
    assert after["CONTENT_LIGHT_LEVEL"][:8] == before["CONTENT_LIGHT_LEVEL"][:8]
    numbers = [
        np.frombuffer(found["MASTERING_DISPLAY_METADATA"], np.int32)[:20].reshape(10, 2)
        for found in (before, after)
    ]
    values = [each[:, 0] / each[:, 1] for each in numbers]
    assert values[1] == pytest.approx(values[0], rel=0.001, abs=5e-5)
    found = ffprobe(out)["video"]
    assert (found["color_transfer"], found["color_primaries"]) == ("smpte2084", "bt2020")


@pytest.mark.parametrize(("codec", "suffix"), [("ffv1", "mkv"), ("vp9", "webm"), ("mjpeg", "mov")])
def test_hdr10_is_noted(convtool, tmp_path, codec, suffix):
    """A codec that does not state them drops them with a note."""
    options = ["--codec", codec, "--frames", "2"]
    err = filtered(convtool, CASES / "hdr10.mp4", tmp_path / f"o.{suffix}", *options)
    assert "HDR10 mastering display and content light dropped by" in err


def test_a_folder_of_images_states_colours_and_shape(convtool, tmp_path, rng):
    """PNG frames of HDR say so, by cICP, and state the shape of pixels."""
    options = ["--merge", "--format", "png", "--frames", "1"]
    err = filtered(convtool, CASES / "hdr10.mp4", f"{tmp_path}/o/", *options)
    (path,) = (tmp_path / "o").rglob("*.png")
    assert b"cICP\x09\x10\x00\x01" in path.read_bytes()  # BT.2020, PQ, RGB, full range
    assert "cannot say so" not in err
    shape = {"codec": "libx264", "pix_fmt": "yuv444p", "aspect": Fraction(4, 3)}
    source = make(tmp_path / "in.mp4", moving_square(rng)[:2], **shape)
    assert "pixel aspect" not in filtered(convtool, source, f"{tmp_path}/p/", *options)
    (path,) = (tmp_path / "p").rglob("*.png")
    with Image.open(path) as image:
        assert image.info["aspect"] == (3, 4)


@pytest.mark.parametrize(("suffix", "codec"), [("gif", "gif"), ("avi", "mjpeg")])
def test_colours_that_are_not_stated_are_noted(convtool, tmp_path, suffix, codec):
    """An output that cannot say that its colours are those of HDR has a note."""
    options = ["--codec", codec, "--frames", "1"]
    err = filtered(convtool, CASES / "hdr10.mp4", tmp_path / f"o.{suffix}", *options)
    assert f"colours are those of BT.2020 and PQ, but {suffix} cannot say so" in err


@pytest.mark.parametrize(
    ("suffix", "codec", "options"),
    [
        ("avi", "mjpeg", ["--crf", "1"]),
        ("mkv", "mjpeg", ["--crf", "1"]),
        ("avi", "ffv1", ["--pix-fmt", "yuv444p"]),
        ("mp4", "ffv1", ["--pix-fmt", "yuv444p"]),
        ("avi", "h264", ["--crf", "1", "--pix-fmt", "yuv444p"]),
        ("mkv", "ffv1", ["--pix-fmt", "yuv444p"]),
    ],
)
@pytest.mark.parametrize("matrix", ["bt709", "smpte240m"])
def test_colours_are_stored_as_they_are_read(convtool, tmp_path, suffix, codec, options, matrix):
    """Where an output cannot name a matrix, the one that readers take is used."""
    source = tmp_path / "in.mkv"
    colours = ["-vf", f"scale=out_color_matrix={matrix}", "-colorspace", matrix]
    picture = "color=0x30a0d0:s=64x64:d=0.2"
    coded = ["-c:v", "ffv1", "-pix_fmt", "yuv444p"]
    synthesize(source, picture, *colours, *coded)
    out = tmp_path / f"o.{suffix}"
    filtered(convtool, source, out, "--codec", codec, *options)
    shown = package.apply(out, "identity")[0, :, 0, 32, 32] * 255
    assert shown.tolist() == pytest.approx([0x30, 0xA0, 0xD0], abs=5)


def test_hlg_is_kept(convtool, tmp_path):
    """The transfer curve of HLG is kept."""
    marks = ["-color_trc", "arib-std-b67", "-color_primaries", "bt2020", "-colorspace", "bt2020nc"]
    coded = ["-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le"]
    ffmpeg("-i", levels(tmp_path, 3), *coded, *marks, tmp_path / "in.mp4")
    filtered(convtool, tmp_path / "in.mp4", tmp_path / "o.mp4", "--codec", "hevc")
    found = ffprobe(tmp_path / "o.mp4")["video"]
    assert (found["color_transfer"], found["color_space"]) == ("arib-std-b67", "bt2020nc")


# --- shape and chroma ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "codec", "kept"),
    [
        ("mp4", "h264", True),
        ("mp4", "vp9", True),
        ("mov", "mjpeg", True),
        ("mkv", "h264", True),
        ("mkv", "hevc", True),
        ("mkv", "vp9", False),
        ("mkv", "ffv1", False),
        ("webm", "vp9", False),
        ("avi", "h264", True),
        ("avi", "mjpeg", True),
        ("avi", "ffv1", False),
    ],
)
def test_the_shape_of_pixels_is_kept_or_noted(convtool, tmp_path, rng, suffix, codec, kept):
    """A pixel aspect ratio is kept, or a note says that it is lost."""
    frames = moving_square(rng)[:2]
    shape = {"codec": "libx264", "pix_fmt": "yuv444p", "aspect": Fraction(4, 3)}
    source = make(tmp_path / "in.mp4", frames, **shape)
    err = filtered(convtool, source, tmp_path / f"o.{suffix}", "--codec", codec)
    assert ("pixel aspect 4:3 dropped" in err) != kept
    assert (facts(tmp_path / f"o.{suffix}")["aspect"] == Fraction(4, 3)) == kept


def test_the_shape_of_pixels_in_gif(convtool, tmp_path, rng):
    """GIF states a pixel aspect ratio that players ignore."""
    shape = {"codec": "libx264", "pix_fmt": "yuv444p", "aspect": Fraction(4, 3)}
    source = make(tmp_path / "in.mp4", moving_square(rng)[:2], **shape)
    err = filtered(convtool, source, tmp_path / "o.gif")
    assert "pixel aspect 4:3 stored roughly, and players of gif ignore it" in err
    assert "each frame reduced to 256 colours" in err


def test_full_chroma_is_kept_or_noted(convtool, tmp_path, rng):
    """RGB becomes 4:2:0 with a note that names the option, and stays whole where asked to."""
    frames = np.kron(
        rng.integers(0, 256, (2, 32, 32, 3), np.uint8), np.ones((1, 2, 2, 1), np.uint8)
    )
    source = make(tmp_path / "in.mkv", frames)
    err = filtered(convtool, source, tmp_path / "o.mp4")
    assert "RGB colours stored as 4:2:0 by libx264; --pix-fmt yuv444p keeps them" in err
    err = filtered(convtool, source, tmp_path / "p.mp4", "--pix-fmt", "yuv444p")
    assert "stored as" not in err
    assert ffprobe(tmp_path / "p.mp4")["video"]["pix_fmt"] == "yuv444p"
    assert "stored as" not in filtered(convtool, source, tmp_path / "q.mkv", "--codec", "ffv1")
    assert np.array_equal(read(tmp_path / "q.mkv"), frames)
    err = filtered(convtool, source, tmp_path / "r.mp4", "--codec", "av1")
    assert "RGB colours stored as 4:2:0 by libsvtav1; --codec ffv1 keeps them" in err


@pytest.mark.parametrize("format", ["yuv444p", "yuv422p", "yuv420p"])
def test_chroma_that_is_kept_is_not_noted(convtool, tmp_path, format):
    """Where an output has the input's chroma, there is nothing to say."""
    ffmpeg("-i", levels(tmp_path, 3), "-c:v", "libx264", "-pix_fmt", format, tmp_path / "in.mp4")
    err = filtered(convtool, tmp_path / "in.mp4", tmp_path / "o.mp4")
    assert "stored as" not in err
    assert ffprobe(tmp_path / "o.mp4")["video"]["pix_fmt"] == format


# --- the corpus ----------------------------------------------------------------------------------


FIRST = 24  # frames of each file that are compared


def decoded(path, size):
    """Return the first frames of a video by the ffmpeg program. Shape: (D, H, W, 3)"""
    need("ffmpeg")
    raw = ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-frames:v", str(FIRST), *raw]
    done = subprocess.run(command, check=True, capture_output=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, *size, 3)


def test_the_corpus_equals_what_ffmpeg_decodes(convtool, corpus, tmp_path):
    """Unfiltered frames are those that ffmpeg decodes, at its times."""
    paths = sorted((corpus / "good" / "video").iterdir())
    assert paths
    for path in paths:
        out = tmp_path / "o.mkv"
        options = ["--codec", "ffv1", "--frames", FIRST, "--overwrite"]
        filtered(convtool, path, out, *options)
        found = read(out).astype(np.int16)
        expected = decoded(path, found.shape[1:3])
        assert len(found) == len(expected), path.name
        # chroma of more than 8 bits is interpolated, by another filter than ffmpeg's
        most = (4, 90) if "10bits" in path.name else (1, 6)
        difference = np.abs(found - expected)
        assert difference.mean() <= most[0], path.name
        assert (difference > most[1]).mean() <= 0.01, path.name
        before, after = facts(path)["shown"][: len(found)], facts(out)["shown"]
        assert np.subtract(after, after[0]) == pytest.approx(
            np.subtract(before, before[0]), abs=0.0011
        ), path.name
