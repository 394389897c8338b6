"""Plots: what they show is what the run read and wrote, in units, as texts that can be read."""

import json
import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import soundfile
import tifffile
import torch
from conftest import SAMPLES
from PIL import Image

from convtool.look.keepers import Frames, Slice
from convtool.look.plots import files

BLUE = (0x4D, 0x6A, 0x8A)  # of waveforms before the layer
SVG = "{http://www.w3.org/2000/svg}"


def texts(path):
    """Return the texts of an SVG, and its title."""
    root = ET.parse(path).getroot()  # noqa: S314  # our own file
    found = ["".join(node.itertext()).strip() for node in root.iter(f"{SVG}text")]
    return found, root.find(f"{SVG}title").text


def pixels(path):
    """Return the pixels of a PNG. Shape: (H, W, 3)"""
    return np.asarray(Image.open(path).convert("RGB"))


def coloured(picture, colour):
    """Return where a picture has a colour."""
    return np.abs(picture.astype(int) - colour).max(2) < 12


def picture_file(path, size=(64, 48), mode="RGB"):
    """Write a picture of random samples, and return them."""
    rng = np.random.default_rng(5)
    samples = rng.integers(0, 256, (size[1], size[0], len(mode)), dtype=np.uint8)
    Image.fromarray(samples.squeeze(), mode if mode != "L" else None).save(path)
    return samples


def contains(picture, part):
    """Return whether a picture contains another one, pixel by pixel."""
    height, width = part.shape[:2]
    view = np.lib.stride_tricks.sliding_window_view(picture[..., 0], (1, width))[:, :, 0]
    rows, columns = np.nonzero((view == part[0, :, 0]).all(2))
    return any(
        np.array_equal(picture[row : row + height, column : column + width], part)
        for row, column in zip(rows, columns, strict=True)
    )


def test_the_panels_of_an_image_are_its_pixels(convtool, tmp_path):
    """Input and result are enlarged by a whole factor, without blurring: each sample is there."""
    source, target, plot = (tmp_path / name for name in ("in.png", "out.png", "plot.png"))
    samples = picture_file(source)
    result = convtool("image", source, target, "-k", "sharpen", "--plot", plot)
    assert result.code == 0
    assert f"wrote {plot}" in result.err
    shown = pixels(plot)
    for wanted in (samples, pixels(target)):
        large = wanted.repeat(7, 0).repeat(7, 1)
        assert contains(shown, large[3:-3, 3:-3])  # the frame covers the outermost pixels


@pytest.mark.parametrize(("dpi", "width"), [(50, 360), (200, 1440)])
def test_dpi_decides_the_size(convtool, tmp_path, dpi, width):
    """A figure is 7.2 inches wide."""
    plot = tmp_path / "plot.png"
    command = ["image", SAMPLES / "half-plane.png", tmp_path / "out.png", "-k", "blur"]
    assert convtool(*command, "--plot", plot, "--dpi", dpi).code == 0
    assert Image.open(plot).size[0] == width


def test_a_plot_of_responses_says_what_black_and_white_are(convtool, tmp_path):
    """Titles name kernels and channels; the ends of the colour bar are responses."""
    plot = tmp_path / "plot.svg"
    source, target = SAMPLES / "chart.jpg", tmp_path / "out.png"
    result = convtool("image", source, target, "-k", "sobel-x", "--plot", plot)
    most = re.search(r"−([\d.]+) … \1 shown as black … white", result.err)[1]
    found, title = texts(plot)
    assert title == str(source)
    for wanted in ("input", "sobel-x", "sobel-x r", "sobel-x g", "sobel-x b", f"{most} white"):
        assert wanted in found
    assert f"−{most} black" in found
    assert any("512×384 → 512×384 pixels" in text for text in found)
    assert "reduced: each pixel shown is the mean of up to 1.8×1.8 samples" in found


def test_the_cells_of_small_images_have_the_numbers_of_the_files(convtool, tmp_path):
    """Every sample of input and result is written into its cell."""
    plot, target = tmp_path / "plot.svg", tmp_path / "out.png"
    source = SAMPLES / "half-plane.png"
    convtool("image", source, target, "-k", "1 -1", "--plot", plot)
    found, _ = texts(plot)
    for path in (source, target):
        samples, counts = np.unique(np.asarray(Image.open(path)), return_counts=True)
        for sample, count in zip(samples, counts, strict=True):
            assert found.count(str(sample)) >= count


