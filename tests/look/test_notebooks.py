"""What notebooks show: kernels, banks and layers as heat maps with numbers, runs as pages."""

import io
import re
import subprocess
import sys
import tempfile
from html.parser import HTMLParser

import nbformat
import numpy as np
import pytest
import torch
from browsers import chromium
from conftest import ROOT, SAMPLES
from matplotlib.figure import Figure
from PIL import Image

import convtool as tool
from convtool.kernels.heat import colours, is_dark
from convtool.kernels.kernel import Bank, Kernel
from convtool.kernels.resolve import resolve
from convtool.layers.build import build
from convtool.media.registry import MEDIA


def layer(in_channels=3, **options):
    """Return a layer of random weights."""
    parsed = MEDIA["image"].options({"seed": 1, **options})
    return build(
        [],
        dims=2,
        in_channels=in_channels,
        random_channels=4,
        padding_mode="zeros",
        kernel=parsed.kernel,
        layer=parsed.layer,
    )


def numbers(html):
    """Return the numbers in the cells of all tables, at full precision."""
    return [float(text) for text in re.findall(r'<td [^>]* title="([^"]+)"', html)]


def test_a_kernel_is_a_table_of_its_weights():
    """A kernel is shown with every weight, its sum and what it can give."""
    html = resolve("sobel-x", 2).kernels[0]._repr_html_()
    assert numbers(html) == [-1, 0, 1, -2, 0, 2, -1, 0, 1]
    assert "sum 0" in html
    assert "results −4 … 4 for inputs in 0…1" in html


def test_a_sum_of_zero_is_shown_as_zero():
    """What rounding leaves of a sum of zero is not shown."""
    kernel = resolve("gabor:wavelength=12,sigma=6,angle=30", 2).kernels[0]
    assert 0 < abs(kernel.total) < 1e-12
    assert " sum 0 " in kernel._repr_html_()


def test_planes_of_a_kernel_are_named():
    """The planes of a 3-D kernel are tables with their time."""
    html = resolve("laplacian-3d", 3).kernels[0]._repr_html_()
    assert re.findall(r"<caption [^>]*>([^<]*)", html) == ["time 0", "time 1", "time 2"]
    assert len(numbers(html)) == 27


def test_outputs_and_inputs_are_named():
    """The range of a kernel with channel axes is that of its outputs."""
    html = resolve("mid-side", 1).kernels[0]._repr_html_()
    assert "output 1, input 0" in html
    assert "sum 0 … 1" in html
    assert "results −1 … 1 for inputs in −1…1" in html


def test_a_large_kernel_is_a_picture():
    """A kernel of many taps is a heat map within the page, which says so."""
    html = resolve("gaussian:sigma=4", 2).kernels[0]._repr_html_()
    assert not numbers(html)
    assert 'src="data:image/png;base64,' in html
    assert "heat map of 33×33 taps, without numbers" in html


