"""Animations: the numbers, the drawing, and the three kinds of files."""

import itertools
import re
import xml.etree.ElementTree as ET

import av
import pytest
import torch
from browsers import chromium
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from convtool.errors import LayerError, UsageError, WriteError
from convtool.layers.layer import Layer
from convtool.look.animation import SUFFIXES, animate
from convtool.look.animation.drawing import film
from convtool.look.animation.numbers import factor, is_rounded, short
from convtool.look.animation.raster import frame
from convtool.look.animation.scene import Rect, Text, text_width
from convtool.look.animation.storyboard import MOST_STEPS, of_array, of_region
from convtool.look.animation.svg import svg
from convtool.look.animation.theme import CURRENT, PADDING
from convtool.look.keepers import Exact
from convtool.look.region import Region

LAYERS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert('x')</script> & \"quotes\" \u202egnp.exe\n\x07]]>"


def grid(*size):
    """Return the numbers from 0 on. Shape: (1, *size)"""
    return torch.arange(torch.Size(size).numel(), dtype=torch.float32).reshape(1, *size)


def summing(dims, size=3, **settings):
    """Return a layer of ones with one channel."""
    layer = LAYERS[dims](1, 1, size, bias=False, **settings)
    nn.init.ones_(layer.weight)
    return layer


def shown(film, step):
    """Return what is drawn in a step: items and their places."""
    sprites = [sprite for sprite in film.sprites if sprite.shown(step)]
    return [(item, item.x + at.x, item.y + at.y) for at in sprites for item in at.items]


def texts(film, step):
    """Return what is written in a step."""
    return [item.text for item, _, _ in shown(film, step) if isinstance(item, Text)]


@given(
    dims=st.integers(1, 3),
    groups=st.integers(1, 2),
    outputs=st.integers(1, 2),
    size=st.integers(1, 3),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 2),
    mode=st.sampled_from(["zeros", "reflect", "replicate", "circular"]),
    bias=st.booleans(),
)
@settings(max_examples=25)
def test_the_sums_are_those_of_the_layer(
    dims, groups, outputs, size, stride, padding, dilation, mode, bias
):
    """Each step's sum is the layer's own output, and its window is where the layer looks."""
    shape = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    layer = LAYERS[dims](2, groups * outputs, size, **shape, padding_mode=mode, bias=bias).double()
    values = torch.randn(2, *(5, 5, 5)[-dims:], dtype=torch.float64)
    expected = layer(values[None])[0].detach()
    if expected.numel() > MOST_STEPS:
        return
    board = of_array(layer, values)
    places = itertools.product(*map(range, expected.shape))
    assert [step.output for step in board.steps] == list(places)
    totals = torch.tensor([step.total for step in board.steps], dtype=torch.float64)
    torch.testing.assert_close(totals, expected.flatten())
    for step in board.steps[:: max(1, len(board.steps) - 1)]:
        for tap, place in board.covered(step):
            assert step.values[tap] == board.padded[place]


@pytest.mark.parametrize(
    ("mode", "first"),
    [
        ("zeros", [0, 0, 0, 0, 0, 0, 0]),
        ("reflect", [6, 5, 6, 7, 8, 9, 8]),
        ("replicate", [0, 0, 1, 2, 3, 4, 4]),
        ("circular", [24, 20, 21, 22, 23, 24, 20]),
    ],
)
def test_padding_holds_what_its_mode_puts_there(mode, first):
    """The cells of the padding have values, and are known as such."""
    board = of_array(summing(2, padding=1, padding_mode=mode), grid(5, 5))
    assert board.padded[0, 0].tolist() == first
    added = [[board.is_added((row, column)) for column in range(7)] for row in range(7)]
    assert [sum(row) for row in added] == [7, 2, 2, 2, 2, 2, 7]


