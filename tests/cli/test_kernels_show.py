"""`convtool kernels show`: plain and stable in a pipe, heat maps and pictures in a terminal."""

import re

import pytest
from ptys import KITTY, coloured, play

from convtool.kernels.loader import Request
from convtool.kernels.spec import parse
from convtool.look.terminal.kernels import draw

SOBEL = """\
sobel-x  3×3
sum        0
range      -4 … 4 for inputs in 0…1
separable  yes
normalize  centred

-1  0  1
-2  0  2
-1  0  1

-▒  +▒
-█  +█
-▒  +▒

magnitude at 17×17 frequencies, 0 (dark) to 8 (bright):
middle: constant areas; edges: stripes of one pixel
"""


def test_piped_output_is_plain(convtool):
    """In a pipe all is text without colours, the same on every machine."""
    out = convtool("kernels", "show", "sobel-x").out
    assert out.startswith(SOBEL)
    assert "\x1b" not in out
    picture = out[len(SOBEL) :].splitlines()
    assert len(picture) == 17 + 2
    assert {len(line) for line in picture} == {2 * 17 + 2}
    assert picture[9] == "│  ▒▒▓▓██████▓▓▒▒  ▒▒▓▓██████▓▓▒▒  │"  # 8·|sin 2πx|


def test_piped_numbers_are_whole(convtool):
    """A wide grid is neither folded nor cut in a pipe."""
    lines = convtool("kernels", "show", "gaussian").out.splitlines()
    numbers = lines[6:15]
    assert [len(line.split()) for line in numbers] == [9] * 9
    assert "…" not in "".join(numbers)


@pytest.mark.parametrize(
    ("kernel", "shown"),
    [
        ("lowpass:cutoff=1000", "+0 dB │████████"),
        ("mid-side", "output 1, input 1\n-0.5\n"),
        (
            "temporal-difference",
            "magnitude over time, of what changes as a whole, 0 to 2",
        ),
        ("laplacian-3d", "of pictures that stand still:\nmagnitude at 17×17 frequencies"),
        ("kirsch", "kirsch: a bank of 8, combined by max"),
        ("gabor:phase=90", "sum        0\n"),
        ("0 0; 0 0", "0 (dark) to 0 (bright)"),
    ],
)
def test_every_kind_of_kernel_is_shown(convtool, kernel, shown):
    """1-D, 2-D and 3-D kernels, banks and mixtures have what concerns them."""
    assert shown in convtool("kernels", "show", kernel).out


def test_planes_share_one_scale(convtool):
    """A weight of 1 beside one of -6 is faint, also in a plane of its own."""
    out = convtool("kernels", "show", "laplacian-3d").out
    assert "time 0\n0  0  0\n0  1  0\n0  0  0\n\n\n  +░\n" in out


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("kernel", ["gaussian", "laplacian-3d", "lowpass:cutoff=1000"])
def test_a_terminal_gets_colours_within_its_width(kernel, columns):
    """No line is wider than the terminal, and rounded numbers say so."""
    spec = parse(kernel)
    dims = 3 if kernel.endswith("3d") else 1 if ":" in kernel else 2
    console, screen = coloured(columns)
    draw(spec.load(Request(dims, rate=44100)), 44100 if dims == 1 else None, console)
    visible = re.sub(r"\x1b\[[\d;]*m", "", screen.getvalue())
    assert max(map(len, visible.splitlines())) < columns
    assert ("rounded" in visible) == (kernel == "gaussian" and columns < 100)
    assert "48;2;" in screen.getvalue()


def test_a_terminal_with_pixels_gets_them():
    """The response is a picture of 65×65 frequencies."""
    sent = play("-m", "convtool", "kernels", "show", "blur", answers=KITTY).text
    assert "magnitude at 65×65 frequencies, 0 (dark) to 1 (bright)" in sent
    assert "\x1b_Ga=T,f=100" in sent


def test_a_dumb_terminal_gets_text():
    """TERM=dumb takes no escape sequences; the text is that of a pipe."""
    sent = play("-m", "convtool", "kernels", "show", "sobel-x", TERM="dumb").text
    assert sent.startswith(SOBEL)
    assert "\x1b" not in sent
