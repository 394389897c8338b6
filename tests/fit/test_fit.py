"""`convtool fit`: kernels recovered from files, what the files do not tell, and refusals."""

import json
import re

import numpy as np
import pytest
import soundfile
import tifffile
import videos
import yaml
from conftest import SAMPLES
from PIL import Image

from convtool.fit import pairs as reading
from convtool.fit.fit import fit
from convtool.fit.opening import opened_pairs
from convtool.kernels.loader import Request
from convtool.kernels.spec import parse
from convtool.options.fit import FitOptions

LIMIT = 0.02  # of the largest weight


@pytest.fixture
def noise(tmp_path, rng):
    """Return a picture of coloured noise, in which all weights can be seen."""
    path = tmp_path / "noise.png"
    Image.fromarray(rng.integers(0, 256, (40, 48, 3), dtype=np.uint8)).save(path)
    return path


@pytest.fixture
def fitted(convtool):
    """Run `convtool fit` and return what it found."""

    def run(before, after, *options):
        result = convtool("fit", before, after, *options, "--json")
        assert result.code == 0, result.err
        return json.loads(result.out)

    return run


@pytest.fixture
def filtered(convtool, tmp_path):
    """Filter a file, and return the result and what was said."""

    def run(medium, source, name, *options):
        result = convtool(medium, source, tmp_path / name, *options, "--merge")
        assert result.code == 0, result.err
        return tmp_path / name, result.err

    return run


def weights_of(text, dims, rate=None):
    """Return the weights of a kernel, as a layer has them."""
    (kernel,) = parse(text).load(Request(dims, (), rate)).kernels
    return kernel.weights


def assert_recovered(found, wanted):
    """Check that all weights are within 2 % of the largest."""
    assert np.shape(found["weights"]) == wanted.shape
    assert np.abs(np.array(found["weights"]) - wanted).max() <= LIMIT * np.abs(wanted).max()


def test_a_gaussian_is_recovered_from_a_photo(fitted, filtered, tmp_path):
    """8-bit files are enough for gaussian:sigma=1.5; the file that is written does the same."""
    before = tmp_path / "before.png"
    with Image.open(SAMPLES / "chart.jpg") as chart:
        chart.crop((0, 0, 220, 180)).save(before)
    after, _ = filtered("image", before, "after.png", "-k", "gaussian:sigma=1.5")
    wanted = weights_of("gaussian:sigma=1.5", 2)
    found = fitted(before, after, "--size", len(wanted), "-o", tmp_path / "mine.yaml")
    assert_recovered(found, wanted)
    assert np.all(found["known"])
    assert found["residual"]["unit"] == "level"
    assert found["residual"]["rms"] < 0.4
    again, _ = filtered("image", before, "again.png", "-k", tmp_path / "mine.yaml")
    stored = [np.asarray(Image.open(path)).astype(int) for path in (after, again)]
    assert np.abs(stored[0] - stored[1])[6:-6, 6:-6].max() <= 1


@pytest.mark.parametrize("normalize", ["bounds", "centred"])
def test_a_gradient_is_recovered_with_its_gain(normalize, noise, fitted, filtered):
    """The range that a note states as black … white is the gain, which the files do not tell."""
    after, said = filtered("image", noise, "edges.png", "-k", "sobel-x", "--normalize", normalize)
    shown = re.search(r"(\S+ … \S+) shown as black", said)[1]
    found = fitted(noise, after, "--size", 3, f"--range={shown}")
    assert_recovered(found, np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]))
    assert abs(found["bias"]) < LIMIT


def test_without_its_gain_a_gradient_is_what_makes_the_file(noise, fitted, filtered, tmp_path):
    """The kernel and the bias then make the file with --normalize clamp, as they are written."""
    after, _ = filtered("image", noise, "edges.png", "-k", "sobel-x", "--normalize", "bounds")
    found = fitted(noise, after, "--size", 3, "-o", tmp_path / "mine.yaml")
    assert_recovered(found, np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8)
    assert found["bias"] == pytest.approx(0.5, abs=0.005)
    again, said = filtered("image", noise, "again.png", "-k", tmp_path / "mine.yaml")
    stored = [np.asarray(Image.open(path)).astype(int) for path in (after, again)]
    assert np.abs(stored[0] - stored[1])[1:-1, 1:-1].max() <= 1
    assert "shown as" not in said


