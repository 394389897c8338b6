"""Pages of reports: accessible, safe, reproducible, and no larger than they may be."""

import json
import re
import shlex

import pytest
from browsers import until, visited
from conftest import ROOT, SAMPLES
from pages import picture, samples_of

from convtool.look.report.scripts import script

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
    "options",
    [
        ("-k", "blur", "-k", "sobel-x"),
        ("-k", "gaussian:sigma=4"),
        ("--seed", "3"),
        ("--init", "dirac", "--groups", "3", "--out-channels", "6"),
        ("--seed", "3", "--flip"),
    ],
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
    """All modules are imported, from main.js or index.js on."""
    names = {path.stem for path in PARTS if path.suffix == ".js"}
    assert set(re.findall(r"^// (\w+)\.js$", script() + script("index"), re.MULTILINE)) == names


def test_code_is_the_same_text_in_lines(browser, report, tmp_path, rng):
    """Lines of code are blocks, none of them empty for a break; a flag is not broken."""
    page, _ = report("image", picture(tmp_path, rng), tmp_path / "out.png", "-k", "blur")
    facts = re.search(r'id="layer-data">(.*?)</script>', page.read_text())
    layer = json.loads(facts[1])
    with visited(browser, page, viewport={"width": 420, "height": 900}) as shown:
        for name in ("pytorch", "command"):
            assert shown.text_content(f"#layer-{name}") == layer[name]
        lines = shown.locator("#layer-pytorch .code-line").count()
        assert lines == layer["pytorch"].count("\n") + 1
        flags = shown.locator("#layer-command .flag").all_text_contents()
        assert flags == ["--overwrite"] * ("--overwrite" in layer["command"])
        heights = "(all) => all.map((each) => each.getClientRects().length)"
        assert set(shown.locator(".flag").evaluate_all(heights)) <= {1}


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


CASES = {
    ("-k", "1 2; 3 4"): ("=", r"= \d+$", "sum"),
    ("-k", "1/3 1/3"): ("≈", r"≈ \d+(\.\d+)?$", "sum"),
    ("-k", "1/3", "--normalize", "sigmoid"): ("≈", r"≈ \d+(\.\d+)?$", "≈"),
    ("-k", "3 0", "-k", "4 0", "--combine", "magnitude"): (
        "=",
        r"= \d+$",
        r"²\) = ",
    ),
    ("-k", "1 0", "-k", "1 0", "--combine", "magnitude"): (
        "=",
        r"= \d+$",
        r"²\) ≈ ",
    ),
}


@pytest.mark.parametrize("options", CASES, ids=" ".join)
def test_a_page_has_an_equals_sign_only_where_numbers_are_equal(
    browser, report, tmp_path, rng, options
):
    """Products, sums and steps are compared as they are printed."""
    page, _ = report("image", picture(tmp_path, rng), tmp_path / "out.png", *options)
    products, line, steps = CASES[options]
    with visited(browser, page) as shown:
        signs = shown.locator("#stage-sum .row").first.locator(".sign").all_text_contents()
        assert signs == ["×", products]
        assert re.search(line, shown.text_content("#stage-sum .line"))
        assert re.search(steps, shown.text_content("#stage-sum .chain"))


@pytest.mark.long
def test_a_large_photo_has_a_small_page(report, tmp_path, rng):
    """The page of 12 megapixels of noise, the hardest to compress, stays below 3 MB."""
    source = picture(tmp_path, rng, (3000, 4000), "in.bmp")
    page, _ = report("image", source, tmp_path / "out.bmp", "-k", "identity")
    assert page.stat().st_size < 3e6
