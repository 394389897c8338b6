"""Regressions: each test keeps a fault that was once found from coming back."""

import errno
import io
import os
import signal
import struct
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import tifffile
import torch
from conftest import SAMPLES
from PIL import Image, ImageOps

import convtool
from convtool.media.callbacks import (
    CallbackFile,
    call_outside_main_thread,
    iterate_outside_main_thread,
)


def identity(convtool, source, out, *options):
    """Filter with `identity` and return the result of the run."""
    return convtool("image", source, out, "-k", "identity", *options)


def test_exif_sub_directories_do_not_stop_a_tiff(convtool, tmp_path):
    """A camera's JPEG becomes a TIFF with the tags that TIFF can hold."""
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif.get_ifd(0x8769)[0x9003] = "2024:06:07 08:09:10"
    Image.new("RGB", (16, 12), (9, 99, 200)).save(tmp_path / "in.jpg", exif=exif)
    result = identity(convtool, tmp_path / "in.jpg", tmp_path / "out.tif")
    assert result.code == 0, result.err
    assert Image.open(tmp_path / "out.tif").getexif()[0x010F] == "A camera"


def sprites():
    """Return the frames of a moving square on a transparent background."""
    for place in range(3):
        frame = Image.new("RGBA", (40, 40))
        frame.paste((240, 30, 60, 255), (place * 10, 5, place * 10 + 10, 15))
        yield frame


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_a_transparent_animation_leaves_no_trails(convtool, tmp_path, suffix):
    """Every frame of a GIF shows its own pixels only."""
    first, *others = sprites()
    first.save(
        tmp_path / f"in.{suffix}", save_all=True, append_images=others, duration=50, disposal=2
    )
    assert identity(convtool, tmp_path / f"in.{suffix}", tmp_path / "out.gif").code == 0
    with Image.open(tmp_path / "out.gif") as out:
        for index in range(3):
            out.seek(index)
            assert np.count_nonzero(np.array(out.convert("RGBA"))[..., 3]) == 100


def test_an_apng_becomes_an_avif(convtool, tmp_path):
    """The fractional durations of an APNG become the whole ones of an AVIF."""
    first, *others = sprites()
    first.save(tmp_path / "in.png", save_all=True, append_images=others, duration=50)
    assert identity(convtool, tmp_path / "in.png", tmp_path / "out.avif").code == 0
    assert Image.open(tmp_path / "out.avif").n_frames == 3


def test_all_frames_of_a_rotated_animation_are_rotated(convtool, tmp_path):
    """The orientation of a file applies to every frame."""
    frames = [Image.new("RGB", (20, 10), (80 * n, 9, 9)) for n in range(3)]
    exif = Image.Exif()
    exif[0x0112] = 6
    frames[0].save(
        tmp_path / "in.webp", save_all=True, append_images=frames[1:], duration=50, exif=exif
    )
    assert identity(convtool, tmp_path / "in.webp", tmp_path / "out.webp").code == 0
    with Image.open(tmp_path / "out.webp") as out:
        assert out.n_frames == 3
        assert out.size == (10, 20)


LEVELS = np.random.default_rng(3).integers(0, 65536, (20, 24, 3), dtype=np.uint16)


