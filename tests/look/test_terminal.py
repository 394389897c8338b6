"""What terminals are asked, and what is shown in them."""

import base64
import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from conftest import SAMPLES
from ptys import KITTY, LIGHT, MUTE, PLAIN, SIXEL, coloured, play
from rich.console import Console
from scipy import signal

from convtool.cli.previews import Previews
from convtool.kernels.frequency import magnitude
from convtool.look.terminal.heat_map import heat_map
from convtool.look.terminal.picture import picture
from convtool.look.terminal.preview import show
from convtool.look.terminal.probe import CELL_QUESTION, KITTY_QUESTION, LAST_QUESTION, questions
from convtool.look.terminal.response import response
from convtool.look.terminal.waveform import Trace, waveform, waveforms
from convtool.look.witness import Look
from convtool.media.registry import MEDIA
from convtool.outputs.job import Job
from convtool.run.filter import Filter
from convtool.run.pipeline import run
from convtool.run.state import Run

PICTURE = """
import sys
import numpy as np
from rich.console import Console
from convtool.look.terminal.picture import picture
pixels = np.arange(6, dtype=np.uint8).reshape(2, 3) * 50
picture(pixels, Console(file=sys.stderr))
"""
LEFT = "import select; print('left', select.select([sys.stdin], [], [], 0.05)[0])"
LEVELS = [[0, 50, 100], [150, 200, 250]]
ESCAPE = re.compile(rb"\x1b_.*?\x1b\\|\x1b\].*?\x1b\\|\x1b\[[\d;?]*[a-zA-Z]", re.DOTALL)


def plain(width=80):
    """Return a console that is no terminal, and what it has printed."""
    file = io.StringIO()
    return Console(file=file, width=width), file


def blocks(sent):
    """Return the greys of half blocks: those above, and those below, of each line."""
    found = [
        [(int(above), int(below)) for above, below in re.findall(rb"38;2;(\d+).*?48;2;(\d+)", line)]
        for line in sent.split(b"\n")
    ]
    return [line for line in found if line]


def test_pixels_become_half_blocks():
    """Two pixels stand in a character, above each other, in their own colours."""
    played = play("-c", PICTURE)
    lines = blocks(played.sent)
    factor = len(lines)  # each pixel is a square of so many half blocks
    assert (factor, len(lines[0])) == (18, 54)
    assert [lines[0][column * factor][0] for column in range(3)] == LEVELS[0]
    assert [lines[-1][column * factor][1] for column in range(3)] == LEVELS[1]
    assert b"enlarged 18 times" in played.sent
    assert (played.code, played.restored) == (0, True)