def test_transparent_pixels_let_a_checkerboard_through(convtool, tmp_path):
    """Where an image is transparent, both shades of the board are seen, and not its colours."""
    source, plot = tmp_path / "in.png", tmp_path / "plot.png"
    samples = np.zeros((40, 40, 4), np.uint8)
    samples[:, :20] = 10, 200, 30, 255
    samples[:, 20:, :3] = 250, 0, 0
    Image.fromarray(samples).save(source)
    convtool("image", source, tmp_path / "out.png", "-k", "identity", "--plot", plot)
    shown = {tuple(each) for each in pixels(plot).reshape(-1, 3)}
    assert {(10, 200, 30), (214, 214, 214)} <= shown
    assert (250, 0, 0) not in shown


def test_deep_images_and_bands_are_drawn(convtool, tmp_path):
    """16 bits are shown by their share of white, floats beyond it by a bar, bands one by one."""
    deep, plot = tmp_path / "deep.png", tmp_path / "plot.png"
    samples = np.arange(24 * 24, dtype=np.uint16).reshape(24, 24) * 113
    Image.fromarray(samples).save(deep)
    convtool("image", deep, tmp_path / "out.png", "-k", "identity", "--plot", plot)
    grey = (samples / 65535 * 255).round().astype(np.uint8).repeat(19, 0).repeat(19, 1)
    assert contains(pixels(plot), np.repeat(grey[3:-3, 3:-3, None], 3, 2))
    bands, svg = tmp_path / "bands.tif", tmp_path / "plot.svg"
    floats = np.linspace(-2, 3, 5 * 20 * 20, dtype=np.float32).reshape(5, 20, 20)
    tifffile.imwrite(bands, floats, photometric="minisblack", planarconfig="separate")
    convtool("image", bands, tmp_path / "out.tif", "-k", "identity", "--plot", svg)
    found, _ = texts(svg)
    assert {"input 1", "input 5", "identity 1", "identity 5", "−3", "0", "3"} <= set(found)


def test_floats_at_the_ends_of_their_range_have_colours(convtool, tmp_path):
    """Colours do not overflow: between the extremes, zero is drawn as zero."""
    samples = np.zeros((8, 8), np.float32)
    samples[0, 0], samples[7, 7] = 3.4e38, -3.4e38
    tifffile.imwrite(tmp_path / "x.tif", samples)
    plot = tmp_path / "p.png"
    result = convtool("image", tmp_path / "x.tif", tmp_path / "o.tif", "-k", "1", "--plot", plot)
    assert result.code == 0
    assert coloured(pixels(plot), (0x05, 0x30, 0x61)).mean() < 0.02  # the map's blue end


def test_pages_are_counted(convtool, tmp_path):
    """The first pages are drawn, and a line says how many there are."""
    source, plot = tmp_path / "in.gif", tmp_path / "plot.svg"
    frames = [Image.new("L", (20, 20), shade) for shade in range(0, 220, 10)]
    frames[0].save(source, save_all=True, append_images=frames[1:], duration=100)
    convtool("image", source, tmp_path / "out.gif", "-k", "blur", "--plot", plot)
    found, _ = texts(plot)
    assert "page 8: input" in found
    assert "page 9: input" not in found
    assert f"the first 8 of {len(frames)} pages" in found


def test_pages_that_differ_say_their_sizes(convtool, tmp_path):
    """What is said of all pages is true of all; else each says it itself."""
    source, plot = tmp_path / "in.tif", tmp_path / "plot.svg"
    with tifffile.TiffWriter(source) as file:
        for size, kind in (((20, 30), np.uint8), ((25, 10), np.uint16)):
            file.write(np.zeros(size, kind), photometric="minisblack")
    convtool("image", source, tmp_path / "out.tif", "-k", "blur", "--plot", plot)
    found, _ = texts(plot)
    wanted = {"page 1 (30×20, uint8): input", "page 2 (10×25, uint16): input"}
    assert {*wanted, "pages of different sizes or samples"} <= set(found)


