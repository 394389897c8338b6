"""Typed numbers: their grammar, and every worked example of the lessons as one command."""

import json
import shlex

import numpy as np
import pytest
from scipy import ndimage

from convtool.errors import ReadError, UsageError
from convtool.look.typed import is_typed, read_table, read_typed
from convtool.options.reading import Reading

ROW = '"1 2 3 4 5 6"'
TWO = '"1 2 3 4 5 6 || 10 20 30 40 50 60"'


def explained(convtool, words):
    """Return what `convtool explain` says as JSON."""
    done = convtool("explain", *shlex.split(words), "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (f'{ROW} -k "2" --padding 0', [2, 4, 6, 8, 10, 12]),
        (f'{ROW} -k "2 2" --padding 0', [6, 10, 14, 18, 22]),
        (f'{ROW} -k "2 2 2" --padding 0', [12, 18, 24, 30]),
        (f'{ROW} -k "2 2 2" --padding 1', [6, 12, 18, 24, 30, 22]),
        (f'{ROW} -k "2 2 2 2 2" --padding 2', [12, 20, 30, 40, 36, 30]),
        (f'{ROW} -k "2 2 2" --padding 0 --stride 3', [12, 30]),
        (f'{ROW} -k "2 2 2" --padding 0 --dilation 2', [18, 24]),
    ],
)
def test_conv1d_by_hand(convtool, words, expected):
    """Each row of the lessons' table is one command."""
    answer = explained(convtool, words)
    assert answer["result"] == expected
    assert answer["stored"] == expected[0] == answer["responses"][0]["sum"]


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ("[[[2]],[[4]]]", [[2, 4, 6, 8, 10, 12], [40, 80, 120, 160, 200, 240]]),
        (
            "[[[2]],[[4]],[[6]],[[8]]]",
            [
                [2, 4, 6, 8, 10, 12],
                [4, 8, 12, 16, 20, 24],
                [60, 120, 180, 240, 300, 360],
                [80, 160, 240, 320, 400, 480],
            ],
        ),
    ],
)
def test_groups_by_hand(convtool, kernel, expected):
    """Two channels in two groups, with one or two outputs each."""
    for channel, row in enumerate(expected):
        words = f'{TWO} -k "{kernel}" --padding 0 --groups 2 --channel {channel}'
        answer = explained(convtool, words)
        assert answer["result"] == row
        assert answer["responses"][0]["inputs"] == [channel * 2 // len(expected)]


MODES = {"zeros": "constant", "reflect": "mirror", "replicate": "nearest", "circular": "wrap"}


@pytest.mark.parametrize("mode", MODES)
def test_padding_modes_of_the_lessons(convtool, mode):
    """0…24 as 5×5, padding 2 and a 1×1 kernel of one show what a padding mode adds."""
    words = f'"0..24 as 5x5" -k 1 --padding 2 --padding-mode {mode}'
    answer = explained(convtool, words)
    grid = np.arange(25.0).reshape(5, 5)
    names = {"constant": "constant", "mirror": "reflect", "nearest": "edge", "wrap": "wrap"}
    assert np.array_equal(answer["result"], np.pad(grid, 2, names[MODES[mode]]))
    page = convtool("explain", *shlex.split(words)).out
    first = page.split("padding in parentheses\n")[1].splitlines()[0]
    corner = int(answer["result"][0][0])
    assert first.split()[0] == f"({corner})"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_results_are_those_of_scipy(convtool, mode, dims):
    """Typed numbers are correlated in the same way by another library, in all dimensions."""
    size = (5, 4, 3)[:dims]
    numbers = np.arange(float(np.prod(size))).reshape(size)
    weights = np.arange(1.0, 3**dims + 1).reshape((3,) * dims)
    kernel = json.dumps(weights.tolist())
    words = f'"0..{numbers.size - 1} as {"x".join(map(str, size))}" -k "{kernel}"'
    answer = explained(convtool, f"{words} --padding-mode {mode}")
    expected = ndimage.correlate(numbers, weights, mode=MODES[mode])
    assert np.array_equal(answer["result"], expected)


def test_random_weights_have_a_seed(convtool):
    """Without -k weights are random, the same for the same seed."""
    one, same, other = (explained(convtool, f"{ROW} --seed {seed}")["stored"] for seed in (1, 1, 2))
    assert one == same != other


def test_typed_numbers_are_normalized_where_that_is_asked(convtool):
    """By default they stay as they are; --normalize maps them to 0…1."""
    assert explained(convtool, f"{ROW} -k 2 --at 5")["stored"] == 12
    assert explained(convtool, f"{ROW} -k 2 --at 5 --normalize minmax")["stored"] == 1


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("1 2 3", (1, 3)),
        ("7", (1, 1)),
        ("0 1; 2 3", (1, 2, 2)),
        ("1 0; 0 1 | 2 0; 0 2", (1, 2, 2, 2)),
        ("1 2 || 3 4 || 5 6", (3, 2)),
        ("0 1; 2 3 || 4 5; 6 7", (2, 2, 2)),
        ("0..5", (1, 6)),
        ("5..0 9", (1, 7)),
        ("0..24 as 5x5", (1, 5, 5)),
        ("0..23 as 2×3x4", (1, 2, 3, 4)),
        ("0..5 as 6 || 1 1 1 1 1 1", (2, 6)),
        ("[[1, 2], [3, 4]]", (1, 2, 2)),
        ("1/2 -0.5 1e-3", (1, 3)),
        ("0 1\n2 3", (1, 2, 2)),
    ],
)
def test_shapes_of_what_is_typed(text, shape):
    """Spaces, `;`, `|`, `||`, ranges and `as` give channels and axes."""
    assert is_typed(text)
    assert read_typed(text).shape == shape


