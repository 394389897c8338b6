"""`convtool explain`: what it shows is what a run writes, to the last bit."""

import json
import random
import re
import shlex
from functools import cache

import cv2
import numpy as np
import pytest
import soundfile
import tifffile
import videos
from conftest import LONG, ROOT, SAMPLES
from PIL import Image

from convtool.kernels import catalogue

CASES = 300 if LONG else 30
KINDS = ("png8", "png16", "rgba", "tif16", "float", "wav16", "wav24", "wav32", "double", "video")
DIMS = {"wav16": 1, "wav24": 1, "wav32": 1, "double": 1, "video": 3}
SUBTYPES = {"wav16": "PCM_16", "wav24": "PCM_24", "wav32": "PCM_32", "double": "DOUBLE"}
READ = {"wav16": "int16", "wav24": "int32", "wav32": "int32", "double": "float64"}


@cache
def presets(dims):
    """Return the names of presets with weights for some number of axes."""
    entries = [catalogue.entry(path) for path in catalogue.catalogue().values()]
    small = [entry.name for entry in entries if dims in entry.dimensions]
    return [name for name in small if name not in ("echo", "comb", "hum-notch", "reverb")]


def image(path, dtype, channels):
    """Write an image of noise."""
    rng = np.random.default_rng(7)
    shape = (13, 17, channels) if channels > 1 else (13, 17)
    if np.issubdtype(dtype, np.floating):
        tifffile.imwrite(path, rng.normal(0.5, 0.5, shape).astype(dtype), photometric="rgb")
    elif path.suffix == ".tif":
        tifffile.imwrite(path, rng.integers(0, np.iinfo(dtype).max, shape, dtype))
    else:
        cv2.imwrite(str(path), rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True))


def source(kind, folder):
    """Write an input of a kind, and return its path."""
    path = folder / f"in.{ {'tif16': 'tif', 'float': 'tif', 'video': 'mkv'}.get(kind, 'png') }"
    if kind in READ:
        path = folder / "in.wav"
        samples = np.random.default_rng(3).uniform(-1, 1, (400, 2))
        soundfile.write(path, samples, 8000, SUBTYPES[kind])
    elif kind == "video":
        videos.make(path, np.random.default_rng(5).integers(0, 256, (9, 12, 16, 3), dtype=np.uint8))
    elif kind == "rgba":
        pixels = np.random.default_rng(9).integers(0, 256, (13, 17, 4), dtype=np.uint8)
        pixels[:5, :5, 3] = 0
        Image.fromarray(pixels).save(path)
    else:
        dtype = {"png8": np.uint8, "png16": np.uint16, "tif16": np.uint16}.get(kind, np.float32)
        image(path, dtype, 1 if kind == "tif16" else 3)
    return path


def options(rng, dims):
    """Return random options of a layer."""
    words = []
    for _ in range(rng.choice([0, 1, 1, 1, 2])):
        words += ["-k", rng.choice(presets(dims))]
    if not words:
        words = ["--seed", str(rng.randrange(99)), "--kernel-size", str(rng.choice([1, 2, 3, 5]))]
    elif rng.random() < 0.3:
        words += ["--combine", rng.choice(["magnitude", "max", "sum", "mean"])]
    if rng.random() < 0.3:
        words += ["--stride", str(rng.choice([1, 2, 3]))]
    if rng.random() < 0.3:
        words += ["--dilation", str(rng.choice([1, 2]))]
    if rng.random() < 0.4:
        words += ["--padding", rng.choice(["valid", "same", "0", "1", "2"])]
    elif dims == 1 and rng.random() < 0.5:
        words += ["--align", "causal"]
    if rng.random() < 0.6:
        mode = rng.choice(["zeros", "reflect", "replicate", "circular"])
        words += ["--padding-mode", mode]
    if rng.random() < 0.5:
        rules = ["minmax", "clamp", "sigmoid", "bounds", "abs", "centred"][: 5 if dims == 1 else 6]
        words += ["--normalize", rng.choice(rules)]
    return words


def written(kind, out, name):
    """Return the samples of a channel that a run wrote. Shape: (*S)"""
    wanted = re.compile(rf"in_{re.escape(name)}(_l|_mono)?(\.\w+)?")
    (path,) = [each for each in out.iterdir() if wanted.fullmatch(each.name)]
    if kind in READ:
        samples, _ = soundfile.read(path, dtype=READ[kind])
        return samples >> 8 if kind == "wav24" else samples
    if kind == "video":
        frames = sorted(path.glob("*.png"))
        return np.stack([cv2.imread(str(each), cv2.IMREAD_UNCHANGED) for each in frames])
    if path.suffix == ".tif":
        return tifffile.imread(path)
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return pixels if pixels.ndim == 2 else pixels[..., 0]


