"""Reports: the numbers of pages are those of the run, of the file and of the tool."""

import itertools
import json
import re
import shlex
from dataclasses import fields as of

import numpy as np
import pytest
from browsers import until, visited
from conftest import LONG, SAMPLES
from pages import picture, samples_of, sound
from PIL import Image

import convtool as tool
from convtool.kernels.frequency import decibels
from convtool.look.report import region
from convtool.look.report.region import BUDGETS
from convtool.media.registry import MEDIA
from convtool.options.declare import flag_of
from convtool.options.declare import read as read_option

ELEMENTS = 30 if LONG else 12
PAD = {"zeros": "constant", "replicate": "edge", "reflect": "reflect", "circular": "wrap"}
PAD["symmetric"] = "symmetric"
ELEMENT = """
([channel, position]) => {
  const { terms, response, stored, computed } = convtool.element(channel, position);
  const products = terms.map((term) => term.rows.map((row) => row.products));
  return { products, response, stored, computed };
}
"""

PLACE = "[convtool.selected.channel, convtool.selected.position]"


def flags_of(options):
    """Return options as words of a command."""
    return [word for name, value in options.items() for word in (flag_of(name), str(value))]


def agrees(browser, page, raw, stored, scale, rng, products):
    """Check random elements of a page: products and sum as they should be, stored as in the file.

    Args:
        browser: runs the page.
        page: its file.
        raw: the responses, where 1 is 1.
        stored: the samples of the file.
        scale: the stored number that stands for 1.
        rng: chooses the elements.
        products: returns the products of an element, where 1 is 1.
    """
    with visited(browser, page) as shown:
        region = shown.evaluate("convtool.run.region")
        places = [
            [int(rng.integers(len(raw)))]
            + [
                int(rng.integers(first, first + n))
                for first, n in zip(region["origin"], region["size"], strict=True)
            ]
            for _ in range(ELEMENTS)
        ]
        found = shown.evaluate(f"(all) => all.map({ELEMENT})", [[c, p] for c, *p in places])
    for (channel, *position), element in zip(places, found, strict=True):
        ours = np.asarray(element["products"]).ravel() / scale
        np.testing.assert_allclose(ours, products(channel, position), atol=1e-6)
        place = (channel, *position)
        assert element["response"] / scale == pytest.approx(raw[place], abs=1e-6 * 8)
        assert element["stored"] == stored[place]
        assert abs(element["computed"] - element["stored"]) <= 1


def products_of(samples, weights, stride, dilation, padding, mode):
    """Return a function that gives the products of an element, by NumPy alone."""
    dims = weights.ndim
    around = [(0, 0), *[(padding, padding)] * dims]
    padded = np.pad(samples.astype(float), around, mode=PAD[mode])

    def products(channel, position):
        cut = tuple(
            slice(place * stride, place * stride + (taps - 1) * dilation + 1, dilation)
            for place, taps in zip(position, weights.shape, strict=True)
        )
        return (padded[(channel, *cut)] * weights).ravel()

    return products


def cases(*some):
    """Return some padding modes, strides and dilations, or all of them where there is time."""
    return list(itertools.product(PAD, (1, 2, 3), (1, 2))) if LONG else some


MOVES = ("mode", "stride", "dilation")
IMAGES = cases(("zeros", 1, 1), ("replicate", 2, 1), ("reflect", 1, 2), ("symmetric", 2, 2))


@pytest.mark.parametrize(MOVES, IMAGES)
def test_elements_of_images_are_those_of_the_run(
    browser, report, tmp_path, rng, mode, stride, dilation
):
    """Products and sums equal the tensor's, and stored values the file's, at random places."""
    source, kernel = picture(tmp_path, rng), "1 2 3; 4 5 -6; 0 -7 -1"
    options = {"stride": stride, "dilation": dilation, "padding": 2, "padding_mode": mode}
    target = tmp_path / "out.png"
    page, _ = report("image", source, target, "-k", kernel, *flags_of(options))
    raw = tool.apply(source, kernel, **options)[0].double().numpy()
    weights = np.array([[1, 2, 3], [4, 5, -6], [0, -7, -1.0]])
    products = products_of(samples_of(source) / 255, weights, stride, dilation, 2, mode)
    agrees(browser, page, raw, samples_of(target), 255, rng, products)