def test_raw_responses_in_floats_need_no_gain(noise, fitted, filtered):
    """A TIFF of floats holds responses as they are, beyond 0…1, and none is left out."""
    how = ("-k", "sobel-x", "--normalize", "none")
    after, _ = filtered("image", noise, "edges.tif", *how)
    found = fitted(noise, after, "--size", 3)
    assert_recovered(found, np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]))
    assert found["clipped"] == 0
    assert found["residual"]["unit"] == "1"


def test_a_random_kernel_is_recovered(noise, fitted, filtered, rng):
    """The issue's random 5×5, which is the default size of images."""
    wanted = rng.random((5, 5))
    wanted /= wanted.sum()
    after, _ = filtered("image", noise, "after.png", "-k", str(wanted.tolist()))
    found = fitted(noise, after)
    assert_recovered(found, wanted)
    assert found["bias"] == 0


def test_clipped_samples_are_left_out(noise, fitted, filtered):
    """Weights are right although a third of AFTER is clipped; how many is said."""
    after, _ = filtered("image", noise, "after.png", "-k", "sharpen")
    found = fitted(noise, after, "--size", 3)
    inside = np.asarray(Image.open(after))[1:-1, 1:-1]
    clipped = int(((inside == 0) | (inside == 255)).sum())
    assert found["clipped"] == clipped > inside.size / 4
    assert found["windows"] == inside.size - clipped
    assert_recovered(found, np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]))


def test_a_lowpass_is_recovered_from_16_bits(fitted, filtered, tmp_path, rng):
    """Audio of 16 bits, in stereo; 63 taps are the default size."""
    before = tmp_path / "noise.wav"
    soundfile.write(before, 0.1 * rng.standard_normal((12000, 2)), 48000, subtype="PCM_16")
    kernel = "lowpass:cutoff=4000,taps=63"
    after, _ = filtered("audio", before, "after.wav", "-k", kernel)
    found = fitted(before, after)
    assert_recovered(found, weights_of(kernel, 1, 48000))
    assert found["medium"] == "audio"


def test_an_echo_is_recovered_causally(fitted, filtered, tmp_path, rng):
    """With --align causal the last tap lies on the current sample; the file says so."""
    before, mine = tmp_path / "noise.wav", tmp_path / "mine.yaml"
    soundfile.write(before, 0.1 * rng.standard_normal(9000), 8000, subtype="PCM_16")
    after, _ = filtered("audio", before, "after.wav", "-k", "echo:delay=2ms")
    found = fitted(before, after, "--size", 17, "--align", "causal", "-o", mine)
    assert_recovered(found, weights_of("echo:delay=2ms", 1, 8000))
    again, _ = filtered("audio", before, "again.wav", "-k", mine)
    heard = [soundfile.read(path, dtype="int16")[0][20:].astype(int) for path in (after, again)]
    assert np.abs(heard[0] - heard[1]).max() <= 1


def test_a_video_kernel_is_recovered(fitted, filtered, tmp_path, rng):
    """3×3×3 weights, the default size of videos, from 8-bit frames without loss."""
    before = videos.make(tmp_path / "a.mkv", rng.integers(0, 256, (9, 24, 32, 3), dtype=np.uint8))
    wanted = rng.random((3, 3, 3))
    wanted /= wanted.sum()
    (tmp_path / "k.yaml").write_text(yaml.safe_dump({"name": "k", "weights": {3: wanted.tolist()}}))
    how = ("-k", tmp_path / "k.yaml", "--codec", "ffv1", "--pix-fmt", "bgr0")
    after, _ = filtered("video", before, "b.mkv", *how)
    found = fitted(before, after, "-o", tmp_path / "mine.yaml", "--plot", tmp_path / "p.png")
    assert_recovered(found, wanted)
    assert found["windows"] == 7 * 22 * 30 * 3
    with Image.open(tmp_path / "p.png") as figure:
        assert figure.width > 600


def residual_of(before, after, size):
    """Return what a fit leaves unexplained, with where it lies."""
    with opened_pairs((str(before), str(after)), None, {}, None) as pairs:
        return fit(pairs, FitOptions(size=size), 1000, drawn=True).residual