@pytest.mark.parametrize("case", range(CASES))
def test_the_stored_sample_is_the_one_in_the_file(tmp_path, convtool, case):
    """For random elements, kernels, options and formats, the file holds what explain shows."""
    rng = random.Random(case)  # noqa: S311  # no secrets
    kind = KINDS[case % len(KINDS)]
    dims = DIMS.get(kind, 2)
    path, words = source(kind, tmp_path), options(rng, dims)
    medium = {1: "audio", 2: "image", 3: "video"}[dims]
    out = tmp_path / "out"
    form = ["--format", "png"] if dims == 3 else []
    done = convtool(medium, path, f"{out}/", *words, *form)
    shown = convtool("explain", path, *words, *form, "--json")
    assert shown.code == done.code, (words, done.err, shown.err)
    if done.code:
        assert shown.err.splitlines()[-1] in done.err or shown.err.splitlines()[0] in done.err
        return
    channels, *size = json.loads(shown.out)["output"]
    for _ in range(3):
        at = [rng.choice([0, n - 1, rng.randrange(n)]) for n in size]
        channel = rng.randrange(channels)
        words += ["--at", ",".join(map(str, at)), "--channel", str(channel)]
        found = convtool("explain", path, *words, *form, "--json")
        assert found.code == 0, (words, found.err)
        answer = json.loads(found.out)
        expected = written(kind, out, answer["name"].replace(" ", "_"))[tuple(at)]
        assert answer["stored"] == expected.item(), (words, answer["stored_as"])
        check_arithmetic(answer)


def check_arithmetic(answer):
    """Check that the shown numbers follow from each other, and lead to the stored sample."""
    for response in answer["responses"]:
        products = np.multiply(response["window"], response["weights"])
        np.testing.assert_allclose(response["products"], products)
        np.testing.assert_allclose(response["sum"], products.sum(), atol=1e-9, rtol=1e-9)
        value = response["sum"] / response["unit"] + response["bias"]
        assert abs(response["response"] - value) <= 1e-9 * max(1, abs(value))
    scale = 1 if "float" in answer["stored_as"]["type"] else answer["stored_as"]["high"]
    off = abs(answer["float64"] - answer["stored"])
    assert off <= max(1, 4e-6 * scale) if scale > 1 else off <= 2e-6 * max(1, abs(answer["stored"]))
    if off and scale > 1:
        assert "float64" in answer["notes"][-1]


def said(convtool, words):
    """Return what a command prints."""
    done = convtool("explain", *shlex.split(words))
    assert done.code == 0, done.err
    return done.out


def test_the_page_shows_real_output(convtool, monkeypatch):
    """What docs/explain.md shows below a command is what the command prints."""
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "explain.md").read_text()
    shown = re.findall(r"(?ms)^```sh\nconvtool ([^\n]*)\n```\n\n```\n(.*?)^```$", page)
    assert len(shown) == 4
    for command, output in shown:
        assert convtool(*shlex.split(command)).out == output


def test_an_element_is_explained_in_tables_and_in_one_line(convtool):
    """Window, weights and products stand side by side, the sum in one line."""
    page = said(convtool, f"{SAMPLES / 'checker.png'} -k sobel-x --at 3,4")
    assert "element 3,4 of 8×8" in page
    assert "  0  255  255    −1  0  1       0  0  255" in page
    assert "0·(−1) + 255·0 + 255·1 + 0·(−2)" in page
    assert "centred     (2 − (−4)) / (4 − (−4))    0.75" in page


def test_samples_of_padding_stand_in_parentheses(convtool):
    """At a corner, samples and positions of the padding are marked, and its mode is named."""
    page = said(convtool, f"{SAMPLES / 'checker.png'} -k blur --padding-mode zeros")
    assert "rows – 0 1, columns – 0 1 (–: padding, zeros)" in page
    assert "(0)  (0)  (0)" in page


def test_large_kernels_are_shown_in_part(convtool):
    """Of many taps a part is shown, and the rest is summed up in words."""
    page = said(convtool, f"{SAMPLES / 'chart.jpg'} -k gaussian:sigma=9 --at 100,100")
    words = "shown: 7×7 of 73×73 taps, where products are largest; the other 5280 products sum to"
    assert words in page