def test_kitty_is_sent_the_pixels():
    """A terminal that answers kitty's question gets a PNG of the image, without loss."""
    from PIL import Image  # noqa: PLC0415

    sent = play("-c", PICTURE + LEFT, answers=KITTY).sent
    messages = re.findall(rb"\x1b_G([^;\x1b]*);([^\x1b]*)\x1b\\", sent)[1:]
    assert messages[0][0].startswith(b"a=T,f=100,q=2,")
    png = base64.b64decode(b"".join(data for _, data in messages))
    shown = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
    side = shown.shape[0] // 2
    assert shown[side // 2 :: side, side // 2 :: side][:, :3].tolist() == LEVELS
    assert b"left []" in sent  # no answer is left to whoever reads next


def test_sixel_is_sent_where_it_is_stated():
    """Attribute 4 of a terminal stands for sixel."""
    sent = play("-c", PICTURE, answers=SIXEL).sent
    assert b"\x1bP0;0;0q" in sent
    assert b"\x1b_Ga=T" not in sent


def test_a_mute_terminal_is_not_waited_for():
    """A terminal that never answers costs a second, gets half blocks, and is left as it was."""
    timed = f"import time\n{PICTURE}\nprint('took', time.monotonic() - began)"
    timed = timed.replace("picture(pixels", "began = time.monotonic()\npicture(pixels")
    played = play("-c", timed, answers=MUTE)
    assert blocks(played.sent)
    assert (played.code, played.restored) == (0, True)
    assert 1 <= float(re.search(r"took ([\d.]+)", played.text)[1]) < 5


def test_what_is_typed_ahead_stays():
    """A line that was typed before the question is still there to be read, and nothing is asked."""
    code = f"{PICTURE}\nprint('got', repr(input()))"
    played = play("-c", code, typed=b"next command\n")
    assert b"got 'next command'" in played.sent
    assert LAST_QUESTION.encode() not in played.sent
    assert blocks(played.sent)


def test_a_process_in_the_background_asks_nothing():
    """A background process is not stopped by the terminal, as one is that changes its modes."""
    code = (
        "import os, sys\n"
        "child = os.fork()\n"
        "if child:\n"
        "    print('stopped', os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1]))\n"
        "    sys.exit()\n"
        f"os.setpgid(0, 0)\n{PICTURE}"
    )
    sent = play("-c", code).sent
    assert b"stopped False" in sent
    assert LAST_QUESTION.encode() not in sent


def test_colours_can_be_refused():
    """With NO_COLOR, shades tell how bright a place is; on light terminals full ones are dark."""
    first = {}
    for answers in (PLAIN, LIGHT):
        sent = play("-c", PICTURE, answers=answers, NO_COLOR="1").sent
        assert b"8;2;" not in sent
        lines = ESCAPE.sub(b"", sent).decode().splitlines()
        first[len(answers)] = [lines[1][column] for column in (0, 18, 36)]
    assert first == {1: [" ", " ", "░"], 2: ["█", "█", "▓"]}


def test_a_dumb_terminal_gets_nothing():
    """TERM=dumb takes no escape sequences, and no picture."""
    assert play("-c", PICTURE, TERM="dumb").sent == b""


def test_multiplexers_are_not_asked_about_kitty():
    """Multiplexers such as tmux would take the question for a title."""
    for environment in ({"TERM": "screen"}, {"TERM": "xterm", "TMUX": "x"}, {"STY": "1"}):
        assert questions(environment) == CELL_QUESTION + LAST_QUESTION
    assert questions({"TERM": "xterm-kitty"}).startswith(KITTY_QUESTION)


def test_files_get_no_pictures():
    """Nothing is written where the stream is no terminal."""
    console, file = plain()
    picture(np.zeros((2, 2), dtype=np.uint8), console)
    assert file.getvalue() == ""


@pytest.mark.parametrize("width", [60, 80, 200])
def test_peaks_stay(width):
    """One sample of a million is seen at its height and its time, whatever the width."""
    samples = np.zeros(1_000_000)
    samples[250_000] = 1.0
    console, file = plain(width)
    waveform(samples, 1000.0, console)
    top = file.getvalue().splitlines()[0]
    assert max(map(len, file.getvalue().splitlines())) < width
    lit = [place for place, mark in enumerate(top[7:]) if mark not in "⠀ "]
    columns = len(file.getvalue().splitlines()[-2]) - 7
    assert len(lit) == 1
    assert lit[0] / columns == pytest.approx(0.25, abs=1 / columns)


def test_traces_share_their_axes():
    """Before and after have one scale, so that a quieter result is drawn smaller."""
    loud, quiet = np.array([[1.0, -1.0] * 50]), np.array([[0.1, -0.1] * 50])
    console, file = plain()
    waveforms([Trace("input", loud, loud, 1.0), Trace("result", quiet, quiet, 1.0)], console)
    lines = file.getvalue().splitlines()
    assert "⣿" in lines[1]
    assert lines[7] == "result"
    assert set(lines[8][7:]) <= {"⠀"}
    assert lines[-1].endswith("1 s")


def test_silence_and_nothing_are_drawn():
    """Silence is a line, and an empty file an empty picture."""
    for samples in (np.zeros(10), np.zeros(0)):
        console, file = plain()
        waveform(samples, 8000.0, console)
        assert "└" in file.getvalue()


def test_heat_maps_have_signs_without_colours():
    """Signs stand beside shades where there are no colours."""
    console, file = plain()
    heat_map(np.array([[-2.0, 0.0, 1.0]]), console)
    assert file.getvalue().splitlines() == ["-2  0  1", "", "-█  +▒"]


def test_heat_maps_have_numbers_on_colours():
    """Weights stand in their cells: white at zero, blue below, red above."""
    code = (
        "import numpy as np\nfrom rich.console import Console\n"
        "from convtool.look.terminal.heat_map import heat_map\n"
        "heat_map(np.array([[-2.0, 0.0, 2.0]]), Console())"
    )
    sent = play("-c", code, answers=PLAIN).sent
    colours = re.findall(rb"48;2;(\d+);(\d+);(\d+)m +(\S+)", sent)
    assert [tuple(map(int, cell[:3])) for cell in colours] == [
        (33, 102, 172),
        (255, 255, 255),
        (178, 24, 43),
    ]
    assert [cell[3].split(b"\x1b")[0] for cell in colours] == [b"-2", b"0", b"2"]


def test_the_response_is_that_of_scipy():
    """The column of a frequency is as high as its gain, to an eighth of a line of 6 dB."""
    taps = np.array([0.25, 0.5, 0.25])
    console, file = plain()
    response(taps, 8000.0, console)
    caption, *lines = file.getvalue().splitlines()[:13]
    assert caption == "gain at 64 frequencies:"
    hertz = np.geomspace(20, 4000, 64)
    _, gains = signal.freqz(taps, worN=hertz, fs=8000)
    for column in (0, 40, 55):
        marks = "".join(line.ljust(80)[9 + column] for line in lines)
        heights = sum(" ▁▂▃▄▅▆▇█".index(mark) for mark in marks) / 8
        assert 6 * heights - 72 == pytest.approx(20 * np.log10(abs(gains[column])), abs=0.5)


def test_the_magnitude_is_that_of_the_fourier_transform():
    """At the frequencies of a Fourier transform, the response is its magnitude."""
    weights = np.random.default_rng(1).normal(size=(3, 4, 2))
    transform = np.abs(np.fft.fftshift(np.fft.fftn(weights, (8, 8, 8), axes=(0, 1, 2))))
    np.testing.assert_allclose(magnitude(weights, 9)[:8, :8, :8], transform, atol=1e-12)


def previewed(medium, source, target, **values):
    """Return what the preview of a job prints on a terminal with colours."""
    look, chosen = Look(), MEDIA[medium]
    shared = Run(Filter(chosen.options(values), chosen), witness=lambda _: look)
    job = Job(
        str(source), target.parent, target.stem, target.suffix, split=False, merged=str(target)
    )
    assert run(job, shared).error is None
    console, screen = coloured(80)
    show(look.views[0], console)
    return screen.getvalue()


def test_the_preview_of_an_image_is_the_file(tmp_path):
    """Side by side: the pixels of the input, and those that were written."""
    from PIL import Image  # noqa: PLC0415

    source, target = SAMPLES / "half-plane.png", tmp_path / "out.png"
    sent = previewed("image", source, target, kernel=("1 -1",))
    assert "input 6×7" in sent
    assert "1 -1 6×7" in sent
    shown = np.array(blocks(sent.encode()))  # rows, columns, above and below
    levels = shown.transpose(0, 2, 1).reshape(-1, shown.shape[1])[2::5, 2::5][:7]
    both = [np.asarray(Image.open(path).convert("L")) for path in (source, target)]
    assert levels.tolist() == np.concatenate(both, 1).tolist()


def test_the_preview_of_bands_says_how_many_they_are(tmp_path):
    """Bands that are no colours are shown one by one, before and after."""
    source = tmp_path / "x.tif"
    bands = np.zeros((5, 6, 8), np.uint8)
    tifffile.imwrite(source, bands, photometric="minisblack", planarconfig="separate")
    sent = previewed("image", source, tmp_path / "o.tif", kernel=("identity",))
    assert "input, 5 tiles of 8×6" in sent
    assert "identity, 5 tiles of 8×6" in sent


def test_a_preview_of_pages_says_that_it_is_the_first(capfd):
    """One page is shown, and a line says how many there are."""
    previews = Previews(1)
    view = SimpleNamespace(read=0, made=0)
    witness = SimpleNamespace(views=[view], parts=3)
    previews.take(SimpleNamespace(input="x.tif", witness=witness))
    previews.show()
    assert capfd.readouterr().err == "(the first of 3 pages)\n"


def test_raw_results_say_their_range(tmp_path):
    """Results beyond 0…1 are shown between their ends, which the title names."""
    target = tmp_path / "out.tif"
    sent = previewed(
        "image", SAMPLES / "half-plane.png", target, kernel=("-1 1",), normalize="none"
    )
    assert "(result: -1 black, 0 white; enlarged 5 times)" in sent


def test_the_preview_of_audio_is_its_envelope(tmp_path):
    """Waveforms before and after are drawn, each below its name."""
    sent = previewed("audio", SAMPLES / "melody.wav", tmp_path / "o.wav", kernel=("identity",))
    lines = sent.splitlines()
    assert lines[0] == "input"
    half = lines.index("identity")
    assert lines[1:half] == lines[half + 1 : 2 * half]
    assert lines[-1].endswith("2.25 s")


def test_the_preview_of_a_video_is_a_frame(tmp_path):
    """The frame in the middle of the result stands beside that of the input."""
    sent = previewed("video", SAMPLES / "clip.mp4", tmp_path / "o.mkv", kernel=("identity",))
    assert "input 160×120, frame 28" in sent
    assert "identity 160×120, frame 28" in sent


def test_a_preview_without_a_terminal_is_a_note(convtool, tmp_path):
    """Where nothing can be shown, a note says so; --quiet prints none."""
    call = ["image", SAMPLES / "checker.png", tmp_path / "o.png", "-k", "blur", "-f", "--preview"]
    assert convtool(*call).err.count("note: --preview has no effect: the output is no term") == 1
    assert convtool(*call, "--quiet").err == ""
    assert "--preview has no effect: --json" in convtool(*call, "--json").err


def test_previews_go_to_standard_error(tmp_path):
    """The result goes to standard output unharmed while its preview goes to the terminal."""
    code = (
        "import sys, os\n"
        f"os.dup2(os.open({str(tmp_path / 'o.png')!r}, os.O_WRONLY | os.O_CREAT), 1)\n"
        "sys.argv[0] = 'convtool'\nfrom convtool.__main__ import main\nmain()"
    )
    words = ["image", str(SAMPLES / "checker.png"), "-", "--format", "png", "-k", "blur"]
    played = play("-c", code, *words, "--preview", answers=KITTY)
    assert "\x1b_Ga=T" in played.text
    assert (tmp_path / "o.png").read_bytes().startswith(b"\x89PNG")
    assert (played.code, played.restored) == (0, True)