def test_ranges_that_differ_are_said_of_their_pages(convtool, tmp_path):
    """What is black and white on a page is said of that page alone."""
    source, plot = tmp_path / "in.tif", tmp_path / "plot.svg"
    noise = np.random.default_rng(2).integers(0, 255, (20, 20), dtype=np.uint8)
    with tifffile.TiffWriter(source) as file:
        for samples in (noise, noise[:15].astype(np.uint16)):
            file.write(samples, photometric="minisblack")
    convtool("image", source, tmp_path / "out.tif", "-k", "sobel-x", "--plot", plot)
    found, _ = texts(plot)
    of_pages = [text for text in found if text.startswith("output, page")]
    assert [text[:15] for text in of_pages] == ["output, page 1:", "output, page 2:"]


def test_a_click_in_ten_minutes_is_seen(convtool, tmp_path):
    """One sample among millions keeps its height in the waveform, at its second."""
    rate, seconds, where = 2000, 600, 450
    source, plot = tmp_path / "in.wav", tmp_path / "plot.png"
    samples = np.zeros(rate * seconds, np.float32)
    samples[rate * where] = 0.9
    soundfile.write(source, samples, rate, subtype="PCM_16")
    convtool("audio", source, tmp_path / "out.wav", "-k", "0 1 0", "--plot", plot)
    rows, columns = np.nonzero(coloured(pixels(plot), BLUE))
    top = columns[rows.argmin()]
    assert np.ptp(rows[columns == top]) > 45  # of the 64 pixels above zero
    share = (top - columns.min()) / np.ptp(columns)
    assert share == pytest.approx(where / seconds, abs=0.01)


def test_audio_is_labelled_in_seconds_and_hertz(convtool, tmp_path):
    """Both channels have titles before and after, with peaks, and ticks have units."""
    plot = tmp_path / "plot.svg"
    kernel = ("-k", "lowpass:cutoff=500")
    convtool("audio", SAMPLES / "melody.wav", tmp_path / "out.wav", *kernel, "--plot", plot)
    found, _ = texts(plot)
    for path, before in ((SAMPLES / "melody.wav", True), (tmp_path / "out.wav", False)):
        peaks = np.abs(soundfile.read(path)[0]).max(0)
        for name, peak in zip(("left", "right"), peaks, strict=True):
            title = f"before · {name}" if before else f"after · lowpass-cutoff=500 · {name}"
            assert f"{title}, peak {peak:.3g}" in found
    assert {"1 s", "100 Hz", "1 kHz"} <= set(found)
    assert any(text.endswith("dB or less") for text in found)


def test_times_have_the_unit_that_suits_them(convtool, tmp_path):
    """The axis of a sample at 8 kHz goes to 125 µs, and nothing is written as a power of ten."""
    source, plot = tmp_path / "in.wav", tmp_path / "plot.svg"
    soundfile.write(source, np.array([0.5]), 8000)
    convtool("audio", source, tmp_path / "out.wav", "-k", "1", "--plot", plot)
    found, _ = texts(plot)
    assert {"0 µs", "125 µs"} <= set(found)
    assert any(text.startswith("125 µs → 125 µs, 8000 Hz") for text in found)
    assert not any("e-" in text for text in found)


def test_a_long_layer_goes_on_in_the_next_line(convtool, tmp_path):
    """The line of PyTorch is broken between words; nothing is left out of it."""
    clip, plot = SAMPLES / "clip.mp4", tmp_path / "plot.svg"
    options = ("-k", "sobel-t", "--dilation", "2", "--plot", plot)
    convtool("video", clip, tmp_path / "out.mp4", *options)
    found, _ = texts(plot)
    assert "padding=same" in " ".join(found)
    assert not any("…ding" in text for text in found)


def test_full_scale_is_marked(convtool, tmp_path):
    """Samples at full scale have a red mark, and a line says what it means."""
    source = tmp_path / "in.wav"
    soundfile.write(source, np.full(500, 0.7), 8000, subtype="PCM_16")
    for kernel, marked in (("2", True), ("1", False)):
        plot = tmp_path / f"{kernel}.svg"
        convtool("audio", source, tmp_path / f"{kernel}.wav", "-k", kernel, "--plot", plot)
        assert any("full scale or beyond" in text for text in texts(plot)[0]) == marked