@pytest.mark.parametrize(
    "case", ["float pages", "planar", "grey pages", "grey alpha", "white is zero", "lzw"]
)
def test_16_bit_and_float_tiffs_of_every_layout(convtool, tmp_path, case):
    """16-bit and float samples keep their type in every TIFF layout."""
    source, out = tmp_path / "in.tif", tmp_path / "out.tif"
    if case == "float pages":
        given = expected = LEVELS[None].astype(np.float32) * [[[[1]]], [[[2]]]] / 65535
        tifffile.imwrite(source, given.astype(np.float32), photometric="rgb")
    elif case == "planar":
        given, expected = np.moveaxis(LEVELS, -1, 0), LEVELS
        tifffile.imwrite(source, given, photometric="rgb", planarconfig="separate")
    elif case == "grey pages":
        given = expected = np.stack([LEVELS[..., 0], LEVELS[..., 1]])
        tifffile.imwrite(source, given, photometric="minisblack")
    elif case == "grey alpha":
        expected = LEVELS[..., :2].copy()
        expected[..., 1] = 65535
        tifffile.imwrite(source, expected, photometric="minisblack", extrasamples=["unassalpha"])
    elif case == "white is zero":
        expected = LEVELS[..., 0]
        tifffile.imwrite(source, 65535 - expected, photometric="miniswhite")
    else:
        import cv2  # noqa: PLC0415

        expected = LEVELS
        cv2.imwrite(
            str(source),
            LEVELS[..., ::-1],
            [cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_LZW],
        )
    result = identity(convtool, source, out)
    assert result.code == 0, result.err
    written = tifffile.imread(out)
    assert written.dtype == (np.float32 if case == "float pages" else np.uint16)
    np.testing.assert_allclose(written, expected, rtol=1e-6)


def test_premultiplied_alpha_is_divided_out(convtool, tmp_path):
    """Colours with associated alpha are divided by it once, and alpha is kept."""
    pixels = np.full((8, 8, 4), 20000, np.uint16)
    pixels[..., 3] = 40000
    tifffile.imwrite(tmp_path / "in.tif", pixels, photometric="rgb", extrasamples=["assocalpha"])
    assert identity(convtool, tmp_path / "in.tif", tmp_path / "out.tif").code == 0
    out = tifffile.imread(tmp_path / "out.tif")
    assert np.abs(out[..., :3].astype(int) - 32768).max() <= 1
    assert (out[..., 3] == 40000).all()


def test_signed_bytes_are_read_by_their_own_range(convtool, tmp_path):
    """Signed 8-bit samples are not taken for unsigned ones: the lowest of them becomes 0."""
    given = np.arange(-50, 50, dtype=np.int8).reshape(10, 10)
    tifffile.imwrite(tmp_path / "in.tif", given)
    result = identity(convtool, tmp_path / "in.tif", tmp_path / "out.tif")
    assert "−50 … 49 become 0 … 255" in result.err
    expected = np.rint((given.astype(float) + 50) * 255 / 99)
    assert np.array_equal(tifffile.imread(tmp_path / "out.tif"), expected)


def test_a_grey_8_bit_stack_stays_grey(convtool, tmp_path):
    """The pages of a grey TIFF stay grey, as they are not frames of an animation."""
    tifffile.imwrite(
        tmp_path / "in.tif", (LEVELS[..., :2] >> 8).astype(np.uint8).transpose(2, 0, 1)
    )
    assert identity(convtool, tmp_path / "in.tif", f"{tmp_path}/out/").code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["in_identity_l.tif"]


def test_a_float_tiff_keeps_its_profile_and_resolution(convtool, tmp_path):
    """A float TIFF keeps its profile and resolution although Pillow cannot open it."""
    profile = b"\0" * 16 + b"RGB " + b"\0" * 108
    pixels = LEVELS.astype(np.float32) / 65535
    tifffile.imwrite(
        tmp_path / "in.tif",
        pixels,
        photometric="rgb",
        iccprofile=profile,
        resolution=(300, 300),
        resolutionunit="INCH",
    )
    identity(convtool, tmp_path / "in.tif", tmp_path / "out.tif")
    with tifffile.TiffFile(tmp_path / "out.tif") as out:
        assert out.pages.first.iccprofile == profile
        assert out.pages.first.get_resolution() == (300, 300)


@pytest.mark.parametrize("most", [1023, 4095, 65535])
def test_a_ppm_is_scaled_by_its_own_maximum(convtool, tmp_path, most):
    """A 10-bit PPM is scaled by its own maximum, not by that of 16 bits."""
    ramp = np.linspace(0, most, 60).astype(">u2").reshape(4, 5, 3)
    (tmp_path / "in.ppm").write_bytes(b"P6 5 4 %d\n" % most + ramp.tobytes())
    identity(convtool, tmp_path / "in.ppm", tmp_path / "out.npy")
    written = np.load(tmp_path / "out.npy")[0].transpose(1, 2, 0)
    np.testing.assert_allclose(written, ramp / most, atol=1e-5)