def test_many_input_channels_are_shown_in_part(convtool):
    """Of many input channels the first four are shown."""
    numbers = " || ".join("1 2 3" for _ in range(6))
    page = said(convtool, f'"{numbers}" --seed 1')
    assert "shown: 4 of 6 input channels; the other 6 products sum to" in page


def test_one_product_that_is_left_out_is_one(convtool):
    """Words agree with their number."""
    page = said(convtool, f'"0..20 as 21" -k "{" ".join("1" * 13)}" --padding 0')
    assert "; the other product is " in page


def test_many_numbers_are_not_shown_whole(convtool):
    """Thousands of numbers are explained like a file, with words in place of the grids."""
    page = said(convtool, '"0..9999 as 100x100" -k "1 2" --at 50,60')
    assert "input and result have more than 4096 numbers, and are not shown whole" in page
    assert "5060·1 + 5061·2 = 15182" in page
    assert page.count("\n") < 20


def test_the_taps_of_an_echo_are_shown_alone(convtool):
    """Of thousands of products, the few that are not zero are shown, and where they are."""
    page = said(convtool, f"{SAMPLES / 'melody.wav'} --at 20000 -k echo:delay=0.25")
    assert "shown: sample 16000, sample 20000: 2 of 4001 taps" in page
    assert "the other 3999 products sum to 0" in page


def test_colours_are_told_to_be_weighted_by_opacity(convtool, tmp_path):
    """The window of a transparent image is not what its file has; the page says what it is."""
    Image.new("RGBA", (4, 4), (200, 100, 50, 128)).save(tmp_path / "x.png")
    assert "window on r × opacity: rows" in said(convtool, f"{tmp_path / 'x.png'} -k blur")


def test_numbers_are_never_cut(convtool, monkeypatch):
    """In a narrow terminal tables stand below each other, and no number ends in dots."""
    monkeypatch.setenv("COLUMNS", "30")
    page = said(convtool, f"{SAMPLES / 'chart.jpg'} --seed 1 --at 9,9 --format png")
    assert "products\n" in page
    assert "…" not in page.split("response")[0].partition("\n\n")[2]


def test_a_lossy_format_is_noted(convtool):
    """Of a JPEG, what its encoder is given is explained, and a note says so."""
    done = convtool("explain", SAMPLES / "chart.jpg", "-k", "blur")
    assert "note: .jpg is stored with loss" in done.err
    done = convtool("explain", SAMPLES / "chart.jpg", "-k", "blur", "--format", "png")
    assert "loss" not in done.err


def test_the_medium_is_known_by_content(convtool, tmp_path):
    """A file without a suffix is read by its content, or as --medium says."""
    plain = tmp_path / "noise"
    plain.write_bytes((SAMPLES / "melody.wav").read_bytes())
    assert "Conv1d(2 → 2" in said(convtool, f"{plain} -k blur")
    Image.new("RGB", (6, 6)).save(tmp_path / "in.gif")
    assert "Conv2d(3 → 3" in said(convtool, f"{tmp_path / 'in.gif'} -k blur")
    assert "Conv3d(3 → 3" in said(convtool, f"{tmp_path / 'in.gif'} -k blur --medium video")


def test_channels_are_named(convtool):
    """A channel is chosen by its number in the order of files, or by its name."""
    words = f"{SAMPLES / 'chart.jpg'} -k blur -k sobel-x --json --channel"
    by = {text: json.loads(said(convtool, f"{words} {text}")) for text in ("4", "sobel-x_g")}
    assert by["4"]["name"] == by["sobel-x_g"]["name"] == "sobel-x g"
    assert by["sobel-x_g"]["channel"] == 4


def counted(convtool, medium, source, words, at):
    """Return the files of a split run, and what explain says of channels 0, 1, …"""
    done = convtool(medium, source, f"{source.parent}/out/", *words, "--json")
    files = json.loads(done.out)["outputs"]
    asked = ("explain", source, *words, "--at", at, "--json", "--channel")
    found = [json.loads(convtool(*asked, number).out) for number in range(len(files))]
    assert [each["channel"] for each in found] == list(range(len(files)))
    assert "names no channel" in convtool(*asked, len(files)).err
    return files, [each["stored"] for each in found]