@pytest.mark.parametrize(MOVES, cases(("zeros", 1, 1), ("reflect", 3, 2)))
def test_elements_of_audio_are_those_of_the_run(
    browser, report, tmp_path, rng, mode, stride, dilation
):
    """The same for audio."""
    source, kernel = sound(tmp_path, rng), "0.5 -0.25 0.125"
    options = {"stride": stride, "dilation": dilation, "padding": 2, "padding_mode": mode}
    target = tmp_path / "out.wav"
    page, _ = report("audio", source, target, "-k", kernel, *flags_of(options))
    raw = tool.apply(source, kernel, **options)[0].double().numpy()
    weights = np.array([0.5, -0.25, 0.125])
    products = products_of(samples_of(source) / 32768, weights, stride, dilation, 2, mode)
    agrees(browser, page, raw, samples_of(target), 32768, rng, products)


@pytest.mark.parametrize(MOVES, cases(("circular", 1, 2), ("replicate", 2, 1)))
def test_elements_of_video_are_those_of_the_run(
    browser, report, tmp_path, rng, mode, stride, dilation
):
    """The same for video, against frames in lossless files."""
    kernel = "0 1 0; 1 2 1 | 0 0 0; 0 -3 0 | 1 0 1; 0 0 0"
    options = {"stride": stride, "dilation": dilation, "padding": 2, "padding_mode": mode}
    target = tmp_path / "out"
    more = ["--merge", "--format", "png", "--frames", 12]
    page, _ = report(
        "video", SAMPLES / "clip.mp4", f"{target}/", "-k", kernel, *flags_of(options), *more
    )
    (frames,) = target.iterdir()
    raw = tool.apply(SAMPLES / "clip.mp4", kernel, frames=12, **options)[0].double().numpy()
    whole = tool.apply(SAMPLES / "clip.mp4", "1", frames=12)[0].numpy()
    weights = np.array([[[0, 1, 0], [1, 2, 1]], [[0, 0, 0], [0, -3, 0]], [[1, 0, 1], [0, 0, 0.0]]])
    products = products_of(whole, weights, stride, dilation, 2, mode)
    agrees(browser, page, raw, samples_of(frames), 255, rng, products)


@pytest.mark.parametrize(
    ("medium", "target", "options", "exact"),
    [
        ("image", "out.png", (), True),
        ("image", "out.jpg", (), False),
        ("audio", "out.wav", (), True),
        ("audio", "out.wav", ("--subtype", "ulaw"), False),
    ],
)
def test_a_page_says_equal_only_where_it_is(
    browser, report, tmp_path, rng, medium, target, options, exact
):
    """A stored value equals the file's where nothing is lost after it."""
    source = picture(tmp_path, rng) if medium == "image" else sound(tmp_path, rng)
    page, _ = report(medium, source, tmp_path / target, "-k", "1 2 1", *options)
    with visited(browser, page) as shown:
        said = shown.text_content("#stage-sum .chain")
    assert ("equals the file" in said) == exact
    assert ("encoder was given it" in said) == (not exact)


def test_the_response_of_an_audio_kernel_is_in_decibels(browser, report, tmp_path, rng):
    """The curve's levels in words are those of the kernel's Fourier transform."""
    page, _ = report("audio", sound(tmp_path, rng), tmp_path / "out.wav", "-k", "0.5 0.3 -0.1")
    with visited(browser, page) as shown:
        told = shown.get_attribute("#kernels svg", "aria-label")
    pairs = re.findall(r"([\d.]+) (k?Hz) (\S+) dB", told.replace("−", "-"))
    hertz = [float(number) * (1000 if unit == "kHz" else 1) for number, unit, _ in pairs]
    assert hertz == [0, 1000, 2000, 3000, 4000]
    wanted = decibels(np.array([0.5, 0.3, -0.1]), 8000, hertz)
    np.testing.assert_allclose([float(level) for *_, level in pairs], wanted, atol=0.02)


