"""What is read: the pixel formats and colour matrices whose samples are known to come out right.

Everything else is refused: FFmpeg would convert it somehow. `docs/video.md` has the table.
"""

import re
from dataclasses import dataclass
from typing import Any

from convtool.errors import ReadError

DEPTHS = (9, 10, 12, 14, 16)  # bits per sample beside 8


def _planar(name: str, depths: tuple[int, ...] = DEPTHS) -> tuple[str, ...]:
    """Return a format of 8 bits, and those of higher depths in both byte orders."""
    return (name, *(f"{name}{depth}{order}" for depth in depths for order in ("le", "be")))


def _ordered(*names: str) -> tuple[str, ...]:
    """Return formats in both byte orders."""
    return tuple(f"{name}{order}" for name in names for order in ("le", "be"))


FORMATS = {
    "YUV 4:2:0": (
        *_planar("yuv420p"),
        "yuvj420p",
        *("nv12", "nv21"),
        *_ordered("p010", "p016"),
        *_planar("yuva420p", (9, 10, 16)),
    ),
    "YUV 4:2:2": (
        *_planar("yuv422p"),
        "yuvj422p",
        *("yuyv422", "uyvy422", "yvyu422"),
        *_ordered("p210", "p216"),
        *_planar("yuva422p", (9, 10, 12, 16)),
    ),
    "YUV 4:4:4": (
        *_planar("yuv444p"),
        "yuvj444p",
        *("nv24", "nv42"),
        *_ordered("p410", "p416"),
        *_planar("yuva444p", (9, 10, 12, 16)),
    ),
    "YUV 4:4:0": ("yuv440p", "yuvj440p", *_ordered("yuv440p10", "yuv440p12")),
    "YUV 4:1:1": ("yuv411p", "yuvj411p"),
    "YUV 4:1:0": ("yuv410p",),
    "RGB": (
        *("rgb24", "bgr24", "rgb0", "bgr0", "0rgb", "0bgr", "rgba", "bgra", "argb", "abgr"),
        *_ordered("rgb48", "bgr48", "rgba64", "bgra64"),
        *("rgb565le", "rgb555le", "bgr565le", "bgr555le"),
        *_planar("gbrp"),
        *_planar("gbrap", (10, 12, 16)),
        *("x2rgb10le", "x2bgr10le", "pal8"),
    ),
    "grey": (*_planar("gray"), "ya8", *_ordered("ya16"), "monow", "monob"),
}
KINDS = {format: kind for kind, formats in FORMATS.items() for format in formats}


@dataclass(frozen=True)
class Matrix:
    """A matrix of luma and chroma.

    Attributes:
        name: as FFmpeg calls it.
        swscale: the number by which swscale converts with it; None where it does not.
    """

    name: str
    swscale: int | None


# FFmpeg's numbers
GBR, BT709, UNSPECIFIED, BT470BG, BT601, YCGCO, CHROMA_DERIVED = 0, 1, 2, 5, 6, 8, 12
MATRICES = {
    GBR: Matrix("gbr", None),
    BT709: Matrix("bt709", 1),
    4: Matrix("fcc", 4),
    BT470BG: Matrix("bt470bg", 5),
    BT601: Matrix("smpte170m", 5),
    7: Matrix("smpte240m", 7),
    YCGCO: Matrix("ycgco", None),
    9: Matrix("bt2020nc", 9),
}
REFUSED = {
    10: "bt2020c",
    11: "smpte2085",
    12: "chroma-derived-nc",
    13: "chroma-derived-c",
    14: "ictcp",
    15: "ipt-c2",
    16: "ycgco-re",
    17: "ycgco-ro",
}
# primaries from which a chroma-derived matrix is one of the above
DERIVED = {1: BT709, 9: 9}
ORDER = re.compile("(le|be)$")  # of bytes, at the end of a name
DEPTH = re.compile(r"(?<=[py])(9|1\d)$")  # in names such as yuv420p10 and gray9
HIGH = (720, 1280)  # rows or columns from which on a matrix that is not stated is BT.709


def matrix_of(space: int, primaries: int, height: int, width: int) -> int | None:
    """Return the matrix of frames, by its key in MATRICES; None where it cannot be converted.

    Args:
        space: FFmpeg's number of the colour space that frames state.
        primaries: FFmpeg's number of the primaries.
        height: of a frame.
        width: of a frame.
    """
    if space == CHROMA_DERIVED:
        return DERIVED.get(primaries)
    if space in REFUSED:
        return None
    if space in MATRICES:
        return space
    return BT709 if height >= HIGH[0] or width >= HIGH[1] else BT601


def refuse_unknown(name: str, frame: Any) -> None:
    """Check that a frame can be read.

    Args:
        name: what messages call the file.
        frame: PyAV's frame.

    Raises:
        ReadError: it cannot.
    """
    format, space = frame.format.name, frame.colorspace
    kind = KINDS.get(format)
    if kind is None:
        raise ReadError(f"{name}: frames of the pixel format {format} cannot be read")
    if not kind.startswith("YUV"):
        return
    if matrix_of(space, frame.color_primaries, frame.height, frame.width) is None:
        known = ", ".join(matrix.name for matrix in MATRICES.values())
        raise ReadError(
            f"{name}: the colour matrix {REFUSED[space]} cannot be converted",
            hint=f"known: {known}",
        )


def table() -> str:
    """Return what is read as a table in Markdown; formats of more than 8 bits by their family."""
    rows = ["| samples | bits | pixel formats | matrices |", "|---|---|---|---|"]
    for kind, formats in FORMATS.items():
        names = [ORDER.sub("", format) for format in formats]
        depths = {"8"} | {found[0] for name in names if (found := DEPTH.search(name))}
        families = dict.fromkeys(f"`{DEPTH.sub('', name)}`" for name in names)
        bits = " ".join(sorted(depths, key=int))
        rows.append(f"| {kind} | {bits} | {' '.join(families)} | {_matrices(kind)} |")
    return "\n".join(rows) + "\n"


def _matrices(kind: str) -> str:
    """Return the names of the matrices by which a kind of formats is read."""
    if not kind.startswith("YUV"):
        return ""
    numbers = [number for number in MATRICES if number != GBR or kind == "YUV 4:4:4"]
    return ", ".join(MATRICES[number].name for number in numbers)
