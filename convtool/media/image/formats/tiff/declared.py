"""Read the layout of a page from its tags.

What is not in the allowlist, in `models`, is refused in words.
"""

from convtool.media.image.formats.tiff.directory import Directory
from convtool.media.image.formats.tiff.layout import (
    DIFFERENCES,
    FLOAT_DIFFERENCES,
    LAB,
    PLAIN,
    Layout,
)
from convtool.media.image.formats.tiff.models import INTEGERS, MODELS
from convtool.media.image.formats.tiff.tags import FAX, IMAGES, Compression, Photometric, Tag
from convtool.sizes import counted

SEPARATE = 2  # planes
UNSIGNED, SIGNED, FLOAT, UNDEFINED = 1, 2, 3, 4
KINDS = {UNSIGNED: "u", SIGNED: "i", FLOAT: "f", UNDEFINED: "u"}
UNPREDICTED = (Compression.NONE, Compression.PACKBITS, *FAX)  # with which no program uses one
MOST_SAMPLES = 4096  # per pixel
LEAST_ROWS = 2**32 - 1  # of a strip, where a page is one


def layout_of(directory: Directory) -> Layout:
    """Return how a page is stored.

    Raises:
        ValueError: it is damaged, or not of a kind that is known to be read right.
    """
    number = directory.number
    height, width = number(Tag.LENGTH, 0), number(Tag.WIDTH, 0)
    if min(height, width) < 1:
        raise ValueError(f"a page of {width}×{height} pixels")
    photometric = _photometric(number(Tag.PHOTOMETRIC, -1), number(Tag.COMPRESSION, 1))
    model = MODELS[photometric]
    samples = number(Tag.SAMPLES, 1)
    if samples < model.colours:
        raise ValueError(
            f"{counted(samples, 'sample')} per pixel, {model.name} has {model.colours}"
        )
    if samples > MOST_SAMPLES:
        raise ValueError(f"{samples} samples per pixel, at most {MOST_SAMPLES} are supported")
    compression = _compression(number(Tag.COMPRESSION, 1))
    tiled = Tag.TILE_WIDTH in directory.entries
    rows = min(number(Tag.ROWS_PER_STRIP, LEAST_ROWS), height)
    tile = (number(Tag.TILE_LENGTH, 0), number(Tag.TILE_WIDTH, 0)) if tiled else (rows, width)
    if min(tile) < 1:
        raise ValueError(f"segments of {tile[1]}×{tile[0]} pixels")
    if compression == Compression.OLD_JPEG and Tag.JPEG_STREAM in directory.entries:
        tile = height, width  # one stream for all strips
    planar = number(Tag.PLANAR, 1) == SEPARATE and samples > 1
    segments = -(-height // tile[0]) * -(-width // tile[1]) * (samples if planar else 1)
    layout = Layout(
        height,
        width,
        number(Tag.ORIENTATION, 1),
        photometric,
        samples,
        _kind(directory, photometric),
        _bits(directory),
        planar,
        _extras(directory, samples - model.colours),
        compression,
        number(Tag.PREDICTOR, 1),
        number(Tag.FILL_ORDER, 1) == 2,  # the lowest bit comes first
        tile,
        tiled,
        (tiled and directory.values(Tag.TILE_OFFSETS, segments))
        or directory.values(Tag.STRIP_OFFSETS, segments),
        (tiled and directory.values(Tag.TILE_COUNTS, segments))
        or directory.values(Tag.STRIP_COUNTS, segments),
        _subsampling(directory, photometric),
    )
    _check(layout, directory)
    return layout


def _photometric(value: int, compression: int) -> Photometric:
    if value == -1 and compression in FAX:
        return Photometric.WHITE_IS_ZERO
    if value not in list(MODELS):
        known = {-1: "not stated", 10: "ITU Lab", 32844: "LogL", 32845: "LogLuv", 4: "a mask"}
        raise ValueError(f"its colour model, {known.get(value, value)}, is not supported")
    return Photometric(value)


def _compression(value: int) -> Compression:
    if value not in list(Compression):
        raise ValueError(f"compression {value} is not supported")
    return Compression(value)


def _kind(directory: Directory, photometric: Photometric) -> str:
    formats = set(directory.values(Tag.SAMPLE_FORMAT, MOST_SAMPLES)) or {UNSIGNED}
    if photometric in LAB and formats <= {UNSIGNED, SIGNED, UNDEFINED}:
        return "u"  # some programs call only a and b signed, which they are by their definition
    if len(formats) > 1:
        raise ValueError("samples of several types in a pixel are not supported")
    (kind,) = formats
    if kind not in KINDS:
        raise ValueError("complex samples are not supported")
    return KINDS[kind]


def _bits(directory: Directory) -> int:
    bits = set(directory.values(Tag.BITS, MOST_SAMPLES)) or {1}
    if len(bits) > 1:
        raise ValueError("samples of several depths in a pixel are not supported")
    return int(bits.pop())


def _extras(directory: Directory, count: int) -> tuple[int, ...]:
    """Return the kinds of the samples after the colours, unspecified where nothing is said."""
    stated = directory.values(Tag.EXTRA_SAMPLES)[:count]
    return (*map(int, stated), *[0] * (count - len(stated)))


def _subsampling(directory: Directory, photometric: Photometric) -> tuple[int, int]:
    if photometric != Photometric.YCBCR:
        return 1, 1
    across, down = (*directory.values(Tag.SUBSAMPLING), 2, 2)[:2]
    if directory.values(Tag.SUBSAMPLING) == ():
        across, down = 2, 2
    return int(across), int(down)


def _check(layout: Layout, directory: Directory) -> None:
    model, bits = layout.model, layout.bits
    allowed = {"u": model.unsigned, "i": model.signed, "f": model.floats}[layout.kind]
    if bits not in allowed:
        kind = {"u": "", "i": " signed", "f": " float"}[layout.kind]
        raise ValueError(f"{bits}-bit{kind} samples of {model.name} are not supported")
    if max(1, directory.number(Tag.DEPTH, 1)) > 1:
        raise ValueError("volumes in one page are not supported")
    if layout.photometric == Photometric.CMYK and directory.number(Tag.INK_SET, 1) != 1:
        raise ValueError("inks other than cyan, magenta, yellow and black are not supported")
    if layout.compression not in IMAGES:
        _check_predictor(layout)
    if layout.compression in FAX and (bits, layout.depth) != (1, 1):
        raise ValueError(f"fax compression of {bits}-bit samples")
    if layout.by_range and layout.alpha is not None:
        raise ValueError("transparency of signed or 32-bit integers is not supported")
    _check_subsampling(layout)


def _check_predictor(layout: Layout) -> None:
    if layout.predictor not in (PLAIN, DIFFERENCES, FLOAT_DIFFERENCES):
        raise ValueError(f"predictor {layout.predictor} is not supported")
    if layout.predictor != PLAIN and layout.compression in UNPREDICTED:
        raise ValueError("a predictor of samples that are not compressed so is not supported")
    if layout.predictor == DIFFERENCES and layout.bits not in INTEGERS:
        raise ValueError(f"a predictor of {layout.bits}-bit samples is not supported")
    if layout.predictor == FLOAT_DIFFERENCES and layout.kind != "f":
        raise ValueError("a predictor of floats is declared for integers")


def _check_subsampling(layout: Layout) -> None:
    if layout.photometric != Photometric.YCBCR:
        return
    across, down = layout.subsampling
    if layout.compression in IMAGES:
        if layout.planar and (across, down) != (1, 1):
            raise ValueError("chroma subsampling in planes is not supported")
        return
    if across not in (1, 2, 4) or down not in (1, 2, 4):
        raise ValueError(f"chroma subsampling of {across}×{down} is not supported")
    is_subsampled = (across, down) != (1, 1)
    if is_subsampled and (layout.planar or layout.predictor != 1 or layout.extras):
        raise ValueError("chroma subsampling in planes is not supported")