def test_the_response_of_an_image_kernel_is_its_transform(browser, report, tmp_path, rng):
    """The picture's middle is the gain of flat areas, its edges that of two samples."""
    page, _ = report("image", picture(tmp_path, rng), tmp_path / "out.png", "-k", "1 2 1; 0 1 0")
    with visited(browser, page) as shown:
        found = shown.evaluate("""() => {
          const canvas = document.querySelector("#kernels .response");
          const { data, width } = canvas.getContext("2d").getImageData(0, 0, 65, 65);
          const places = [[32, 32], [32, 64], [64, 32], [10, 50]];
          return places.map(([y, x]) => data[4 * (y * width + x)]);
        }""")
    weights = np.array([[1, 2, 1], [0, 1, 0.0]])
    gains = [
        abs(
            sum(
                weights[y, x] * np.exp(-2j * np.pi * (y * (row / 64 - 0.5) + x * (col / 64 - 0.5)))
                for y in range(2)
                for x in range(3)
            )
        )
        for row, col in [(32, 32), (32, 64), (64, 32), (10, 50)]
    ]
    np.testing.assert_allclose(found, np.array(gains) / 5 * 255, atol=1)


def test_the_share_that_is_clipped_is_told(browser, report, tmp_path, rng):
    """The shares below black and above white are those of the tensor."""
    source, kernel = picture(tmp_path, rng, (40, 40)), "0 -1 0; -1 5 -1; 0 -1 0"
    page, _ = report("image", source, tmp_path / "out.png", "-k", kernel, "--normalize", "clamp")
    with visited(browser, page) as shown:
        told = shown.text_content("#distribution-all p")
    below, above = (float(share) for share in re.findall(r"([\d.]+)\s%", told))
    raw = tool.apply(source, kernel)[0, 0] * 255
    assert below == pytest.approx(100 * float((raw < -0.5).double().mean()), rel=0.01)
    assert above == pytest.approx(100 * float((raw > 255.5).double().mean()), rel=0.01)


TOLD = {
    "image": ("out.jpg", ("-k", "sobel", "--stride", "2"), 2),
    "audio": ("out.flac", ("-k", "1 -2 1", "--align", "causal"), 1),
    "video": ("out.mkv", ("--seed", "3", "--frames", "7", "--kernel-size", "2,3,1"), 2),
}


@pytest.mark.parametrize("medium", TOLD)
def test_explain_says_the_same_as_the_page(browser, report, convtool, tmp_path, rng, medium):
    """The command for the selected element prints the numbers that the page shows."""
    target, options, channel = TOLD[medium]
    source = {"image": picture, "audio": sound}.get(medium, lambda *_: SAMPLES / "clip.mp4")
    page, _ = report(medium, source(tmp_path, rng), tmp_path / target, *options)
    with visited(browser, page) as shown:
        shown.evaluate(f"convtool.select({channel}, convtool.selected.position)")
        command = shown.text_content("#stage-explain")
        element = shown.evaluate(ELEMENT, shown.evaluate(PLACE))
    result = convtool(*shlex.split(command)[1:], "--json")
    assert result.code == 0, result.err
    told = json.loads(result.out)
    assert told["stored"] == element["stored"]
    ours = np.concatenate([np.ravel(term) for term in element["products"]])
    theirs = np.concatenate([np.ravel(each["products"]) for each in told["responses"]])
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-9)


