"""`convtool kernels convert`: files by their suffix, standard output, notes and refusals."""

import re

import pytest

from convtool.kernels.resolve import resolve


def test_a_preset_becomes_a_file_that_works_with_k(convtool, tmp_path):
    """The suffix decides the format, in any case; a kernel file is called as its file is."""
    done = convtool("kernels", "convert", "sobel-x", tmp_path / "mine.MAT")
    assert (done.code, done.err) == (0, f"wrote {tmp_path / 'mine.MAT'}\n")
    again = convtool("kernels", "convert", tmp_path / "mine.MAT", tmp_path / "mine.yaml")
    assert again.code == 0, again.err
    assert (tmp_path / "mine.yaml").read_text().startswith("name: mine\n")
    kernel = resolve(str(tmp_path / "mine.yaml"), 2).kernels[0]
    assert kernel.weights.tolist() == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    assert convtool("kernels", "check", tmp_path / "mine.yaml", tmp_path / "mine.MAT").code == 0


def test_a_string_is_printed_and_flipping_is_noted(convtool):
    """Standard output has the kernel alone; the note says what was turned round."""
    done = convtool("kernels", "convert", "difference-x", "-", "--format", "imagemagick")
    assert done.out == "2x1+1+0: -1,1\n"
    assert done.err == "note: flipped, as ImageMagick's kernel string is convolved with\n"
    blur = convtool("kernels", "convert", "1 2 1", "-", "--format", "magick")
    assert (blur.out, blur.err) == ("3x1: 1,2,1\n", "")


def test_existing_files_stay(convtool, tmp_path):
    """Unless --overwrite is given."""
    (tmp_path / "k.npy").write_bytes(b"mine")
    refused = convtool("kernels", "convert", "blur", tmp_path / "k.npy")
    assert refused.code == 1
    assert "exists" in refused.err
    assert (tmp_path / "k.npy").read_bytes() == b"mine"
    assert convtool("kernels", "convert", "blur", tmp_path / "k.npy", "-f").code == 0


def test_dimensions_are_chosen_and_checked(convtool, tmp_path):
    """Two where there are some, those of the format first, or those that are asked for."""
    assert "3x3" in convtool("kernels", "convert", "sobel-x", "-", "--format", "imagemagick").out
    row = convtool("kernels", "convert", "sobel-x", "-", "--format", "imagemagick", "--dims", "1")
    assert row.out == "3x1: 1,0,-1\n"
    sound = convtool("kernels", "convert", "lowpass:cutoff=1k", tmp_path / "k.wav")
    assert sound.code == 0, sound.err
    refused = convtool("kernels", "convert", "blur", tmp_path / "b.wav", "--dims", "2")
    assert refused.err == "error: --dims 2: an impulse response holds no such kernels\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sobel", "k.mat"], r"'sobel' is a bank of 2 kernels.*\nhint: convert each: sobel-x, sob"),
        (["blur", "k.doc"], r"k\.doc: no format of kernels has the suffix '\.doc'\nhint: suffixes"),
        (["blur", "-"], r"the format of standard output is missing\nhint: --format NAME"),
        (["blur", "-", "--format", "gif"], r"no format of kernels is called 'gif'\nhint: formats:"),
        (["laplacian-3d", "k.mat"], r"weights for 3-D, which libvips's matrix does not hold"),
        (["blur -> sobel", "k.mat"], r"is a chain of steps, and a file holds one kernel"),
        (["blur[stride=2]", "k.mat"], r"is a chain of steps"),
        (["nothing", "k.mat"], r"unknown kernel 'nothing'"),
    ],
)
def test_what_cannot_be_converted_is_told(convtool, tmp_path, monkeypatch, words, said):
    """With exit code 2, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    done = convtool("kernels", "convert", *words)
    assert done.code == 2
    assert re.search(said, done.err)
    assert list(tmp_path.iterdir()) == []