@pytest.mark.parametrize("count", [1, 700])
def test_silence_and_single_samples_are_drawn(convtool, tmp_path, count):
    """Audio without any sound, or of one sample, has a plot as any other."""
    source, plot = tmp_path / "in.wav", tmp_path / "plot.png"
    soundfile.write(source, np.zeros(count), 8000, subtype="PCM_16")
    kernel = ("-k", "0.5 0.5")
    assert convtool("audio", source, tmp_path / "out.wav", *kernel, "--plot", plot).code == 0
    assert plot.exists()


def test_frames_are_shown_at_the_same_times(convtool, tmp_path):
    """Frames before and after have the same times, whatever the stride."""
    plot = tmp_path / "plot.svg"
    options = ("-k", "blur", "--stride", "2,1,1", "--plot", plot)
    result = convtool("video", SAMPLES / "clip.mp4", tmp_path / "out.mkv", *options)
    assert result.code == 0, result.err
    found, _ = texts(plot)
    times = [text.split(", ")[-1] for text in found if re.fullmatch(r"(\w+, )?[\d.]+ s", text)]
    first = times.index("0 s")
    assert times[first : first + 4] == times[first + 4 : first + 8]
    assert "input: row 60 of each frame, over time" in found


def test_frames_in_a_slice_have_their_own_durations(convtool, tmp_path):
    """The frames of a GIF of 0.2, 0.2, 0.1 and 0.4 s have these shares of a slice; so the last."""
    source, plot = tmp_path / "in.gif", tmp_path / "plot.png"
    frames = [Image.new("L", (20, 20), 60 * n) for n in range(1, 5)]
    durations = [200, 200, 100, 400]
    frames[0].save(source, save_all=True, append_images=frames[1:], duration=durations)
    options = ("-k", "1", "--plot", plot)
    assert convtool("video", source, tmp_path / "out.gif", *options).code == 0
    counts = np.stack([(pixels(plot)[..., 0] == 60 * n).sum(1) for n in range(1, 5)], 1)
    slices = counts[(counts > 50).all(1)]  # in rows of frames, gaps of the page part the shades
    shares = slices[-1] / slices[-1].sum()
    assert shares == pytest.approx(np.array(durations) / 900, abs=0.01)


def test_frames_and_rows_are_evenly_spread_however_many_there_are():
    """Their number need not be known: of 1000 frames, at least 8 are kept, and the last one."""
    frames, rows = Frames(8, 4), Slice(1, 8)
    for start in range(0, 1000, 100):
        numbers = torch.arange(start, start + 100.0)
        block = numbers[None, :, None, None].expand(1, 100, 2, 3)
        frames.take(block, start)
        rows.take(block, start)
    *spread, last = frames.positions
    assert len(spread) >= 8
    assert len(set(np.diff(spread))) == 1
    assert last == 999
    assert frames.samples[0, :, 0, 0].tolist() == frames.positions
    assert rows.samples[0, :, 0].tolist() == list(range(0, 1000, rows.every))


def test_names_are_text(convtool, tmp_path):
    """Mathematics, markup, line ends and foreign scripts in names are shown as they are."""
    source, plot = tmp_path / "$x_2$ <b>&amp;\n漢 \u202e\U0001f600.png", tmp_path / "plot.svg"
    picture_file(source, (4, 4))
    result = convtool("image", source, tmp_path / "out.png", "-k", "blur", "--plot", plot)
    assert result.code == 0, result.err
    _, title = texts(plot)
    assert title.endswith("$x_2$ <b>&amp;\\n漢 \\u202e\U0001f600.png")
    png = tmp_path / "plot.png"
    result = convtool("image", source, tmp_path / "2.png", "-k", "blur", "--plot", png)
    assert result.code == 0, result.err
    assert "Glyph" not in result.err


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_a_figure_has_the_same_bytes_whenever_it_is_drawn(convtool, tmp_path, suffix):
    """There are no dates and no chance in a plot."""
    found = set()
    for index in range(2):
        plot = tmp_path / f"{index}.{suffix}"
        target = tmp_path / f"out{index}.png"
        convtool("image", SAMPLES / "cross.png", target, "-k", "blur", "--plot", plot)
        found.add(plot.read_bytes())
    assert len(found) == 1