def test_the_residual_shows_where_files_differ_otherwise(tmp_path, rng):
    """A spot in one place of an image, or in one frame of a video, is seen there."""
    image = rng.integers(100, 150, (20, 30), dtype=np.uint8)
    other = image.copy()
    other[7, 12] += 90
    for name, pixels in (("a.png", image), ("b.png", other)):
        Image.fromarray(pixels).save(tmp_path / name)
    found = residual_of(tmp_path / "a.png", tmp_path / "b.png", 3)
    assert np.unravel_index(found.picture.argmax(), found.picture.shape) == (7 - 1, 12 - 1)
    assert found.picture.shape == (18, 28)
    assert found.largest == pytest.approx(found.picture.max(), rel=1e-3)
    assert found.rms == pytest.approx(np.sqrt(np.square(found.picture).mean()), rel=1e-3)
    frames = rng.integers(100, 150, (9, 20, 30, 3), dtype=np.uint8)
    changed = frames.copy()
    changed[5, 4, 4] += 90
    videos.make(tmp_path / "a.mkv", frames)
    videos.make(tmp_path / "b.mkv", changed)
    found = residual_of(tmp_path / "a.mkv", tmp_path / "b.mkv", 3)
    assert len(found.line) == 9 - 2
    assert found.line.argmax() == 5 - 1


@pytest.mark.parametrize("medium", ["image", "audio", "video"])
def test_blocks_change_nothing(medium, monkeypatch, tmp_path, rng):
    """Whatever is read at once, the sums and the residuals are those of the whole."""
    names = tmp_path / "a", tmp_path / "b"
    for path in names:
        match medium:
            case "image":
                pixels = rng.integers(0, 256, (11, 9), dtype=np.uint8)
                Image.fromarray(pixels).save(path, format="PNG")
            case "audio":
                soundfile.write(path, rng.random((90, 2)) - 0.5, 8000, format="WAV")
            case "video":
                frames = rng.integers(0, 256, (6, 8, 6, 3), dtype=np.uint8)
                videos.make(path.with_suffix(".mkv"), frames).rename(path)
    found = []
    for positions in (2**18, 17, 1):
        monkeypatch.setattr(reading, "POSITIONS", positions)
        with opened_pairs((str(names[0]), str(names[1])), medium, {}, None) as pairs:
            found.append(
                fit(pairs, FitOptions(size=(3,) if medium == "audio" else 3), 999, drawn=True)
            )
    for other in found[1:]:
        np.testing.assert_allclose(other.kernel.weights, found[0].kernel.weights, atol=1e-9)
        assert (other.windows, other.clipped) == (found[0].windows, found[0].clipped)
        for name in ("picture", "line"):
            ours, whole = (getattr(each.residual, name) for each in (other, found[0]))
            assert (ours is None) == (whole is None) == ((name == "line") == (medium == "image"))
            if whole is not None:
                np.testing.assert_allclose(ours, whole, rtol=1e-5)


def test_audio_has_a_gain_on_both_sides_of_zero(fitted, filtered, tmp_path, rng):
    """For audio, --range states the responses at -1 and 1."""
    before = tmp_path / "noise.wav"
    soundfile.write(before, 0.2 * rng.standard_normal((3000, 1)), 8000, subtype="PCM_16")
    after, _ = filtered("audio", before, "after.wav", "-k", "0.25 0.5 0.25")
    found = fitted(before, after, "--size", 3, "--range=-2,2")
    assert_recovered(found, np.array([0.5, 1.0, 0.5]))
    assert found["bias"] == 0


def test_channels_apart_and_mixed(noise, fitted, filtered, tmp_path, rng):
    """With depthwise each channel has weights of its own; with 1 each depends on all."""
    mixing = rng.random((1, 3, 1, 1)) / 3
    content = {"name": "grey", "weights": {2: mixing.tolist()}}
    (tmp_path / "grey.yaml").write_text(yaml.safe_dump(content))
    after, _ = filtered("image", noise, "grey.png", "-k", tmp_path / "grey.yaml")
    found = fitted(noise, after, "--size", 1, "--groups", 1)
    assert_recovered(found, mixing)
    own = rng.random((3, 1, 3, 3)) / 9
    content = {"name": "own", "weights": {2: own.tolist()}, "bias": [0.1, 0.2, 0.05]}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(content))
    after, _ = filtered("image", noise, "own.png", "-k", tmp_path / "own.yaml")
    mine = tmp_path / "mine.yaml"
    found = fitted(noise, after, "--size", 3, "--groups", "depthwise", "-o", mine)
    assert_recovered(found, own)
    np.testing.assert_allclose(found["bias"], [0.1, 0.2, 0.05], atol=1e-3)
    again, _ = filtered("image", noise, "again.png", "-k", mine)
    stored = [np.asarray(Image.open(path)).astype(int) for path in (after, again)]
    assert np.abs(stored[0] - stored[1])[1:-1, 1:-1].max() <= 1


