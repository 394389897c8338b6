"""Reports: pages in a real browser, whose numbers are those of the run and of the file."""

import itertools
import os
import re
import shlex
from dataclasses import fields as of

import numpy as np
import pytest
import soundfile
from browsers import chromium, until, visited
from conftest import ROOT, SAMPLES
from PIL import Image

import convtool as tool
from convtool.look.report.region import BUDGETS
from convtool.look.report.scripts import script
from convtool.media.registry import MEDIA
from convtool.options.declare import flag_of
from convtool.options.declare import read as read_option

ELEMENTS = 30 if os.environ.get("CONVTOOL_ALL_ELEMENTS") else 12
PAD = {"zeros": "constant", "replicate": "edge", "reflect": "reflect", "circular": "wrap"}
ELEMENT = """
([channel, position]) => {
  const { terms, response, stored, computed } = convtool.element(channel, position);
  const products = terms.map((term) => term.rows.map((row) => row.products));
  return { products, response, stored, computed };
}
"""


@pytest.fixture(scope="module")
def browser():
    """A browser for all tests of this module."""
    with chromium() as running:
        yield running


@pytest.fixture
def report(convtool, tmp_path):
    """Filter a file with --report, and return the page and the output."""

    def made(medium, source, target, *options):
        page = tmp_path / "page.html"
        result = convtool(medium, source, target, *options, "--report", page, "--overwrite")
        assert result.code == 0, result.err
        return page, target

    return made


def picture(tmp_path, rng, size=(14, 17), name="in.png"):
    """Return a picture of random colours."""
    path = tmp_path / name
    Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(path)
    return path


def sound(tmp_path, rng, length=90):
    """Return random audio of two channels."""
    path = tmp_path / "in.wav"
    samples = rng.integers(-20000, 20000, (length, 2)).astype(np.int16)
    soundfile.write(path, samples, 8000, subtype="PCM_16")
    return path


def samples_of(path):
    """Return the stored samples of a file or a folder of frames. Shape: (C, *S)"""
    if path.is_dir():
        frames = [np.asarray(Image.open(each)) for each in sorted(path.iterdir())]
        return np.moveaxis(np.stack(frames), -1, 0)
    if path.suffix == ".wav":
        return soundfile.read(path, dtype="int16", always_2d=True)[0].T
    return np.moveaxis(np.asarray(Image.open(path)), -1, 0)


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
    if ELEMENTS < 30:
        return some
    return list(itertools.product(PAD, (1, 2, 3), (1, 2)))


MOVES = ("mode", "stride", "dilation")
IMAGES = cases(("zeros", 1, 1), ("replicate", 2, 1), ("reflect", 1, 2), ("circular", 2, 2))


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


KERNELS = {
    "image": ("chart.jpg", "out.png", ("-k", "sobel", "-k", "blur", "--stride", "2")),
    "audio": ("melody.wav", "out.wav", ("-k", "lowpass:cutoff=500")),
    "video": ("clip.mp4", "out.mp4", ("-k", "temporal-blur", "--frames", "9")),
}


@pytest.fixture(params=sorted(KERNELS))
def page(request, report, tmp_path):
    """Return a page of each medium."""
    name, target, options = KERNELS[request.param]
    made, _ = report(request.param, SAMPLES / name, tmp_path / target, *options)
    return made