@pytest.mark.parametrize("count", [5000, 1_000_003])
def test_a_very_long_kernel_is_a_small_picture(count):
    """The picture of a very long kernel shows the strongest tap of each group, and says so."""
    taps = np.zeros(count)
    taps[count // 2] = -1
    kernel = Kernel("long", 1, taps)
    image = np.array(Image.open(io.BytesIO(kernel._repr_png_())))
    assert image.shape[1] <= 574
    assert (image == [33, 102, 172]).all(2).any()
    assert "the strongest is shown" in kernel._repr_html_()


def test_a_bank_shows_its_kernels():
    """A bank is shown with all of its kernels and how they are combined."""
    html = resolve("sobel", 2)._repr_html_()
    assert "combined by magnitude" in html
    assert len(numbers(html)) == 18


def test_a_layer_shows_its_weights():
    """A layer is shown as PyTorch writes it, with every weight it has."""
    shown = layer()
    html = shown._repr_html_()
    assert "Conv2d(3, 4, kernel_size=(3, 3)" in html
    assert "112 parameters" in html
    assert numbers(html) == pytest.approx(shown.conv.weight.flatten().tolist())


def test_what_is_left_out_is_said():
    """Of a layer with many planes the first are shown, and the others counted."""
    html = layer(in_channels=16, out_channels=8)._repr_html_()
    assert html.count("<table") == 64
    assert "and 64 more" in html


@pytest.mark.parametrize("shown", ["kernel", "bank", "layer"])
def test_a_picture_for_print(shown):
    """The pictures are PNG."""
    bank = resolve("sobel", 2)
    data = {"kernel": bank.kernels[0], "bank": bank, "layer": layer()}[shown]._repr_png_()
    assert Image.open(io.BytesIO(data)).format == "PNG"


def test_names_are_text():
    """Names and notes of kernels are escaped."""
    evil = "<script>alert(1)</script>\"'&"
    kernel = Kernel(evil, 2, np.ones((1, 1)), notes=(evil,))
    for html in (kernel._repr_html_(), Bank(evil, (kernel, kernel))._repr_html_()):
        assert "<script" not in html
        assert "&lt;script&gt;" in html


@pytest.mark.parametrize("share", np.linspace(-1, 1, 21))
def test_numbers_can_be_read_on_their_colour(share):
    """The contrast of a number with its cell is at least 4.5, as WCAG asks."""
    (((red, green, blue),),) = colours(np.array([[share]]), 1.0)
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (red / 255, green / 255, blue / 255)
    ]
    luminance = float(np.dot((0.2126, 0.7152, 0.0722), linear))
    ink = 1.0 if is_dark(np.array([red, green, blue])) else 0.0
    light, dark = max(ink, luminance), min(ink, luminance)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_kernels_are_loaded_without_pillow():
    """Kernels that nobody shows as pictures need no Pillow."""
    code = (
        "import sys; from convtool.kernels.resolve import resolve; "
        "resolve('sobel', 2)._repr_html_(); print('PIL' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stdout == b"False\n"


def framed(exhibit):
    """Return the attributes of the frame that an exhibit is shown in."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))
    parser.feed(exhibit._repr_html_())
    ((tag, attributes),) = found
    assert tag == "iframe"
    return attributes


@pytest.mark.parametrize(
    ("shape", "kernel", "options"),
    [
        ((1, 1, 40), "1 2 3", {"stride": 2, "rate": 8000}),
        ((1, 3, 9, 8), "sobel-x", {"padding_mode": "reflect"}),
        ((2, 3, 9, 8), (), {"seed": 3, "dilation": 2}),
        ((1, 2, 5, 6, 7), "laplacian-3d", {}),
    ],
)
def test_a_tensor_is_shown_as_it_is_filtered(shape, kernel, options):
    """What is shown of a tensor are the responses that `apply` gives, those of its first sample."""
    tensor = torch.rand(shape)
    view = tool.show(tensor, kernel, **options).shown.view
    expected = tool.apply(tensor, kernel, **options)[0]
    torch.testing.assert_close(view.stored, expected.double(), rtol=0, atol=1e-5)


def test_integers_of_a_tensor_are_scaled():
    """Integers are shown in the range that `apply` takes them in."""
    tensor = torch.randint(0, 256, (1, 1, 6, 5), dtype=torch.uint8)
    view = tool.show(tensor, "1 2; 3 4").shown.view
    expected = tool.apply(tensor, "1 2; 3 4")[0]
    torch.testing.assert_close(view.stored, expected.double(), rtol=0, atol=1e-5)


def test_a_file_is_shown_as_it_is_stored(tmp_path, convtool):
    """What is shown of a file are the samples that the command writes."""
    out = tmp_path / "out.png"
    assert convtool("image", SAMPLES / "checker.png", out, "-k", "sobel-x", "--stride", 2).code == 0
    view = tool.show(SAMPLES / "checker.png", "sobel-x", stride=2).shown.view
    assert np.array_equal(view.stored[0].numpy(), np.array(Image.open(out)))


def test_nothing_is_written(tmp_path, monkeypatch):
    """Showing writes no file, and a file that is there already is no obstacle."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out.png").touch()
    exhibit = tool.show(SAMPLES / "checker.png", "blur")
    exhibit.page()
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]
    assert (tmp_path / "out.png").stat().st_size == 0


def test_a_page_is_shown_in_a_frame():
    """The page is an attribute of a frame, so that its styles and scripts stay in there."""
    exhibit = tool.show(torch.ones(1, 1, 4, 4), "1 2")
    frame = framed(exhibit)
    assert frame["srcdoc"] == exhibit.page()
    assert frame["title"] == "What a layer did: tensor (1, 1, 4, 4)"


def test_hostile_names_stay_in_the_frame(tmp_path):
    """A name that is markup is text, outside of the frame and inside."""
    name = "<script>alert(1)<!-- \"'&.png"
    path = tmp_path / name.replace("/", "")
    path.write_bytes((SAMPLES / "checker.png").read_bytes())
    exhibit = tool.show(path, "blur")
    frame = framed(exhibit)
    assert name in frame["title"]
    assert "<script>alert" not in frame["srcdoc"]


def test_what_is_assumed_of_a_tensor_is_said():
    """The name of a tensor says what is assumed of it, and its page has no command."""
    exhibit = tool.show(torch.ones(3, 1, 6), "1 2")
    assert exhibit.shown.name == "the first of tensor (3, 1, 6), at 1 sample per second"
    assert "On the command line" not in exhibit.page()
    assert "On the command line" in tool.show(SAMPLES / "cross.png", "1 2").page()