def test_samples_that_no_window_covers_are_shown():
    """Steps of 2 leave the sixth sample out, and it is there to be seen."""
    board = of_array(summing(1, stride=2), grid(6) + 1)
    assert board.size == (6,)
    assert [step.total for step in board.steps] == [6, 12]
    assert "6" in texts(film(board), 0)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_a_part_of_a_result_is_that_part_of_the_whole(mode):
    """A region's steps are those of the whole result, of which it says where it is."""
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 4, 3, stride=2, padding=1, padding_mode=mode)
    layer, values = Layer(conv, (), None, ()), torch.randint(0, 256, (3, 20, 24)).double()
    region = Region.of(layer, (20, 24), (7, 0), (3, 2))
    keeper = Exact(region.sources)
    keeper.take(values, 0)
    board = of_region(layer, region, keeper.samples, [1, 3], unit=255)
    expected = conv.double()(values[None] / 255)[0, [1, 3], 7:10, 0:2] * 255
    totals = [step.total for step in board.steps]
    torch.testing.assert_close(torch.tensor(totals).double(), expected.flatten().detach())
    assert (board.first, board.size) == ((13, 0), (7, 4))
    written = texts(film(board), 0)
    assert {"Input 3×7×4, from 13, 0", "Output 2×3×2, from 7, 0"} <= set(written)
    assert "Samples are shown as they are stored: 255 stands for 1." in written


def test_one_channel_alone():
    """A chosen output channel is worked out alone, from the channels of its group."""
    layer = nn.Conv1d(4, 4, 2, groups=2)
    values = torch.randn(4, 3)
    board = of_array(layer, values, [3])
    assert board.outputs == (3,)
    assert {step.channel for step in board.steps} == {2}
    expected = layer(values[None])[0, 3].tolist()
    assert [step.total for step in board.steps] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.0, "0"), (-0.0, "0"), (255.0, "255"), (-1.0, "−1"), (1 / 3, "0.333"), (2e9, "2e9"),
     (-1.25e-7, "−1.25e-7".replace("-", "−")), (float("inf"), "∞")],
)  # fmt: skip
def test_numbers_are_short(number, text):
    """Whole numbers are written as they are, others to three significant digits."""
    assert short(number) == text


def test_a_film_says_that_it_rounds():
    """Rounded numbers are announced, and only they."""
    note = "Numbers are rounded where they are shown; the sums are made of all digits."
    exact, rounded = grid(4) / 4, grid(4) / 3
    assert not is_rounded(0.75)
    assert note not in texts(film(of_array(summing(1), exact)), 0)
    assert note in texts(film(of_array(summing(1), rounded)), 0)


def test_a_step_shows_its_window_its_products_and_its_sum():
    """The lesson's third element: 3 + 4 + 5, each times 2, is 24."""
    layer = summing(1, padding=1)
    nn.init.constant_(layer.weight, 2)
    made = film(of_array(layer, grid(6) + 1), title="by hand", notes=["a note"])
    written = texts(made, 3)
    assert {"3×2", "4×2", "5×2", "24", "Conv1d, kernel 3, padding 1", "by hand"} <= set(written)
    assert written.count("×2") == 3
    assert {"6", "12", "18", "a note"} <= set(written)
    assert "30" not in written


@pytest.mark.parametrize(
    ("weight", "bias", "shown"),
    [
        (0.25, None, {"0×0.25", "=", "0.75"}),
        (1 / 3, None, {"1×0.333", "≈", "1"}),
        (0.5, 1 / 4, {"2×0.5", "+ bias 0.25  =", "1.75"}),
        (0.5, 1 / 7, {"2×0.5", "+ bias 0.143  ≈", "1.64"}),
    ],
)
def test_a_sum_has_an_equals_sign_only_where_its_numbers_are_equal(weight, bias, shown):
    """The products, the bias and the sum are compared as they are written."""
    layer = nn.Conv1d(1, 1, 3, bias=bias is not None)
    nn.init.constant_(layer.weight, weight)
    if bias is not None:
        nn.init.constant_(layer.bias, bias)
    assert shown <= set(texts(film(of_array(layer, grid(3))), 0))


def under_the_window(film, step):
    """Return the numbers of the marked cells: of the input, and the element that is made."""
    drawn = shown(film, step)
    marked = [
        (x, y, item.width)
        for item, x, y in drawn
        if isinstance(item, Rect) and item.fill == CURRENT and item.width == item.height
    ]
    return [
        item.text
        for item, x, y in drawn
        if isinstance(item, Text)
        and any(0 < x - left < w and 0 < y - top < 0.7 * w for left, top, w in marked)
    ]


def check_the_window(board, made, steps):
    """Check that the values under the marked cells are the samples that steps multiply."""
    for index in steps:
        step = board.steps[index]
        wanted = [*map(short, step.values.flatten().tolist()), short(step.total)]
        assert sorted(under_the_window(made, index)) == sorted(wanted)