FOLDS = [
    ("-k", "sobel", "-k", "blur"),
    ("-k", "sobel-x", "-k", "sobel-y", "-k", "blur", "--combine", "max"),
    ("-k", "1 2 3", "-k", "0 1 0", "--groups", "1", "--combine", "mean"),
    ("--groups", "3", "--out-channels", "6", "--seed", "5", "--kernel-size", "3,2"),
    ("-k", "blur", "--flip", "--out-channels", "6", "--dilation", "1,3"),
]


@pytest.mark.parametrize("options", FOLDS)
def test_banks_and_groups_are_those_of_the_run(browser, report, tmp_path, rng, options):
    """Responses equal the tensor's where banks are folded and where channels are mixed."""
    source = picture(tmp_path, rng, (9, 11))
    page, _ = report("image", source, tmp_path / "out.tif", *options, "--normalize", "none")
    flags, names = iter(options), {}
    for flag in flags:
        value = next(flags) if flag != "--flip" else True
        name = {"-k": "kernel"}.get(flag, flag.lstrip("-").replace("-", "_"))
        names.setdefault(name, []).append(value)
    values = {name: one if name == "kernel" else read(name, *one) for name, one in names.items()}
    raw = tool.apply(source, **values)[0].double().numpy()
    with visited(browser, page) as shown:
        whole = shown.evaluate(
            """() => convtool.run.mappings.map((_, channel) =>
              [...Array(9).keys()].map((y) => [...Array(11).keys()].map((x) =>
                convtool.element(channel, [y, x]).response / 255)))"""
        )
    np.testing.assert_allclose(np.asarray(whole), raw, atol=2e-6)


def test_a_page_of_many_weights_has_the_first_channels(browser, report, tmp_path, rng, monkeypatch):
    """Where a layer has more weights than a page can hold, it has those of the first outputs."""
    monkeypatch.setattr(region, "WEIGHTS", 60)
    source = picture(tmp_path, rng, (9, 11))
    page, _ = report("image", source, tmp_path / "out.png", "--seed", "2", "--out-channels", "5")
    raw = tool.apply(source, seed=2, out_channels=5)[0].double().numpy()
    with visited(browser, page) as shown:
        assert shown.locator("#stage-channel option").count() == 2
        assert "Of 5 channels, it has the first 2." in shown.text_content("#stage")
        found = shown.evaluate("convtool.element(1, [4, 5]).response / 255")
    assert found == pytest.approx(raw[1, 4, 5], abs=1e-6)


def read(name, value):
    """Return the value of an option from its word."""
    fields = {field.name: field for group in MEDIA["image"].groups.values() for field in of(group)}
    return value if value is True else read_option(fields[name], value)


EDIT = """
(edit) => {
  const find = (id) => document.getElementById(id);
  const set = (field, value) => {
    field.value = value;
    field.dispatchEvent(new Event("change"));
  };
  if (edit.preset) set(find("editor-preset"), edit.preset);
  const cells = document.querySelectorAll("#editor-cells input");
  for (const [tap, value] of edit.cells ?? []) set(cells[tap], value);
  for (const [label, value] of edit.numbers ?? []) {
    set(document.querySelector(`#editor-fields [aria-label="${label}"]`), value);
  }
  for (const [id, value] of edit.choices ?? []) set(find(id), value);
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
    const { stored, run } = { stored: convtool.run.stored, run: convtool.run };
    done({
      shape: stored.shape,
      values: Array.from(stored.values),
      edited: run.edited,
      text: find("editor-text").textContent,
      problem: find("editor-problem").textContent,
    });
  })));
}
"""
EDITS = [
    {"cells": [[4, "5"], [0, "-1/2"]]},
    {"preset": "sobel-x"},
    {"preset": "emboss", "numbers": [["Stride, height", "2"], ["Stride, width", "3"]]},
    {"preset": "blur", "choices": [["editor-padding-mode", "reflect"]]},
    {"preset": "laplacian-4", "numbers": [["Dilation, height", "2"], ["Dilation, width", "2"]]},
    {
        "preset": "sharpen",
        "choices": [["editor-padding", "valid"], ["editor-results-shown-by", "minmax"]],
    },
    {
        "preset": "difference-x",
        "choices": [["editor-padding", "number"], ["editor-padding-mode", "circular"]],
        "numbers": [["Samples added, height", "2"], ["Samples added, width", "1"]],
    },
    {
        "preset": "difference-x",
        "choices": [["editor-padding", "number"], ["editor-padding-mode", "symmetric"]],
        "numbers": [["Samples added, height", "0"], ["Samples added, width", "30"]],
    },
]