def test_a_constant_picture_tells_only_the_sum(convtool, filtered, tmp_path):
    """It is said in words which weights could not be known, and why there is no bias."""
    before = tmp_path / "grey.png"
    Image.fromarray(np.full((20, 20), 128, np.uint8)).save(before)
    after, _ = filtered("image", before, "after.png", "-k", "blur")
    said = convtool("fit", before, after, "--size", 3).out
    assert "only the sum of the weights is known, 1; not how the 9 divide it" in said
    assert "a bias cannot be told from the sum of the weights" in said
    assert "weights are known" not in said


@pytest.mark.parametrize(("axis", "line"), [(0, "column"), (1, "row")])
def test_stripes_tell_only_sums_of_lines(axis, line, convtool, filtered, tmp_path, rng):
    """Of a picture that changes along one axis, only the sums across it are known."""
    shape = (1, 40) if axis == 0 else (40, 1)
    stripes = np.broadcast_to(rng.integers(0, 256, shape, dtype=np.uint8), (40, 40))
    before = tmp_path / "stripes.png"
    Image.fromarray(np.ascontiguousarray(stripes)).save(before)
    after, _ = filtered("image", before, "after.png", "-k", "blur")
    said = convtool("fit", before, after, "--size", 3).out
    assert "no weight is known by itself" in said
    assert f"known is the sum of each {line}; they share it evenly here" in said


def test_a_kernel_that_is_too_small_is_noticed(fitted, filtered, noise):
    """Where the edge of the kernel is not small and much is unexplained, --size is too small."""
    after, _ = filtered("image", noise, "after.png", "-k", "gaussian:sigma=2")
    assert any("larger --size" in note for note in fitted(noise, after, "--size", 3)["notes"])
    assert not fitted(noise, after, "--size", 13)["notes"]


def test_pages_are_fitted_together(fitted, filtered, tmp_path, rng):
    """All pages of a file count, each with its own edges."""
    before = tmp_path / "pages.tif"
    tifffile.imwrite(
        before, rng.integers(0, 256, (3, 12, 14), dtype=np.uint8), photometric="minisblack"
    )
    after, _ = filtered("image", before, "after.tif", "-k", "blur")
    found = fitted(before, after, "--size", 3, "--no-bias", "--symmetric", "--non-negative")
    assert found["windows"] == 3 * 10 * 12
    assert_recovered(found, np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16)


@pytest.fixture
def files(tmp_path, rng):
    """Return files that do not belong together, by name."""
    made = {}
    for name, image in {
        "big": rng.integers(1, 255, (16, 20), dtype=np.uint8),
        "small": rng.integers(1, 255, (16, 18), dtype=np.uint8),
        "colour": rng.integers(1, 255, (16, 20, 3), dtype=np.uint8),
        "white": np.full((16, 20), 255, np.uint8),
        "pixel": np.full((1, 1), 9, np.uint8),
    }.items():
        made[name] = tmp_path / f"{name}.png"
        Image.fromarray(image).save(made[name])
    for name, frames, rate in (("long", 900, 8000), ("short", 890, 8000), ("fast", 900, 16000)):
        made[name] = tmp_path / f"{name}.wav"
        soundfile.write(made[name], rng.random(frames) - 0.5, rate)
    made["nan"], made["empty"] = tmp_path / "nan.tif", tmp_path / "empty.png"
    tifffile.imwrite(made["nan"], np.full((16, 20), np.nan, np.float32))
    made["empty"].write_bytes(b"")
    return made


