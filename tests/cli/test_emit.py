"""`--emit`: the lines that it prints make what the run makes, in the real programs."""

import re
import shutil
import subprocess

import cv2
import numpy as np
import pytest
import soundfile
from PIL import Image

SHELL = {"vips": "vips", "imagemagick": "convert", "ffmpeg": "ffmpeg", "sox": "sox"}
SCRIPTS = ("pytorch", "onnx")


@pytest.fixture
def both(convtool, tmp_path, monkeypatch):
    """Filter a file, let another program do the same, and return both results' names."""

    def run(program, medium, name, suffix, *options):
        if program in SHELL and not shutil.which(SHELL[program]):
            pytest.skip(f"{SHELL[program]} is not installed")
        if program == "onnx":
            pytest.importorskip("onnx")
            pytest.importorskip("onnxruntime")
        monkeypatch.chdir(tmp_path)
        ours = convtool(medium, name, f"ours{suffix}", *options)
        assert ours.code == 0, ours.err
        printed = convtool(medium, name, f"theirs{suffix}", *options, "--emit", program)
        assert printed.code == 0, printed.err
        assert not (tmp_path / f"theirs{suffix}").exists()
        if program in SCRIPTS:
            exec(printed.out, {})  # noqa: S102  # it is what is tested
        else:
            done = subprocess.run(
                ["bash", "-ec", printed.out], check=False, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
        left = {each.name for each in tmp_path.iterdir()}
        known = {name, "k.yaml", f"ours{suffix}", f"theirs{suffix}", f"theirs{suffix}.onnx"}
        assert left <= known
        return f"ours{suffix}", f"theirs{suffix}"

    return run


def picture(tmp_path, kind):
    """Write noise as grey or RGB of 8 or 16 bits."""
    rng = np.random.default_rng(3)
    shape = (13, 18) if kind.startswith("grey") else (13, 18, 3)
    bits = int(kind[-2:])
    pixels = rng.integers(0, 2**bits, shape).astype(np.uint8 if bits == 8 else np.uint16)
    assert cv2.imwrite(str(tmp_path / "i.png"), pixels)
    return "i.png"


def differ(both_names):
    """Return by how much two pictures differ."""
    ours, theirs = (cv2.imread(name, cv2.IMREAD_UNCHANGED) for name in both_names)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    assert ours.std() > 1
    return np.abs(ours.astype(float) - theirs).max()


PLAIN = {
    "edges": ["-k", "gaussian:sigma=0.7"],
    "even": ["-k", ".1 .2; .3 .4"],
    "asymmetric": ["-k", "0 0 -1; 0 1.5 0; 0 0.25 0.25"],
    "row": ["-k", ".5 .2 .1 .1 .1 .1 -.1 -.1 .1"],
    "signed": ["-k", "sobel-x", "--normalize", "clamp"],
    "dilated": ["-k", ".5 .25 .25; 0 0 0; 0 0 0", "--dilation", "2"],
    "flipped": ["-k", ".5 .25 .25 0 0", "--flip"],
    "biased": ["-k", "k.yaml"],
}
PROGRAMS = ("vips", "imagemagick", "ffmpeg", *SCRIPTS)


def kernel_file(tmp_path):
    text = "name: k\nweights:\n  1: [0.5, 0.25, 0.25]\n  2: [[0.5, 0.25, 0.25]]\nbias: 0.125\n"
    (tmp_path / "k.yaml").write_text(text)


CASES = [(program, case) for program in PROGRAMS[1:] for case in PLAIN]
CASES += [("vips", case) for case in ("edges", "even", "dilated", "biased")]  # it is five programs


@pytest.mark.parametrize(("program", "case"), CASES)
def test_images_are_the_same(both, tmp_path, program, case):
    """RGB of 8 bits, edges included, within the rounding of one level."""
    kernel_file(tmp_path)
    name = picture(tmp_path, "rgb-08")
    assert differ(both(program, "image", name, ".png", *PLAIN[case], "--merge")) <= 1


PADDED = [
    *(("zeros", each, "rgb-08") for each in PROGRAMS),
    *(("zeros", each, "grey-08") for each in PROGRAMS if each != "ffmpeg"),
    *(("circular", each, "grey-08") for each in PROGRAMS),
    *(("reflect", each, "grey-08") for each in ("ffmpeg", *SCRIPTS)),
]


@pytest.mark.parametrize(("mode", "program", "kind"), PADDED)
def test_padding_modes_are_the_same(both, tmp_path, mode, program, kind):
    """Where a program has them, of a kernel that is wide and lopsided."""
    name = picture(tmp_path, kind)
    options = ["-k", ".3 0 .1 .1 .1 .5; 0 0 0 0 0 -.1", "--padding-mode", mode, "--merge"]
    assert differ(both(program, "image", name, ".png", *options)) <= 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_images_of_16_bits_are_the_same(both, tmp_path, program):
    """As far as the arithmetic of the program goes."""
    name = picture(tmp_path, "rgb-16")
    assert differ(both(program, "image", name, ".png", "-k", "blur", "--merge")) <= 1


MAPPED = {
    "centred": ["-k", "sobel-x"],
    "sampled": ["-k", "sobel-x", "--percentile", "90", "--independent"],
    "magnitude": ["-k", "sobel", "--normalize", "minmax"],
    "bank": ["-k", "blur", "-k", "sobel-x", "-k", "sobel-y", "--combine", "max"],
    "sigmoid": ["-k", "sharpen", "--normalize", "sigmoid"],
    "bounds": ["-k", "emboss", "--normalize", "bounds"],
    "abs": ["-k", "laplacian-4", "--normalize", "abs"],
    "stride": ["-k", "blur", "--stride", "2,3", "--padding", "1"],
    "valid": ["-k", "1 2 1", "--padding", "valid", "--normalize", "minmax"],
    "mixed": ["-k", "sharpen", "--groups", "1"],
    "random": ["--seed", "5", "--out-channels", "3", "--kernel-size", "3,5"],
}


@pytest.mark.parametrize("case", MAPPED)
@pytest.mark.parametrize("program", SCRIPTS)
def test_programs_in_python_do_all_that_a_layer_does(both, tmp_path, program, case):
    """Strides, groups, banks and every mapping, a measured one within 1/2048 of its range."""
    name = picture(tmp_path, "rgb-08")
    assert differ(both(program, "image", name, ".png", *MAPPED[case], "--merge")) <= 1


def test_chains_are_the_same_in_pytorch(both, tmp_path):
    """Steps of several layers, with their own strides and folds, and steps without weights."""
    name = picture(tmp_path, "rgb-08")
    chain = "gaussian:sigma=0.8[stride=2] -> relu -> sobel -> max-pool:2"
    names = both("pytorch", "image", name, ".png", "-k", f"{chain} -> 0 1/2 1/2", "--merge")
    assert differ(names) <= 1


def sound(tmp_path, subtype, channels=2):
    """Write noise as audio."""
    samples = np.random.default_rng(4).uniform(-0.3, 0.3, (500, channels))
    soundfile.write(tmp_path / "i.wav", samples, 8000, subtype)
    return "i.wav"


SOUNDS = {
    "odd": ["-k", ".5 .25 .125"],
    "even": ["-k", ".5 .25 .125 .1"],
    "causal": ["-k", ".5 .25 .125 .1 .1", "--align", "causal"],
    "full": ["-k", ".5 .25 .125 .1", "--length", "full"],
    "causal-full": ["-k", ".5 .25 .125 .1", "--length", "full", "--align", "causal"],
    "cut": ["-k", ".5 .25 .125 .1 .3", "--length", "valid"],
    "wet": ["-k", "echo:delay=2ms", "--wet", "0.4"],
    "long": ["-k", "lowpass:cutoff=1k"],
    "biased": ["-k", "k.yaml"],
}


@pytest.mark.parametrize("case", SOUNDS)
@pytest.mark.parametrize("program", ["sox", *SCRIPTS])
def test_audio_is_the_same(both, tmp_path, program, case):
    """Stereo of 16 bits, within the rounding of one level, of the same length."""
    kernel_file(tmp_path)
    name = sound(tmp_path, "PCM_16")
    names = both(program, "audio", name, ".wav", *SOUNDS[case])
    ours, theirs = (soundfile.read(each, dtype="int16")[0].astype(int) for each in names)
    assert ours.shape == theirs.shape
    assert ours.std() > 100
    assert np.abs(ours - theirs).max() <= 1


@pytest.mark.parametrize("subtype", ["PCM_24", "FLOAT"])
@pytest.mark.parametrize("program", ["sox", *SCRIPTS])
def test_subtypes_are_kept(both, tmp_path, program, subtype):
    """Of 24 bits and of floats, as they are stored."""
    names = both(program, "audio", sound(tmp_path, subtype, 1), ".wav", "-k", ".5 .25 .125")
    ours, theirs = (soundfile.read(each)[0] for each in names)
    np.testing.assert_allclose(theirs, ours, atol=3 / 2**23)
    assert soundfile.info(names[1]).subtype == subtype


@pytest.mark.parametrize(
    ("program", "kernel", "format", "most"),
    [
        ("ffmpeg", "blur", "bgr0", 1),
        ("ffmpeg", "blur", "yuv420p", 3),
        ("ffmpeg", "blur", "bt709", 3),
        ("pytorch", "temporal-blur", "bgr0", 1),
        ("pytorch", "sharpen", "bt709", 1),
        ("onnx", "laplacian-3d", "gray", 1),
    ],
)
def test_video_is_the_same(both, tmp_path, program, kernel, format, most):
    """Without loss in RGB and grey; chroma is converted and reduced by filters of its own."""
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed")
    source = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=5:duration=0.6", "-f", "lavfi"]
    coded = ["-i", "sine=duration=0.6", "-c:v", "ffv1", "-pix_fmt", format, "-c:a", "flac"]
    if format == "bt709":
        coded[5:6] = ["yuv420p", "-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709"]
    words = ["ffmpeg", "-v", "error", *source, *coded, str(tmp_path / "i.mkv")]
    subprocess.run(words, check=True)
    names = both(program, "video", "i.mkv", ".mkv", "-k", kernel, "--codec", "ffv1", "--merge")
    ours, theirs = map(frames, names)
    assert len(ours) == 3 * 64 * 48 * 3
    assert np.abs(ours - theirs).max() <= most
    assert np.abs(ours - theirs).mean() <= 1
    assert sounds(names[0]) == sounds(names[1])


def frames(name):
    words = ["ffmpeg", "-v", "error", "-i", name, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    made = subprocess.run(words, check=True, capture_output=True).stdout
    return np.frombuffer(made, np.uint8).astype(int)


def sounds(name):
    words = ["ffmpeg", "-v", "error", "-i", name, "-map", "0:a", "-f", "md5", "-"]
    return subprocess.run(words, check=True, capture_output=True).stdout


REFUSED = [
    ("vips", ["-k", "sobel-x"], "results are mapped by centred, and libvips only clips them"),
    ("vips", ["-k", "blur", "-k", "box"], "3 channels in several pictures|6 channels in several"),
    ("vips", ["-k", "sobel", "--normalize", "clamp"], "the layer is a bank of kernels"),
    ("vips", ["-k", "blur -> sharpen"], "2 steps are a chain, expected one"),
    ("vips", ["-k", "blur", "--transposed"], "the layer is transposed, expected nn.Conv"),
    ("onnx", ["-k", "blur -> sharpen"], "2 steps are a chain, expected one"),
    ("vips", ["-k", "blur", "--stride", "2"], "the stride is not 1, and libvips makes every"),
    ("vips", ["-k", "blur", "--padding", "valid"], "the padding is .*, and libvips makes results"),
    ("vips", ["-k", "blur", "--padding-mode", "reflect"], "libvips does not pad by reflect as"),
    ("vips", ["-k", "blur", "--padding-mode", "symmetric"], "libvips does not pad by symmetric as"),
    (
        "onnx",
        ["-k", "blur", "--padding-mode", "replicate,circular"],
        "does not pad by replicate,circular",
    ),
    ("imagemagick", ["-k", "blur", "--groups", "1"], "the layer mixes channels"),
    ("imagemagick", ["-k", "mixed.yaml", "--normalize", "clamp"], "weights of its own"),
    ("imagemagick", ["-k", "blur", "--padding-mode", "reflect"], "ImageMagick does not pad by"),
    ("ffmpeg", ["-k", "gaussian:sigma=3"], "the kernel is 25×25, and FFmpeg takes at most 7×7"),
    ("ffmpeg", ["-k", "1 1 1"], "the weights add up to 3, and FFmpeg 5.1 divides"),
    ("ffmpeg", ["-k", "0.5 0 -0.5", "--normalize", "clamp"], "FFmpeg's weights are whole numbers"),
    ("sox", ["-k", "blur"], "SoX is for audio"),
    ("pytorch", ["-k", "gaussian:sigma=5", "--groups", "1", "--flip"], "too many to print"),
    ("onnx", ["-k", "gaussian:sigma=5"], "1681 weights are too many|too many to print"),
    (
        "pytorch",
        ["-k", "blur", "--sheet"],
        "in several pictures or files|--sheet is convtool's own",
    ),
]


@pytest.mark.parametrize(("program", "options", "said"), REFUSED)
def test_what_a_program_cannot_do_is_told(convtool, tmp_path, monkeypatch, program, options, said):
    """With exit code 2, and nothing on standard output."""
    monkeypatch.chdir(tmp_path)
    each = [f"[[[1, 2, {number}]]]" for number in range(3)]
    (tmp_path / "mixed.yaml").write_text(f"name: mixed\nweights: {{2: [{', '.join(each)}]}}\n")
    name = picture(tmp_path, "rgb-08")
    done = convtool("image", name, "o.png", *options, "--merge", "--emit", program)
    assert done.code == 2, done.err
    assert done.out == ""
    assert re.search(f"^error: --emit {program}: .*({said})", done.err, re.MULTILINE)


def test_files_that_a_program_would_read_otherwise_are_refused(convtool, tmp_path, monkeypatch):
    """Several inputs, outputs in a folder, transparency, pages, names with patterns, pipes."""
    monkeypatch.chdir(tmp_path)
    name = picture(tmp_path, "rgb-08")
    pixels = np.random.default_rng(3).integers(0, 256, (9, 9, 4)).astype(np.uint8)
    cv2.imwrite("alpha.png", pixels)
    cv2.imwrite("a[1].png", pixels[..., :3])
    Image.fromarray(pixels, "CMYK").save("cmyk.jpg")
    cv2.imwritemulti("pages.tif", [pixels[..., 0]] * 2)
    audio = sound(tmp_path, "PCM_16")

    def said(*words):
        done = convtool(*words, "-k", "blur")
        assert (done.code, done.out) == (2, "")
        return done.err

    vips = ("--emit", "vips")
    assert "there are 2" in said("image", name, "alpha.png", "out/", *vips)
    assert "several pictures or files" in said("image", name, "out/", *vips)
    assert "transparency" in said("image", "alpha.png", "o.png", *vips)
    assert "CMYK converted to RGB" in said("image", "cmyk.jpg", "o.png", *vips)
    shutil.copy(name, "a\nb.png")
    assert "cannot be printed" in said("image", "a\nb.png", "o.png", *vips)
    assert "several pages" in said("image", "pages.tif", "o.tif", *vips)
    assert "'[' in 'a[1].png' means something" in said("image", "a[1].png", "o.png", *vips)
    assert "are files here" in said("image", name, "-", "--format", "png", *vips)
    assert "--mono changes what" in said("audio", audio, "o.wav", "--mono", "--emit", "sox")
    assert "libvips is for images" in said("audio", audio, "o.wav", *vips)
    assert "afir takes an impulse response" in said("audio", audio, "o.wav", "--emit", "ffmpeg")
    assert "lossy or a container" in said("audio", audio, "o.mp3", "--emit", "pytorch")


def test_an_output_that_exists_and_options_that_are_not_told(convtool, tmp_path, monkeypatch):
    """Nothing is written, so nothing stays in the way; what is left to the program is noted."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "o.jpg").write_bytes(b"mine")
    words = ("image", picture(tmp_path, "rgb-08"), "o.jpg", "-k", "blur", "--quality", "50")
    done = convtool(*words, "--emit", "vips")
    assert done.code == 0
    assert done.err == "note: --quality: encoders are left at their own settings\n"
    assert (tmp_path / "o.jpg").read_bytes() == b"mine"
    assert convtool(*words, "--emit", "vips", "-q").err == ""
    refused = convtool(*words, "--emit", "vips", "--report", "page.html")
    assert refused.err == "error: --emit vips filters nothing: leave out --report\n"


def test_floats_are_the_same_in_libvips(both, tmp_path):
    """They are neither rounded nor clipped."""
    pixels = np.random.default_rng(3).normal(size=(13, 18)).astype(np.float32)
    cv2.imwrite(str(tmp_path / "i.tif"), pixels)
    kernel_file(tmp_path)
    names = both("vips", "image", "i.tif", ".tif", "-k", "k.yaml", "--normalize", "none")
    ours, theirs = (cv2.imread(name, cv2.IMREAD_UNCHANGED) for name in names)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(theirs, ours, atol=1e-5)
