"""CSV: tables of numbers as grey images of floats."""

import numpy as np
import pytest
import tifffile
from PIL import Image


@pytest.mark.parametrize(
    "text", ["0,0.5\n1,0.25\n", "0;.5;\n1;.25;\n", "# x\n0 0.5\n\n1\t2.5e-1\n"]
)
def test_a_table_is_a_grey_image(tmp_path, convtool, text):
    """Rows are lines; commas, semicolons, tabs and spaces separate."""
    (tmp_path / "in.csv").write_text(text)
    done = convtool("image", tmp_path / "in.csv", tmp_path / "out.tif", "-k", "identity")
    assert done.code == 0, done.err
    found = tifffile.imread(tmp_path / "out.tif")
    assert found.dtype == np.float32
    assert found.tolist() == [[0, 0.5], [1, 0.25]]


def test_numbers_beyond_the_range_are_noted(tmp_path, convtool):
    """Numbers are read as they are, and a note says what is black and white."""
    (tmp_path / "in.csv").write_text("0,255\n-3,9\n")
    done = convtool("image", tmp_path / "in.csv", tmp_path / "out.npy", "-k", "identity")
    assert "numbers from -3 to 255 read as they are; 0 is black, 1 is white" in done.err
    assert np.load(tmp_path / "out.npy").tolist() == [[[[0, 255], [-3, 9]]]]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"1,2\n3\n", "line 2 has 1 number, the first line 2"),
        (b"1;0,5\n", "line 1: '0,5' is not a number (decimals take a point)"),
        (b"1,2\n3,x\n", "line 2: 'x' is not a number"),
        (b"1,2\n3,nan\n", "1 sample is NaN or infinite"),
        (b"a,b\n1,2\n", "not an image of a known format"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, convtool, data, error):
    """Damaged tables end in one message that names the line."""
    (tmp_path / "in.csv").write_bytes(data)
    done = convtool("image", tmp_path / "in.csv", tmp_path / "out.png", "-k", "identity")
    assert done.code == 1
    assert error in done.err
    assert not (tmp_path / "out.png").exists()


def test_a_table_is_read_but_not_written(tmp_path, convtool):
    """CSV is not written, and in a folder of images a table is left out."""
    (tmp_path / "in.csv").write_text("0,1\n")
    done = convtool("image", tmp_path / "in.csv", f"{tmp_path}/out/", "-k", "identity")
    assert "no format has the suffix '.csv'" in done.err
    assert convtool("image", tmp_path / "in.csv", tmp_path / "o.csv", "-k", "blur").code == 2
    Image.new("L", (4, 4)).save(tmp_path / "in.png")
    done = convtool("image", tmp_path, f"{tmp_path}/out/", "-k", "blur")
    assert done.code == 0
    assert "1 file is not read as images: 1 .csv" in done.err