def test_a_batch_has_a_plot_for_each_input(convtool, tmp_path):
    """{stem} and {index} name plots; a field in a name is not filled in again."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a", "{index}"):
        picture_file(folder / f"{name}.png", (8, 8))
    template = tmp_path / "plots" / "{index}-{stem}.png"
    single = convtool("image", folder / "a.png", tmp_path / "b.png", "-k", "1", "--plot", template)
    assert f"wrote {tmp_path / 'plots' / '1-a.png'}" in single.err
    (tmp_path / "plots" / "1-a.png").unlink()
    result = convtool("image", folder, tmp_path / "out/", "-k", "blur", "--plot", template)
    assert result.code == 0, result.err
    names = sorted(path.name for path in (tmp_path / "plots").iterdir())
    assert names in (["1-a.png", "2-{index}.png"], ["1-{index}.png", "2-a.png"])


def test_inputs_whose_drawings_are_missing_are_not_skipped(convtool, tmp_path):
    """A run that is continued draws what an interrupted one did not come to."""
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        picture_file(tmp_path / "in" / f"{name}.png", (8, 8))
    words = ["image", tmp_path / "in", tmp_path / "out/", "-k", "blur", "--skip-existing", "--json"]
    drawn = ["--plot", tmp_path / "{stem}-plot.png", "--report", tmp_path / "all.html"]

    def statuses(*options):
        result = convtool(*words, *options)
        assert result.code == 0, result.err
        return [json.loads(line)["status"] for line in result.out.splitlines()]

    assert statuses() == ["done", "done"]
    assert statuses(*drawn[:2]) == ["done", "done"]
    (tmp_path / "a-plot.png").unlink()
    assert statuses(*drawn[:2]) == ["done", "skipped"]
    assert statuses(*drawn, "--overwrite") == ["done", "done"]
    assert statuses(*drawn, "--overwrite") == ["skipped", "skipped"]


@pytest.mark.parametrize(
    ("plot", "words"),
    [
        ("plot.jpg", "plots are PNG, SVG or PDF"),
        ("plot", "has no suffix"),
        ("in.png", "is an input itself"),
        ("out.png", "is named as OUTPUT and by --plot"),
        ("there.png", "already exists"),
        ("{name}.png", "has no field {name}"),
    ],
)
def test_wrong_names_are_refused_before_any_work(convtool, tmp_path, plot, words):
    """Nothing is written where a plot cannot be."""
    picture_file(tmp_path / "in.png", (8, 8))
    (tmp_path / "there.png").write_bytes(b"mine")
    command = ["image", tmp_path / "in.png", tmp_path / "out.png", "-k", "blur"]
    overwrite = ["--overwrite"] if plot == "in.png" else []
    result = convtool(*command, "--plot", tmp_path / plot, *overwrite)
    assert result.code in (1, 2)
    assert words in result.err
    assert not (tmp_path / "out.png").exists()
    assert (tmp_path / "there.png").read_bytes() == b"mine"


@pytest.mark.parametrize("flag", ["--plot", "--report"])
def test_what_is_drawn_does_not_go_to_standard_output(convtool, tmp_path, flag):
    """A pipe is for the result."""
    target = tmp_path / "out.png"
    result = convtool("image", SAMPLES / "cross.png", target, "-k", "blur", flag, "-")
    assert result.code == 2
    assert f"{flag} writes a file, not standard output" in result.err
    assert not target.exists()


def test_a_plot_that_cannot_be_drawn_costs_its_input_only(convtool, tmp_path, monkeypatch):
    """The others are drawn; what failed is told with the name of its input."""
    for name in ("a", "b"):
        picture_file(tmp_path / f"{name}.png", (8, 8))
    inputs, plots = (tmp_path / "a.png", tmp_path / "b.png"), tmp_path / "plots" / "{stem}.png"
    command = ["image", *inputs, tmp_path / "out/", "-k", "blur", "--plot", plots]
    drawn = files.write

    def write(page, file, suffix):
        if page.title.endswith("a.png"):
            raise KeyError("x")
        drawn(page, file, suffix)

    monkeypatch.setattr(files, "write", write)
    result = convtool(*command)
    assert result.code == 1
    assert re.search(r"a\.png: internal error \(KeyError: 'x'\)", result.err)
    assert f"wrote {tmp_path / 'plots' / 'b.png'}" in result.err
    assert sorted(path.name for path in (tmp_path / "plots").glob("*.png")) == ["b.png"]


def test_json_and_dry_runs_list_plots(convtool, tmp_path):
    """A plot is among the outputs, and among those that a dry run would write."""
    plot, target = tmp_path / "plot.pdf", tmp_path / "out.png"
    command = ["image", SAMPLES / "cross.png", target, "-k", "blur", "--plot", plot, "--json"]
    for more in (["--dry-run"], []):
        assert json.loads(convtool(*command, *more).out)["outputs"] == [str(target), str(plot)]


def test_several_inputs_need_a_template(convtool, tmp_path):
    """One plot cannot show two inputs; the hint names a template."""
    for name in ("a", "b"):
        picture_file(tmp_path / f"{name}.png", (8, 8))
    inputs = tmp_path / "a.png", tmp_path / "b.png"
    result = convtool("image", *inputs, tmp_path / "out/", "-k", "blur", "--plot", "p.svg")
    assert result.code == 2
    assert "p.svg names one file, and there are 2 inputs" in result.err
    assert "p-{stem}.svg" in result.err


def test_matplotlib_is_imported_for_plots_only():
    """A run without --plot imports neither matplotlib nor librosa."""
    code = (
        "import sys; from convtool.cli.app import run; "
        f"run(['image', {str(SAMPLES / 'cross.png')!r}, '-', '--format', 'png', '-k', 'blur', "
        "'--dry-run']); "
        "import convtool.look.showing; "
        "assert not {'matplotlib', 'librosa'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_kernels_are_plotted_with_their_weights(convtool, tmp_path):
    """A heat map has the numbers of the grid; the figure names the unit of the response."""
    plot = tmp_path / "plot.svg"
    result = convtool("kernels", "show", "sobel", "--plot", plot)
    assert result.code == 0, result.err
    found, title = texts(plot)
    assert title == "sobel"
    assert found.count("−2") >= 2
    assert {"sobel-x", "sobel-y", "gain, cycles per pixel"} <= set(found)


def test_video_kernels_have_a_gain_over_time(convtool, tmp_path):
    """A kernel of several frames has a panel of cycles per frame; one of one frame has none."""
    plot, title = tmp_path / "plot.svg", "gain over time, cycles per frame"
    assert convtool("kernels", "show", "temporal-blur", "--plot", plot).code == 0
    found, _ = texts(plot)
    assert found.count(title) == 1
    assert {"0", "¼", "½", "1"} <= set(found)
    words = ("kernels", "show", "blur", "--dims", "3", "--plot", plot, "-f")
    assert convtool(*words).code == 0
    assert title not in texts(plot)[0]


def test_a_single_tap_has_one_tick(convtool, tmp_path):
    """Taps are counted in whole numbers, and a gain that is level is not drawn on the frame."""
    plot = tmp_path / "plot.svg"
    assert convtool("kernels", "show", "mid-side", "--plot", plot).code == 0
    found, _ = texts(plot)
    assert {text for text in found if text.startswith("tap")} == {"tap 0"}
    assert "0 dB" in found


def test_audio_kernels_are_plotted_over_hertz(convtool, tmp_path):
    """The response has decibels and hertz, up to half the rate."""
    plot = tmp_path / "plot.svg"
    command = ["kernels", "show", "0.5 0.5", "--dims", "1", "--rate", "8000", "--plot", plot]
    assert convtool(*command).code == 0
    found, _ = texts(plot)
    assert {"0 dB", "100 Hz", "1 kHz", "tap 0"} <= set(found)
    assert "already exists" in convtool(*command).err