@pytest.mark.parametrize(
    ("before", "after", "options", "words"),
    [
        ("big", "small", (), "big.png has 20×16 pixels, and {}small.png 18×16"),
        ("long", "short", (), "long.wav has 900 samples, and {}short.wav 890 samples"),
        ("short", "long", (), "short.wav has 890 samples, and {}long.wav 900 samples"),
        ("long", "fast", (), "8000 samples per second, and {}fast.wav 16000"),
        ("big", "colour", (), "big.png has 1 channel, and {}colour.png 3"),
        ("big", "long", (), "big.png is an image, and {}long.wav an audio file"),
        ("big", "nan", (), "320 samples are NaN or infinite"),
        ("big", "empty", (), "empty.png: the file is empty"),
        ("big", "white", (), "every sample that could be fitted is clipped (0 or 255)"),
        ("pixel", "pixel", (), "pixel.png: a kernel of 5×5 does not fit into 1×1"),
        ("big", "big", ("--size", "3,21"), "a kernel of 3×21 does not fit into 16×20"),
        ("long", "long", ("--size", "901"), "a kernel of 901 does not fit into 900"),
        ("big", "big", ("--groups", "2"), "1 input channel cannot be split into 2 groups"),
        ("big", "big", ("--max-memory", "1", "--size", "15"), "the limit is 1 MiB"),
        ("big", "big", ("--size", "65"), "4225 weights per output"),
    ],
)
def test_what_cannot_be_fitted_is_said(before, after, options, words, convtool, files, tmp_path):
    """Errors name the file, what was found and what was expected; nothing is written."""
    mine = tmp_path / "mine.yaml"
    result = convtool("fit", files[before], files[after], *options, "-o", mine)
    assert result.code == 1
    assert words.format(f"{tmp_path}/") in result.err
    assert "Traceback" not in result.err
    assert not mine.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--size", "0"), "--size takes whole numbers from 1, not 0"),
        (("--size", "3,3,3"), "--size has 3 numbers for 2 axes"),
        (("--range", "4,-4"), "the smaller first"),
        (("--range", "4"), "two numbers"),
        (("-o", "mine.png"), "kernel files end in .yaml"),
        (("-o", "-"), "not standard output"),
        (("--plot", "p.jpg"), "PNG, SVG or PDF"),
        (("--medium", "smell"), "no medium 'smell'"),
    ],
)
def test_wrong_options_are_refused(options, words, convtool, files):
    """Usage errors come before anything is read."""
    result = convtool("fit", files["big"], files["big"], *options)
    assert result.code == 2
    assert words in result.err


def test_one_pixel_is_fitted_by_one_weight(fitted, files):
    """The smallest file there is."""
    found = fitted(files["pixel"], files["pixel"], "--size", 1, "--no-bias")
    assert found["weights"] == [[pytest.approx(1, abs=0.01)]]
    assert found["windows"] == 1


def test_pages_that_one_file_lacks_are_noticed(convtool, tmp_path, rng):
    """Files of different numbers of images do not belong together."""
    pages = rng.integers(0, 256, (3, 12, 14), dtype=np.uint8)
    for name, count in (("three", 3), ("two", 2)):
        tifffile.imwrite(tmp_path / f"{name}.tif", pages[:count], photometric="minisblack")
    result = convtool("fit", tmp_path / "three.tif", tmp_path / "two.tif")
    assert result.code == 1
    assert "three.tif has more images than" in result.err


def test_existing_files_stay(convtool, files, tmp_path):
    """Outputs are replaced only with --overwrite, inputs never."""
    mine = tmp_path / "mine.yaml"
    mine.write_text("kept")
    words = ("fit", files["big"], files["big"], "--size", 3)
    assert "already exists" in convtool(*words, "-o", mine).err
    assert mine.read_text() == "kept"
    assert "never replaced" in convtool(*words, "--plot", files["big"], "-f").err
    assert convtool(*words, "-o", mine, "-f").code == 0
    assert convtool("kernels", "check", mine).code == 0


def test_transparency_is_left_aside(fitted, tmp_path, rng):
    """Colours are fitted as they are stored, and a note says so."""
    path = tmp_path / "clear.png"
    Image.fromarray(rng.integers(1, 255, (9, 9, 4), dtype=np.uint8)).save(path)
    found = fitted(path, path, "--size", 3)
    assert f"{path}: its transparency is left aside" in found["notes"]
    assert_recovered(found, np.array([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]]))


def test_names_cannot_break_the_file(convtool, tmp_path, files):
    """A line break in the name of an input stays in its comment."""
    evil = tmp_path / "a\nname: 'evil.png"
    evil.write_bytes(files["big"].read_bytes())
    mine = tmp_path / "My Kernel.yaml"
    result = convtool("fit", evil, files["big"], "--medium", "image", "--size", 3, "-o", mine)
    assert result.code == 0, result.err
    assert yaml.safe_load(mine.read_text())["name"] == "my-kernel"


def test_options_of_other_media_have_no_effect(convtool, files):
    """A note says so, as in all commands."""
    words = ("--align", "causal", "--mono", "--dpi", "100", "--size", "1")
    said = convtool("fit", files["big"], files["big"], *words).err
    assert "note: --align has no effect: it is for audio" in said
    assert "note: --mono has no effect on images" in said
    assert "note: --dpi has no effect: there is no --plot" in said
    assert "1.0000" in convtool("fit", files["big"], files["big"], *words).out