@pytest.mark.parametrize("kernels", ["-k sharpen", "-k blur -k sharpen", "--seed 1", "-k sobel"])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_channels_of_images_are_counted_as_files_are(convtool, tmp_path, rng, mode, kernels):
    """Channel N is the N-th file of a split run: one kernel after the other."""
    pixels = rng.integers(0, 256, (9, 11, len(mode)), dtype=np.uint8)
    Image.fromarray(pixels.squeeze()).save(tmp_path / "in.png")
    files, stored = counted(convtool, "image", tmp_path / "in.png", kernels.split(), "3,4")
    written = [np.asarray(Image.open(file)) for file in files]
    assert [each[3, 4] if each.ndim == 2 else each[3, 4, 0] for each in written] == stored


@pytest.mark.parametrize("kernels", [("1 2 1",), ("1 2 1", "-1 3 -1")])
def test_channels_of_audio_are_counted_as_files_are(convtool, tmp_path, rng, kernels):
    """Channel N is the N-th file of a split run, and channel N of a merged file."""
    source, merged = tmp_path / "in.wav", tmp_path / "out.wav"
    samples = rng.integers(-9000, 9000, (50, 2), dtype=np.int16)
    soundfile.write(source, samples, 8000, subtype="PCM_16")
    words = [word for kernel in kernels for word in ("-k", kernel)]
    files, stored = counted(convtool, "audio", source, words, "3")
    assert [soundfile.read(file, dtype="int16")[0][3] for file in files] == stored
    assert convtool("audio", source, merged, *words).code == 0
    assert soundfile.read(merged, dtype="int16", always_2d=True)[0][3].tolist() == stored


def test_the_seed_of_random_weights_is_told(convtool):
    """Random weights are those of a seed, with which they come again."""
    done = convtool("explain", SAMPLES / "checker.png", "--json")
    seed = json.loads(done.out)["seed"]
    again = convtool("explain", SAMPLES / "checker.png", "--json", "--seed", seed)
    assert json.loads(again.out) == json.loads(done.out)
    assert "seed: " in convtool("explain", SAMPLES / "checker.png").err


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("", "INPUT is missing"),
        ("''", "INPUT is empty"),
        ("nothing.png", "nothing.png: no such file"),
        ("-", "the medium of standard input is not known"),
        ("samples/checker.png --at 8,0", "--at 8,0 is outside the result, which ends at 7,7"),
        ("samples/checker.png --at 8", "--at has 1 number ('8') for 2 axes"),
        ("samples/checker.png --at 1.5s", "--at takes a time for audio only"),
        ("samples/checker.png --at here", "--at takes positions such as 12,34"),
        ("samples/checker.png --page 2", "--page 2: samples/checker.png has 1"),
        ("samples/checker.png --channel q", "--channel 'q' names no channel"),
        ("'1 2 || 3 4' -k 1 --channel 2", "--channel '2' names no channel"),
        ("samples/checker.png -k soble-x", "unknown kernel 'soble-x'"),
        ("samples/checker.png --medium smell", "no medium 'smell'"),
        ("samples/checker.png --normalize none", "--normalize none writes raw floats"),
        ("samples/checker.png --stide 2", "no option --stide"),
        ("samples/melody.wav --at 99s", "is outside the result, which ends at 35999"),
        ('"1 2 3" --padding 0 --kernel-size 5', "the kernel spans 5, more than the padded"),
        ('"1 2 x"', "'x' is not a number"),
    ],
)
def test_mistakes_are_told_in_words(convtool, monkeypatch, words, error):
    """What cannot be explained is told in one message."""
    monkeypatch.chdir(ROOT)
    done = convtool("explain", *shlex.split(words))
    assert done.code in (1, 2)
    assert f"error: {error}" in done.err or error in done.err
    assert done.err.count("error: ") == 1
    assert not done.out


def test_options_of_other_media_are_noted(convtool):
    """An option that the medium of INPUT does not have is noted, as elsewhere."""
    done = convtool("explain", SAMPLES / "checker.png", "-k", "blur", "--rate", "8k")
    assert done.code == 0
    assert "note: --rate has no effect on images" in done.err


def test_names_are_text(convtool, tmp_path):
    """Hostile names appear as text, their control characters escaped."""
    path = tmp_path / "[bold]\x1b[31m<b>$x$.png"
    path.write_bytes((SAMPLES / "checker.png").read_bytes())
    done = convtool("explain", path, "-k", "blur")
    assert "[bold]\\x1b[31m<b>$x$.png" in done.out
    assert "\x1b" not in done.out