def test_random_weights_can_be_repeated():
    """Without a seed, one is chosen, which the page names."""
    seed = tool.show(torch.ones(1, 1, 4, 4)).shown.options.kernel.seed
    assert seed is not None
    first, second = (tool.show(torch.ones(1, 1, 4, 4), seed=seed).shown.view for _ in range(2))
    assert torch.equal(first.stored, second.stored)


def test_a_plot_is_a_figure_that_a_cell_can_end_in():
    """`plot` returns a figure of matplotlib, which a notebook shows as PNG."""
    figure = tool.show(torch.rand(1, 1, 4, 4), "1 2").plot(dpi=50)
    assert isinstance(figure, Figure)
    assert Image.open(io.BytesIO(figure._repr_png_())).format == "PNG"


@pytest.mark.parametrize(
    ("source", "kernel", "error"),
    [
        ("no-such.png", "blur", tool.ReadError),
        (torch.ones(1, 1, 4, 4), "no-such", tool.KernelError),
        (torch.ones(3, 4, 4), "blur", tool.UsageError),
        (torch.full((1, 1, 4, 4), torch.nan), "blur", tool.UsageError),
        ([[1, 2]], "blur", tool.UsageError),
    ],
)
def test_errors_are_those_of_apply(source, kernel, error):
    """What cannot be shown is refused with an error of the tool."""
    with pytest.raises(error):
        tool.show(source, kernel)


def test_a_frame_works_in_a_browser(tmp_path):
    """The script of a page runs within the frame of a notebook, without an error."""
    exhibit = tool.show(torch.arange(25.0).reshape(1, 1, 5, 5), "1 2; 3 4")
    place = tmp_path / "notebook.html"
    place.write_text(f"<meta charset=utf-8>{exhibit._repr_html_()}")
    with chromium() as browser:
        page, faults = browser.new_page(), []
        page.on("console", lambda told: faults.append(told.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(place.as_uri())
        page.frames[1].wait_for_selector("html[data-ready]", timeout=20_000)
    assert faults == []


def test_the_package_is_imported_without_what_pages_need():
    """`import convtool` imports neither torch nor what draws."""
    code = "import convtool, sys; print({'torch', 'jinja2', 'matplotlib'} & sys.modules.keys())"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stdout == b"set()\n"


NOTEBOOK = ROOT / "docs" / "lessons.ipynb"


def test_the_notebook_holds_no_outputs():
    """The notebook is kept without outputs, so that changes of it can be read."""
    cells = [cell for cell in nbformat.read(NOTEBOOK, 4).cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)


@pytest.fixture(scope="module")
def lessons():
    """Run the notebook, and return its cells of code; pages are shown without a browser.

    Its kernel is reached by sockets of the file system: over TCP, others could read along, and
    ipykernel warns of that.
    """
    client = pytest.importorskip("nbclient", reason="nbclient is not installed")
    jupyter_client = pytest.importorskip("jupyter_client", reason="no Jupyter kernels")
    if "python3" not in jupyter_client.kernelspec.find_kernel_specs():
        pytest.skip("no Jupyter kernel 'python3': ipykernel is not installed")
    config = pytest.importorskip("traitlets.config")
    notebook = nbformat.read(NOTEBOOK, 4)
    place = {"metadata": {"path": NOTEBOOK.parent}}
    with tempfile.TemporaryDirectory() as folder:  # its name is short, as those of sockets must be
        client.NotebookClient(
            notebook,
            timeout=60,
            resources=place,
            config=config.Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}}),
        ).execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell):
    """Return what a cell shows, by its kind."""
    return next(out.data for out in cell.outputs if out.output_type == "execute_result")


def test_the_notebook_runs(lessons):
    """Every cell of the notebook runs, its own assertions included."""
    assert all(cell.execution_count for cell in lessons)


def test_the_notebook_shows_pages_and_figures(lessons):
    """Cells that end in `show` or in a plot show it, without a further call."""
    ends = [shown(cell) for cell in lessons if cell.source.startswith("convtool.show")]
    kinds = ["text/html" if "text/html" in data else "image/png" for data in ends]
    assert kinds == ["text/html", "image/png", "text/html"]
    assert all(kind in data for kind, data in zip(kinds, ends, strict=True))


def test_the_notebook_shows_kernels_and_layers(lessons):
    """Cells that end in a kernel or a layer show it, without a further call."""
    ends = [
        cell
        for cell in lessons
        if re.search(r"^(convtool\.resolve.*|layer)\Z", cell.source, re.MULTILINE)
    ]
    assert len(ends) == 4
    for cell in ends:
        assert {"text/html", "image/png"} <= shown(cell).keys()