@pytest.mark.parametrize("text", ["in.png", "2 cats.png", "photo 1.jpg", "nothing", "-", "a b"])
def test_names_are_not_numbers(text):
    """Names of files are not taken for numbers."""
    assert not is_typed(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 x", "'x' is not a number"),
        ("1 2; 3", "rows differ in length"),
        ("1 2 || 3 4 5", "channels of one size are expected, not of 2 and 3"),
        ("0..24 as 4x5", "4×5 has 20, and 25 numbers are given"),
        ("0..24 as square", "'as square': a size is expected"),
        ("0..99999999", "more than 1048576 numbers"),
        ("[[1, 2], [3]]", "rows differ in length"),
        ("[[[[1]]]]", "4 axes, and there are 3 at most"),
    ],
)
def test_mistakes_are_told_in_words(text, message):
    """What cannot be read is named, with an example."""
    with pytest.raises(UsageError, match=message.replace("[", r"\[")):
        read_typed(text)


def test_tables_are_read(tmp_path):
    """CSV and .npy files are numbers: a row or a column, a grid, planes."""
    path = tmp_path / "in.csv"
    for text, shape in (("1,2,3\n", (1, 3)), ("1\n2\n", (1, 2)), ("# x\n1;2\n3;4;\n\n", (1, 2, 2))):
        path.write_text(text)
        assert read_table(str(path), Reading()).shape == shape
    for shape in ((4,), (3, 4), (2, 3, 4)):
        np.save(tmp_path / "in.npy", np.arange(np.prod(shape)).reshape(shape))
        found = read_table(str(tmp_path / "in.npy"), Reading())
        assert np.array_equal(found[0], np.arange(np.prod(shape)).reshape(shape))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"1,2\n3\n", "line 2 has 1 number, the first line 2"),
        (b"1,a\n", "line 1: 'a' is not a number"),
        (b"1;0,5\n", r"decimals take a point"),
        (b"\xff\xfe1\n", "line 1 is not text in UTF-8"),
        (b"# nothing\n", "there is no number"),
        (b"1,nan\n", "1 sample is NaN or infinite"),
        (b"", "the file is empty"),
    ],
)
def test_damaged_tables_are_refused(tmp_path, data, message):
    """A table that is none is refused, with the line."""
    path = tmp_path / "in.csv"
    path.write_bytes(data)
    with pytest.raises(ReadError, match=message):
        read_table(str(path), Reading())


def test_hostile_arrays_are_refused(tmp_path):
    """Pickles, huge shapes, truncated and damaged files of NumPy end in words."""
    path = tmp_path / "in.npy"
    np.save(path, np.array([{}, 1]), allow_pickle=True)
    with pytest.raises(ReadError, match="numbers are expected, not object"):
        read_table(str(path), Reading())
    np.save(path, np.zeros(100))
    whole = path.read_bytes()
    path.write_bytes(whole[:-8])
    with pytest.raises(ReadError, match="truncated"):
        read_table(str(path), Reading())
    path.write_bytes(whole.replace(b"(100,)", b"(9**9)"))
    with pytest.raises(ReadError, match="header is damaged"):
        read_table(str(path), Reading())
    path.write_bytes(whole.replace(b"(100,), }     ", b"(99999999999,)}"[:14]))
    with pytest.raises(ReadError):
        read_table(str(path), Reading())