def test_16_bit_grey_png_keeps_its_transparent_level(convtool, tmp_path):
    """A 16-bit grey PNG keeps the transparent level of its tRNS chunk."""
    grey = LEVELS[..., 0].copy()
    grey[:5] = 1234
    Image.fromarray(grey).save(tmp_path / "in.png", transparency=1234)
    identity(convtool, tmp_path / "in.png", tmp_path / "out.tif")
    out = tifffile.imread(tmp_path / "out.tif")
    assert out.shape == (20, 24, 2)
    assert np.array_equal(out[..., 1] == 0, grey == 1234)


def test_an_output_never_replaces_a_later_input(convtool, tmp_path):
    """An output never replaces a later input, even with --overwrite."""
    for name in ("a.png", "a_blur.png"):
        Image.new("RGB", (8, 8), (len(name) * 9, 0, 0)).save(tmp_path / name)
    kept = (tmp_path / "a_blur.png").read_bytes()
    arguments = (
        tmp_path / "a.png",
        tmp_path / "a_blur.png",
        tmp_path,
        "-k",
        "blur",
        "--merge",
        "--overwrite",
    )
    result = convtool("image", *arguments)
    assert result.code == 1
    assert "is an input itself" in result.err
    assert (tmp_path / "a_blur.png").read_bytes() == kept


@pytest.mark.parametrize("name", ["o.jpg", "o.webp"])
def test_an_image_too_large_for_its_format_is_reported(convtool, tmp_path, name):
    """An image that is too large for its format is a clear error, not Pillow's bare OSError."""
    Image.new("L", (66000, 1)).save(tmp_path / "in.png")
    result = identity(convtool, tmp_path / "in.png", tmp_path / name)
    assert result.code == 1
    assert "cannot be written as" in result.err
    assert not (tmp_path / name).exists()


def test_a_name_that_is_too_long_is_reported(convtool, tmp_path):
    """A file name that is too long is refused before anything is written."""
    result = identity(convtool, SAMPLES / "cross.png", tmp_path / ("y" * 300 + ".png"))
    assert result.code == 1
    assert "too long" in result.err


def test_several_kernels_in_one_npy_are_channels(convtool, tmp_path):
    """Several kernels fill the channels of one .npy array, without a grid."""
    convtool(
        "image", SAMPLES / "chart16.png", tmp_path / "out.npy", "-k", "blur", "-k", "roberts-x"
    )
    assert np.load(tmp_path / "out.npy").shape == (1, 6, 96, 128)


@pytest.mark.parametrize(("redirection", "code"), [("<&-", 1), (">/dev/full", 1), (">&-", 1)])
def test_streams_that_are_full_or_closed(tmp_path, redirection, code):
    """A full or closed standard stream is reported as an error, without a traceback."""
    source = "-" if redirection == "<&-" else SAMPLES / "cross.png"
    output = tmp_path / "out.png" if source == "-" else "-"
    command = (
        f"{sys.executable} -m convtool image {source} {output} -k blur --format png {redirection}"
    )
    result = subprocess.run(
        ["bash", "-c", command], stderr=subprocess.PIPE, timeout=60, check=False, text=True
    )
    assert result.returncode == code
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr
    assert os.listdir(tmp_path) == []  # noqa: PTH208


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["kernels", "show", "sobel-x"], "+------"),
        (["shape", "32x32", "--kernel-size", "3"], "(1 -> 1, kernel "),
        (["image", "a\N{SNOWMAN}.png", "out.png"], "a\\u2603.png"),
    ],
)
def test_a_terminal_with_few_characters_gets_others(program, encoding, words, shown):
    """Others stand for the characters of pictures and formulas that a stream lacks, or escapes."""
    result = program(*words, env={**os.environ, "PYTHONIOENCODING": encoding})
    printed = (result.stdout + result.stderr).decode(encoding)
    assert shown in printed
    assert "Traceback" not in printed
    assert printed.count("\\") == shown.count("\\")