def test_a_page_has_no_barrier(browser, page):
    """Axe finds no violation, in light on a small screen, and in dark of an edited kernel."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with visited(browser, page, viewport={"width": 420, "height": 800}) as shown:
        found = axe.run(shown)
        assert found.violations_count == 0, found.generate_report()
        shown.emulate_media(color_scheme="dark")
        shown.select_option("#editor-preset", "identity")
        until(shown, "convtool.run.edited")
        found = axe.run(shown)
        assert found.violations_count == 0, found.generate_report()


def test_the_keyboard_reaches_everything(browser, page):
    """Tab goes to every control that is seen, and arrow keys move the window."""
    with visited(browser, page) as shown:
        wanted = shown.evaluate("""() => {
          const all = document.querySelectorAll("a, button, select, input, canvas[tabindex], pre");
          const seen = [...all].filter((each) => !each.disabled && each.checkVisibility());
          seen.forEach((each, n) => { each.dataset.order = n; });
          return seen.length;
        }""")
        reached = set()
        for _ in range(wanted + 5):
            shown.keyboard.press("Tab")
            reached.add(shown.evaluate("document.activeElement.dataset.order"))
        assert {str(n) for n in range(wanted)} <= reached
        before = shown.evaluate("convtool.selected.position")
        shown.focus("#stage-output")
        shown.keyboard.press("ArrowRight")
        after = shown.evaluate("convtool.selected.position")
        assert after == [*before[:-1], before[-1] + 1]
        until(shown, "document.getElementById('stage-live').textContent !== ''")


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


@pytest.mark.parametrize("options", [("-k", "1 -2 1", "--stride", "2"), ("--init", "normal")])
def test_the_command_of_a_page_gives_the_same_picture(
    browser, report, convtool, tmp_path, rng, options
):
    """The command can be copied, and makes the same file again, also of random weights."""
    source = picture(tmp_path, rng, name="it's a $(picture).png")
    page, target = report("image", source, tmp_path / "-out.png", *options)
    before = target.read_bytes()
    target.unlink()
    with visited(browser, page, permissions=["clipboard-read", "clipboard-write"]) as shown:
        shown.click("[data-copy=layer-command]")
        until(shown, "document.querySelector('[data-copy=layer-command]').textContent === 'Copied'")
        command = shown.text_content("#layer-command")
    result = convtool(*shlex.split(command)[1:])
    assert result.code == 0, result.err
    assert target.read_bytes() == before


@pytest.mark.parametrize(
    "options", [("-k", "blur", "-k", "sobel-x"), ("--seed", "3"), ("--init", "kaiming_normal")]
)
def test_the_lines_of_pytorch_make_the_same_layer(browser, report, tmp_path, rng, options):
    """What the page shows as PyTorch has the weights and the geometry of the layer."""
    source = picture(tmp_path, rng)
    page, _ = report("image", source, tmp_path / "out.png", *options)
    with visited(browser, page) as shown:
        code = shown.text_content("#layer-pytorch")
        weights = shown.evaluate("Array.from(convtool.run.layer.weight.values)")
    made = {}
    exec(code, made)  # noqa: S102  # what the page says
    assert made["layer"].weight.flatten().tolist() == weights
    assert made["layer"].padding_mode == "replicate"


HOSTILE = '<img src=x onerror="window.hit=1">\n</script><script>window.hit=1</script>\u202egnp.png'


def test_hostile_names_are_text(browser, report, tmp_path, rng):
    """Markup, quotes, line breaks and writing from right to left are text in a page."""
    (tmp_path / HOSTILE).parent.mkdir(parents=True)
    source = picture(tmp_path, rng, name=HOSTILE)
    page, _ = report("image", source, tmp_path / "out.png", "-k", "blur")
    with visited(browser, page) as shown:
        assert shown.evaluate("window.hit") is None
        assert shown.query_selector("img") is None
        assert shown.text_content("h1") == source.name
        assert str(source) in shown.text_content("header")


def test_an_existing_page_stays(convtool, tmp_path, rng):
    """A page that exists is refused before any work; so is a name that is no page's."""
    source, page, target = picture(tmp_path, rng), tmp_path / "page.html", tmp_path / "out.png"
    page.write_text("mine")
    result = convtool("image", source, target, "-k", "blur", "--report", page)
    assert result.code != 0
    assert "already exists" in result.err
    assert page.read_text() == "mine"
    assert not target.exists()
    result = convtool("image", source, target, "-k", "blur", "--report", tmp_path / "page.png")
    assert result.code == 2
    assert "takes the name of an HTML file" in result.err
    assert not target.exists()


PARTS = sorted((ROOT / "convtool" / "look" / "report").rglob("*.[jc]s*"))


@pytest.mark.parametrize("path", PARTS, ids=lambda path: path.name)
def test_scripts_and_styles_are_small(path):
    """A file that a page is made of has at most 250 lines of at most 100 columns."""
    lines = path.read_text().split("\n")
    assert len(lines) <= 250
    assert max(map(len, lines)) <= 100


def test_every_module_of_the_script_is_in_it():
    """All modules are imported, from main.js on."""
    names = {path.stem for path in PARTS if path.suffix == ".js"}
    assert set(re.findall(r"^// (\w+)\.js$", script(), re.MULTILINE)) == names


def test_pointing_and_stepping_show_the_sum(browser, report, tmp_path, rng):
    """What is under the mouse is selected and worked out; steps go on from there."""
    source = picture(tmp_path, rng)
    page, target = report("image", source, tmp_path / "out.png", "-k", "1 2; 3 4")
    stored = samples_of(target)
    with visited(browser, page) as shown:
        box = shown.locator("#stage-output").bounding_box()
        shown.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.3)
        row, column = shown.evaluate("convtool.selected.position")
        assert (row, column) != (7, 8)
        table = shown.locator("#stage-sum table").first
        first = samples_of(source)[0, row, column]
        assert table.locator("td").first.text_content() == str(first)
        last = shown.locator("#stage-sum .chain strong").text_content()
        assert last == str(stored[0, row, column])
        assert "equals the file" in shown.text_content("#stage-sum .chain")
        shown.click("#stage-forward")
        before = shown.evaluate("convtool.selected.position")
        shown.click("#stage-forward")
        assert shown.evaluate("convtool.selected.position") == [before[0], before[1] + 1]
        shown.click("#stage-back")
        assert shown.evaluate("convtool.selected.position") == before
        assert shown.text_content("#stage-progress").startswith("output 1 of")
        shown.click("#stage-play")
        until(shown, "document.getElementById('stage-progress').textContent.includes('output 3')")
        shown.click("#stage-play")


@pytest.mark.skipif(ELEMENTS < 30, reason="CONVTOOL_ALL_ELEMENTS=1 runs what takes long")
def test_a_large_photo_has_a_small_page(report, tmp_path, rng):
    """The page of 12 megapixels of noise, the hardest to compress, stays below 3 MB."""
    source = picture(tmp_path, rng, (3000, 4000), "in.bmp")
    page, _ = report("image", source, tmp_path / "out.bmp", "-k", "identity")
    assert page.stat().st_size < 3e6