def refiltered(convtool, text, source, target):
    """Run a command that a page gives, and return the samples that it writes."""
    words = shlex.split(text)
    names = {"INPUT": str(source), "OUTPUT": str(target)}
    result = convtool(*[names.get(word, word) for word in words[1:]], "--overwrite")
    assert result.code == 0, result.err
    return samples_of(target).astype(int)


def test_editing_an_image_equals_the_tool(browser, report, convtool, tmp_path, rng):
    """Each edit gives what the command that the page offers for it gives, within one level."""
    source = picture(tmp_path, rng, (19, 23))
    page, _ = report("image", source, tmp_path / "out.png", "-k", "identity")
    with visited(browser, page) as shown:
        for edit in EDITS:
            shown.click("#editor-reset")
            found = shown.evaluate(EDIT, edit)
            assert found["edited"], edit
            assert found["problem"] == ""
            ours = np.reshape(found["values"], found["shape"])[:, 0]
            theirs = refiltered(convtool, found["text"], source, tmp_path / "again.png")
            assert ours.shape == theirs.shape
            assert np.abs(ours - theirs).max() <= 1, edit
            assert (ours == theirs).mean() > 0.99


def test_padding_by_axis_and_side_is_shown_and_edited(browser, report, convtool, tmp_path, rng):
    """A page works with padding that nn.Conv does not have: its elements, edits and commands."""
    source, target = picture(tmp_path, rng, (9, 8)), tmp_path / "out.png"
    words = ("--padding", "3:1,0:11", "--padding-mode", "constant:0.25,symmetric")
    page, _ = report("image", source, target, "-k", "1 2 3; 4 5 -6; 0 -7 -1", *words)
    samples = samples_of(source)
    padded = np.pad(samples, [(0, 0), (3, 1), (0, 0)], constant_values=64)
    padded = np.pad(padded, [(0, 0), (0, 0), (0, 11)], "symmetric")
    weights = np.array([[1, 2, 3], [4, 5, -6], [0, -7, -1.0]])
    raw = tool.apply(source, "1 2 3; 4 5 -6; 0 -7 -1", padding=words[1], padding_mode=words[3])
    products = products_of(padded / 255, weights, 1, 1, 0, "zeros")
    agrees(browser, page, raw[0].double().numpy(), samples_of(target), 255, rng, products)
    with visited(browser, page) as shown:
        found = shown.evaluate(EDIT, {"preset": "difference-x"})
        assert found["problem"] == ""
        assert " ".join(words) in found["text"]
        ours = np.reshape(found["values"], found["shape"])[:, 0]
        theirs = refiltered(convtool, found["text"], source, tmp_path / "again.png")
        assert np.abs(ours - theirs).max() <= 1


def test_editing_audio_equals_the_tool(browser, report, convtool, tmp_path, rng):
    """The same for audio."""
    source = sound(tmp_path, rng)
    page, _ = report("audio", source, tmp_path / "out.wav", "-k", "0.25 0.5 0.25")
    with visited(browser, page) as shown:
        found = shown.evaluate(EDIT, {"cells": [[0, "-0.5"]], "numbers": [["Stride", "2"]]})
    ours = np.reshape(found["values"], found["shape"])[:, 0, 0]
    theirs = refiltered(convtool, found["text"], source, tmp_path / "again.wav")
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1


