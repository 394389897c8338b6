"""`convtool kernels sheet`: what each kernel alone makes of an image, side by side."""

import numpy as np
import pytest
from conftest import SAMPLES
from PIL import Image

from convtool.kernels import catalogue
from convtool.look.sheet import presets
from convtool.media.grid import GAP
from convtool.media.image.sheet import LABEL_HEIGHT

WIDTH, HEIGHT = 180, 120
KERNELS = ("sobel", "sobel-x", "gaussian:sigma=2", "-1 0 1")


@pytest.fixture
def photo(tmp_path):
    """Return the path of a colour image no larger than a tile."""
    path = tmp_path / "photo.png"
    Image.open(SAMPLES / "chart.jpg").crop((200, 60, 200 + WIDTH, 60 + HEIGHT)).save(path)
    return path


def tile(sheet, index):
    """Return a tile of a sheet of one row."""
    top, left = GAP + LABEL_HEIGHT, GAP + index * (WIDTH + GAP)
    return sheet[top : top + HEIGHT, left : left + WIDTH]


def test_tiles_are_what_each_kernel_alone_gives(convtool, tmp_path, photo):
    """Every tile equals the file of the kernel's own run; the input comes first."""
    path = tmp_path / "sheet.png"
    flags = [word for kernel in KERNELS for word in ("-k", kernel)]
    assert convtool("kernels", "sheet", photo, path, *flags, "--columns", "5").code == 0
    sheet = np.asarray(Image.open(path))
    assert np.array_equal(tile(sheet, 0), np.asarray(Image.open(photo)))
    for index, kernel in enumerate(KERNELS, 1):
        alone = tmp_path / f"{index}.png"
        convtool("image", photo, alone, "-k", kernel)
        assert np.array_equal(tile(sheet, index), np.asarray(Image.open(alone))), kernel


def test_all_presets_for_images_come_by_families():
    """Each once, with those of a family together, blurs first."""
    names = presets()
    entries = {name: catalogue.entry(path) for name, path in catalogue.catalogue().items()}
    assert sorted(names) == sorted(name for name, each in entries.items() if 2 in each.dimensions)
    families = [entries[name].family for name in names]
    assert list(dict.fromkeys(families)) == list(catalogue.FAMILIES[:6])
    assert families == sorted(families, key=catalogue.FAMILIES.index)


@pytest.mark.parametrize(
    ("flags", "note", "size"),
    [
        ([], "reduced from 512×384 to 64×48 pixels, and then filtered", (64, 48)),
        (["--crop"], "the middle 64×64 of 512×384 pixels is filtered", (64, 64)),
    ],
)
def test_larger_images_are_made_small_first(convtool, tmp_path, flags, note, size):
    """What becomes of a large image is said, and the tiles are what the kernel makes of that."""
    path = tmp_path / "sheet.png"
    call = [SAMPLES / "chart.jpg", path, "-k", "identity", "--tile", "64", *flags]
    assert note in convtool("kernels", "sheet", *call).err
    assert Image.open(path).width == 2 * (GAP + size[0]) + GAP


@pytest.mark.parametrize(
    ("source", "target", "flags", "message"),
    [
        ("melody.wav", "s.png", [], "is an audio file: a sheet shows what kernels do to an image"),
        ("chart.jpg", "s.xyz", [], "no image format is known by '.xyz'"),
        ("chart.jpg", "s", [], "has no suffix, which decides the format"),
        ("chart.jpg", "s.png", ["-k", "zzz*"], "no kernel for images matches 'zzz*'"),
        ("chart.jpg", "s.png", ["-k", "lowpass"], "kernel 'lowpass' has weights for 1-D"),
        ("chart.jpg", "there.png", [], "there.png already exists"),
    ],
)
def test_what_makes_no_sheet_is_refused(convtool, tmp_path, source, target, flags, message):
    """The reason is told, and nothing is written."""
    (tmp_path / "there.png").touch()
    path = tmp_path / target
    result = convtool("kernels", "sheet", SAMPLES / source, path, *flags)
    assert result.code != 0
    assert message in result.err
    assert not path.exists() or not path.stat().st_size