@pytest.mark.parametrize("settings", [{}, {"stride": 2}, {"dilation": 2}, {"padding": 1}])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_the_window_is_drawn_over_the_cells_that_it_covers(dims, settings):
    """The values under the marked cells are the samples that the step multiplies."""
    board = of_array(summing(dims, (3, 2, 2)[-dims:], **settings), grid(*(5, 4, 3)[-dims:]))
    check_the_window(board, film(board), [0, len(board.steps) // 2, len(board.steps) - 1])


def test_padding_is_dashed_and_everything_is_inside():
    """Padding is told apart without colours, and nothing leaves the picture."""
    made = film(of_array(summing(3, padding=1), grid(2, 3, 3)))
    for item, x, y in shown(made, 0):
        if isinstance(item, Rect):
            assert bool(item.dash) == (item.fill == PADDING)
            assert 0 < x < x + item.width < made.width
            assert 0 < y < y + item.height < made.height
        else:
            before = {"start": 0, "middle": 0.5, "end": 1}[item.anchor]
            width = text_width(item.text, item.size, bold=item.bold)
            assert 0 < x - before * width < x + (1 - before) * width < made.width
            assert item.size < y < made.height


def test_a_picture_shows_the_same_as_the_film():
    """The middle of the window is filled with its colour, and the other cells are not."""
    made = film(of_array(summing(2), grid(3, 4)))
    first, second = frame(made, 0), frame(made, 1)
    (x, y), width = next(
        ((x, y), item.width)
        for item, x, y in shown(made, 0)
        if isinstance(item, Rect) and item.fill == CURRENT
    )
    inside = int(x + width * 0.1), int(y + width * 0.2)
    assert first.getpixel(inside) == (255, 217, 143)
    assert second.getpixel(inside) == (220, 235, 247)


def test_svg_stands_for_itself():
    """It parses, refers to nothing outside, has a name, and stands still where that is wanted."""
    text = svg(film(of_array(summing(2, stride=2, padding=1), grid(5, 5)), title=HOSTILE))
    root = ET.fromstring(text)  # noqa: S314  # our own
    identifiers = {element.get("id") for element in root.iter()}
    uses = list(root.iter(f"{SVG}use"))
    assert uses
    for use in uses:
        assert use.get("href").removeprefix("#") in identifiers
    assert "url(" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in text
    title = root.find(f"{SVG}title").text
    assert title.startswith("<script>alert('x')</script> & \"quotes\" ")
    assert not set(title) & set("\u202e\n\x07")
    assert "Output: 12 27 " in root.find(f"{SVG}desc").text
    assert "prefers-reduced-motion" in text


def test_svg_without_animation_shows_the_first_step():
    """Where CSS does not animate, exactly the first step is seen."""
    made = film(of_array(summing(1), grid(5)))
    root = ET.fromstring(svg(made))  # noqa: S314  # our own
    visible = set(re.findall(r"\.(\w+)\{visibility:visible\}", root.find(f"{SVG}style").text))
    seen = []
    for group in root.iterfind(f"{SVG}g"):
        names = group.get("class", "").split()
        if not names or not visible.isdisjoint(names):
            seen += [text.text for text in group.iter(f"{SVG}text")]
    assert sorted(seen) == sorted(text for text in texts(made, 0) if text != "×1")


def test_gif_has_the_frames_and_durations_that_are_stated(tmp_path):
    """One frame per step, each as long as asked for, the last one longer."""
    path = tmp_path / "window.gif"
    animate(of_array(summing(2), grid(4, 5)), path, seconds=0.25)
    with Image.open(path) as image:
        durations = []
        for index in range(image.n_frames):
            image.seek(index)
            durations.append(image.info["duration"])
        assert image.info["loop"] == 0
        assert image.convert("RGB").getpixel((3, 3)) == (255, 255, 255)
    assert durations == [250] * 5 + [2250]


def test_mp4_has_the_length_that_is_stated(tmp_path):
    """A video of even sizes that all players take, as long as its steps together."""
    path = tmp_path / "window.mp4"
    animate(of_array(summing(1), grid(5)), path, seconds=0.25)
    with av.open(path) as container:
        (stream,) = container.streams
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.width % 2 == stream.height % 2 == 0
        frames = [each.to_ndarray(format="rgb24") for each in container.decode(stream)]
        assert float(stream.duration * stream.time_base) == pytest.approx(2.8, abs=0.11)
    assert frames[0][:9, :9].min() >= 253
    assert (frames[0] != frames[-1]).any()


@pytest.mark.parametrize(
    ("layer", "values", "name", "error", "message"),
    [
        (summing(2), grid(20, 20), "a.svg", UsageError, "324 steps, one per element of the 18×18"),
        (summing(2, stride=60), grid(240, 240), "a.svg", UsageError, "240×240 is too large"),
        (summing(1, stride=30), grid(240), "a.svg", UsageError, "240 is too large for its numbers"),
        (summing(2), grid(5, 5), "a.avi", UsageError, "a.avi: unknown format of an animation"),
        (summing(2), grid(2, 2), "a.svg", LayerError, "the kernel spans 3×3"),
        (nn.Conv1d(3, 3, 1), grid(5), "a.svg", LayerError, "takes 3 channels, not 1"),
    ],
)
def test_what_cannot_be_shown_is_refused(layer, values, name, error, message, tmp_path):
    """Too many steps, too many cells, other names and layers that do not fit are said in words."""
    with pytest.raises(error, match=message):
        animate(of_array(layer, values), tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("seconds", [0, -1, 61, float("nan")])
def test_seconds_have_bounds(seconds, tmp_path):
    """A step takes neither no time nor minutes."""
    with pytest.raises(UsageError, match="seconds per step"):
        animate(of_array(summing(1), grid(5)), tmp_path / "a.svg", seconds=seconds)


def test_existing_files_stay(tmp_path):
    """Nothing is overwritten unasked."""
    path = tmp_path / "a.svg"
    path.write_text("mine")
    with pytest.raises(WriteError, match="already exists"):
        animate(of_array(summing(1), grid(5)), path)
    assert path.read_text() == "mine"
    animate(of_array(summing(1), grid(5)), path, overwrite=True)
    assert path.read_text().startswith("<svg")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_one_element_is_a_still(suffix, tmp_path):
    """A result of one element is a picture that does not move."""
    path = tmp_path / f"still{suffix}"
    animate(of_array(summing(2), grid(3, 3)), path)
    assert path.stat().st_size > 1000


SEEN = """seconds => {
    for (const animation of document.getAnimations()) {
        animation.pause();
        animation.currentTime = 1000 * seconds;
    }
    const shown = [...document.querySelectorAll("text")].filter(
        text => !text.closest("defs") && getComputedStyle(text).visibility === "visible");
    return [shown.map(text => text.textContent), document.getAnimations().length];
}"""


def test_a_browser_shows_the_steps_one_after_the_other(tmp_path):
    """In each step, exactly its texts are seen; with less motion, the first step stands still."""
    made = film(of_array(summing(1, padding=1), grid(4) + 1), seconds=0.5)
    path = tmp_path / "w.svg"
    path.write_text(svg(made))
    with chromium() as browser:
        page = browser.new_page()
        page.goto(path.as_uri())
        for index in range(made.steps):
            seen, moving = page.evaluate(SEEN, 0.5 * index + 0.25)
            assert moving
            assert sorted(seen) == sorted(text for text in texts(made, index) if text != "×1")
        page.emulate_media(reduced_motion="reduce")
        page.reload()
        seen, moving = page.evaluate(SEEN, 1)
        assert not moving
        assert sorted(seen) == sorted(text for text in texts(made, 0) if text != "×1")


def test_the_window_moves_through_slices_in_several_rows():
    """Slices that do not fit side by side stand in rows, and the sums of each are said to be so."""
    torch.manual_seed(3)
    board = of_array(nn.Conv3d(1, 1, 3, padding=1), grid(4, 4, 4))
    made = film(board)
    tops = {y for item, _, y in shown(made, 0) if getattr(item, "text", "").startswith("slice")}
    assert len(tops) > 1
    check_the_window(board, made, [0, 20, 40, 63])
    sums = board.steps[20].products.sum((0, 2, 3)).tolist()
    assert {"sums of 9 products:", *map(factor, sums)} <= set(texts(made, 20))


def test_a_long_sum_is_named():
    """Of products that are too many for the picture, the number is given."""
    written = texts(film(of_array(summing(2, 9), grid(10, 10) + 0.5)), 0)
    assert {"the sum of 81 products", "≈"} <= set(written)
    halves = texts(film(of_array(summing(2, 9), grid(10, 10) * 0 + 0.5)), 0)
    assert {"the sum of 81 products", "=", "40.5"} <= set(halves)