def test_undo_brings_back_what_was(browser, report, tmp_path, rng):
    """Undo and redo go through edits, by button and by key, as far as the run itself."""
    page, _ = report("image", picture(tmp_path, rng), tmp_path / "out.png", "-k", "sharpen")
    weights = "Array.from(convtool.run.layer.weight.values.subarray(0, 9))"
    with visited(browser, page) as shown:
        first = shown.evaluate(weights)
        shown.evaluate(EDIT, {"cells": [[0, "9"]]})
        shown.evaluate(EDIT, {"cells": [[1, "8"]]})
        assert shown.evaluate(weights)[:2] == [9, 8]
        shown.click("#editor-undo")
        until(shown, "convtool.run.layer.weight.values[1] !== 8")
        assert shown.evaluate(weights)[:2] == [9, first[1]]
        shown.focus("#editor-output")
        shown.keyboard.press("Control+z")
        until(shown, "!convtool.run.edited")
        assert shown.evaluate(weights) == first
        shown.click("#editor-redo")
        until(shown, "convtool.run.edited")
        assert shown.evaluate(weights)[0] == 9


def test_a_preset_keeps_its_name_until_its_weights_change(browser, report, tmp_path, rng):
    """The command names a preset as long as it is one, however the kernel moves."""
    page, _ = report("image", picture(tmp_path, rng), tmp_path / "out.png", "-k", "identity")
    stride = [["Stride, height", "2"], ["Stride, width", "2"]]
    command = "convtool image INPUT OUTPUT -k "
    with visited(browser, page) as shown:
        found = shown.evaluate(EDIT, {"preset": "gaussian", "numbers": stride})
        assert found["text"] == f"{command}gaussian --stride 2"
        shown.evaluate(EDIT, {"preset": "blur"})
        found = shown.evaluate(EDIT, {"cells": [[0, "1"]]})
        assert found["text"].startswith(f'{command}"1 ')


def test_a_bank_says_that_its_first_kernel_is_edited(browser, report, tmp_path, rng):
    """Until something is changed, the result is that of all kernels, and a line says so."""
    page, _ = report("image", picture(tmp_path, rng), tmp_path / "out.png", "-k", "sobel")
    note = "#editor-first"
    with visited(browser, page) as shown:
        assert "The layer has 2 kernels" in shown.text_content(note)
        assert shown.is_visible(note)
        stride = [["Stride, height", "2"], ["Stride, width", "2"]]
        found = shown.evaluate(EDIT, {"numbers": stride})
        assert not shown.is_visible(note)
        assert "--normalize" not in found["text"]  # the magnitude's rule is not the kernel's
        assert shown.text_content("#stage-input-size") == "14 rows × 17 columns"
        assert shown.text_content("#stage-output-size") == "7 rows × 9 columns"
        shown.click("#editor-undo")
        shown.click("#editor-undo")
        until(shown, "!convtool.run.edited")
        assert shown.is_visible(note)


def test_editing_a_large_image_takes_what_the_page_holds(
    browser, report, convtool, tmp_path, rng, monkeypatch
):
    """The samples that a page holds of a large image are an image of their own for an edit."""
    monkeypatch.setitem(BUDGETS, 2, 10_000)
    source = picture(tmp_path, rng, (60, 90))
    page, _ = report("image", source, tmp_path / "out.png", "-k", "blur", "--stride", "2")
    with visited(browser, page) as shown:
        found = shown.evaluate(EDIT, {"preset": "sobel-y"})
        start, size = shown.evaluate("[convtool.run.geometry.start, convtool.run.geometry.input]")
    (_, top, left), (_, height, width) = start, size
    assert height < 60
    crop = tmp_path / "crop.png"
    Image.open(source).crop((left, top, left + width, top + height)).save(crop)
    ours = np.reshape(found["values"], found["shape"])[:, 0]
    theirs = refiltered(convtool, found["text"], crop, tmp_path / "again.png")
    assert np.abs(ours - theirs).max() <= 1