def test_markup_in_a_summary_is_text(convtool, tmp_path):
    """Markup in the summary of a kernel file is printed as plain text."""
    (tmp_path / "odd.yaml").write_text('name: odd\nsummary: "[/bold] x"\nweights:\n  2: [[1]]\n')
    assert "[/bold] x" in convtool("kernels", "list", "--kernel-path", tmp_path).out


def test_a_nan_in_alpha_is_refused(convtool, tmp_path):
    """A NaN in alpha is refused, as it would spread over the whole image."""
    pixels = np.full((8, 8, 4), 0.5, np.float32)
    pixels[2, 3, 3] = np.nan
    tifffile.imwrite(tmp_path / "in.tif", pixels, photometric="rgb", extrasamples=["unassalpha"])
    assert "1 sample is NaN" in identity(convtool, tmp_path / "in.tif", tmp_path / "out.tif").err
    assert identity(convtool, tmp_path / "in.tif", tmp_path / "out.tif", "--nan", "1").code == 0
    assert np.isfinite(tifffile.imread(tmp_path / "out.tif")).all()


def test_losses_are_noted(convtool, tmp_path):
    """Notes report the depth lost in an animated GIF and the transparency lost in a sheet."""
    tifffile.imwrite(tmp_path / "in.tif", np.stack([LEVELS, LEVELS // 2]), photometric="rgb")
    assert "stored as 8-bit" in identity(convtool, tmp_path / "in.tif", tmp_path / "out.gif").err
    Image.new("RGBA", (8, 8), (1, 2, 3, 4)).save(tmp_path / "clear.png")
    assert (
        "transparency dropped"
        in identity(convtool, tmp_path / "clear.png", tmp_path / "s.png", "--sheet").err
    )


def test_members_of_a_bank_are_found_beside_it(convtool, tmp_path):
    """-k, `show` and `check` find the members of a bank beside it, by name or by path."""
    (tmp_path / "member.yaml").write_text("name: member\nweights:\n  2: [[1, 2]]\n")
    for name, member in (("by-name", "member"), ("by-path", tmp_path / "member.yaml")):
        bank = tmp_path / f"{name}.yaml"
        bank.write_text(f"name: {name}\nbank: ['{member}', sobel-x]\ncombine: max\n")
        assert convtool("kernels", "check", bank).code == 0
        assert "bank of 2" in convtool("kernels", "show", bank).out
        assert (
            identity(convtool, SAMPLES / "cross.png", tmp_path / f"{name}.png", "-k", bank).code
            == 0
        )


def test_apply_takes_paths_as_text_and_refuses_unusual_tensors(tmp_path):
    """`apply` takes `kernel_path` as text, and refuses unsupported tensors and paths."""
    (tmp_path / "mine.yaml").write_text("name: mine\nweights:\n  2: [[2]]\n")
    assert convtool.apply(torch.ones(1, 1, 2, 2), "mine", kernel_path=str(tmp_path)).sum() == 8
    for tensor in (
        torch.ones(1, 1, 2, 2, dtype=torch.int64),
        torch.ones(0, 1, 2, 2),
        torch.ones(1, 0, 2, 2),
    ):
        with pytest.raises(convtool.UsageError):
            convtool.apply(tensor, "blur")
    with pytest.raises(convtool.ReadError):
        convtool.apply("no\0name.png", "blur")


@pytest.mark.parametrize("prefix", ["./", "sub/../", ""])
def test_a_kernel_file_by_any_spelling_of_its_path(convtool, tmp_path, monkeypatch, prefix):
    """`./mine.yaml` is read as a path, whatever name the file declares."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "mine.yaml").write_text("name: other\nweights:\n  2: [[1]]\n")
    monkeypatch.chdir(tmp_path)
    assert convtool("kernels", "show", f"{prefix}mine.yaml").out.startswith("other  1×1")


# --- found by fuzzing (test_fuzz.py) -------------------------------------------------------------


def riff(kind, channels=2):
    """Return a WAV file with a codec given by its number."""
    samples = np.random.default_rng(5).integers(0, 256, 3000, dtype=np.uint8).tobytes()
    head = struct.pack("<HHIIHH", kind, channels, 16000, 64000, 4, 16)
    body = (
        b"WAVEfmt "
        + struct.pack("<I", len(head))
        + head
        + b"data"
        + struct.pack("<I", len(samples))
        + samples
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_audio_of_an_unknown_codec_is_refused(convtool, tmp_path):
    """Audio that FFmpeg opens but cannot decode is refused."""
    (tmp_path / "in.wav").write_bytes(riff(0xFFFF))
    result = convtool("audio", tmp_path / "in.wav", tmp_path / "out.wav", "-k", "blur")
    assert result.code == 1
    assert "cannot be read" in result.err


W64 = (
    b"riff.\x91\xcf\x11\xa5\xd6(\xdb\x04\xc1\0\0H/\0\0\0\0\0\0"
    b"wave\xf3\xac\xd3\x11\x8c\xd1\0\xc0O\x8e\xdb\x8afmt "
)


def test_audio_whose_header_points_outside_is_refused_in_one_line(convtool, tmp_path):
    """A header that points beyond the file is refused in one line, without callback output."""
    (tmp_path / "in.w64").write_bytes(2 * W64)
    result = convtool("audio", tmp_path / "in.w64", tmp_path / "out.wav", "-k", "blur")
    assert result.code == 1
    assert [line[:6] for line in result.err.splitlines()] == ["error:"]


def test_an_unknown_preset_is_refused_before_x264_sees_it(convtool, tmp_path):
    """An unknown encoder preset is refused before x264 prints messages of its own."""
    result = convtool(
        "video", SAMPLES / "clip.mp4", tmp_path / "out.mp4", "-k", "blur", "--speed", "quick"
    )
    assert result.code == 2
    assert "ultrafast" in result.err
    assert "x264 [" not in result.err


class FullDisk(io.BytesIO):
    """A file on a full disk."""

    def write(self, _):
        """Refuse."""
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_error_in_a_callback_is_raised_after_the_call():
    """An error of the file is raised after the call, whatever the library made of it."""
    file = CallbackFile(FullDisk())

    def library():
        for _ in range(3):
            file.write(b"x" * 10_000)
        raise ValueError("that is the library's own")

    with pytest.raises(OSError, match="No space left"):
        file.call(library)


def test_an_interrupt_waits_for_the_end_of_the_call():
    """An interrupt is raised only when the call no longer uses its file."""
    ended = []

    def library():
        signal.raise_signal(signal.SIGINT)
        time.sleep(0.2)
        ended.append(True)

    with pytest.raises(KeyboardInterrupt):
        call_outside_main_thread(library)
    assert ended


def test_callbacks_run_outside_the_main_thread():
    """Callbacks run outside the main thread, as signals are handled in the main thread."""
    assert call_outside_main_thread(threading.current_thread) is not threading.main_thread()
    assert list(iterate_outside_main_thread(iter("abc"))) == ["a", "b", "c"]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(1, 5), (5, 1), (1, 1)])
def test_a_line_of_pixels_is_turned_upright(convtool, tmp_path, size, orientation):
    """A single row or column of pixels is turned; NumPy took its mirrored view for a copy."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    samples = np.arange(size[0] * size[1], dtype=np.uint8).reshape(size)
    Image.fromarray(samples).save(tmp_path / "in.png", exif=exif)
    result = convtool("image", tmp_path / "in.png", tmp_path / "out.png", "-k", "identity")
    assert result.code == 0, result.err
    expected = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "in.png")))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out.png")), expected)
