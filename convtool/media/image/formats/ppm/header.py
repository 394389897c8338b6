"""The headers of Netpbm's formats: PBM, PGM, PPM, PAM and PFM.

Source: the manual pages pbm(5), pgm(5), ppm(5), pam(5) and pfm(5) of Netpbm
"""

from dataclasses import dataclass
from typing import BinaryIO

from convtool.media.image.samples import GREY, MAX_UINT8, MAX_UINT16, RGB
from convtool.sizes import counted

PLAIN = (b"P1", b"P2", b"P3")
BITS = (b"P1", b"P4")
BINARY = (b"P4", b"P5", b"P6")
PAM = b"P7"
FLOATS = (b"Pf", b"PF")
COLOUR = (b"P3", b"P6", b"PF")
SPACE = b" \t\n\v\f\r"
LONGEST = 2**16  # bytes of a header, comments included
MOST_SAMPLES = 2**16  # of a pixel
# Channels without alpha, and whether there is alpha, by PAM's tuple types.
TUPLES = {
    "BLACKANDWHITE": (1, False),
    "GRAYSCALE": (1, False),
    "RGB": (3, False),
    "BLACKANDWHITE_ALPHA": (1, True),
    "GRAYSCALE_ALPHA": (1, True),
    "RGB_ALPHA": (3, True),
}


@dataclass(frozen=True)
class Layout:
    """How one image is stored.

    Attributes:
        magic: the first two bytes.
        height, width: in pixels.
        channels: names of its channels without alpha.
        alpha: the last sample of a pixel is alpha.
        highest: the number that stands for white; 0 for floats.
        swapped: floats are stored with their lowest byte first.
        place: of the pixels in the file.
    """

    magic: bytes
    height: int
    width: int
    channels: tuple[str, ...]
    alpha: bool
    highest: int
    swapped: bool
    place: int

    @property
    def depth(self) -> int:
        """The number of samples of a pixel."""
        return len(self.channels) + self.alpha

    @property
    def dtype(self) -> str:
        """The type of a stored sample, as NumPy writes it."""
        if not self.highest:
            return "<f4" if self.swapped else ">f4"
        return "u1" if self.highest <= MAX_UINT8 else ">u2"

    @property
    def row(self) -> int:
        """Bytes of a row, of binary files."""
        if self.magic in BITS:
            return -(-self.width // 8)
        return self.width * self.depth * int(self.dtype[-1])

    @property
    def size(self) -> int:
        """Bytes of the pixels, of binary files."""
        return self.height * self.row

    def rows_of(self, length: int) -> int:
        """Return how many rows of binary files have about so many bytes, at least one."""
        return max(1, length // self.row)


class Header:
    """Read the header at the stream's position.

    Args:
        stream: the file.

    Attributes:
        comments: its comments, one by line.
        layout: what it states.

    Raises:
        ValueError: it is damaged.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._start = stream.tell()
        self._text = stream.read(LONGEST)
        self._place = 2
        self.comments: list[str] = []
        magic = self._text[:2]
        self.layout = self._pam() if magic == PAM else self._plain(magic)

    def _plain(self, magic: bytes) -> Layout:
        width, height = int(self._word()), int(self._word())
        swapped, highest = False, 1
        if magic in FLOATS:
            swapped, highest = float(self._word()) < 0, 0
        elif magic not in BITS:
            highest = int(self._word())
        self._place += 1  # one space
        channels = RGB if magic in COLOUR else GREY
        return self._checked(magic, height, width, channels, highest, swapped=swapped)

    def _pam(self) -> Layout:
        found: dict[str, str] = {}
        while (line := self._line()) != "ENDHDR":
            word, _, value = line.partition(" ")
            if word == "TUPLTYPE" and word in found:
                value = f"{found[word]} {value.strip()}"
            found[word] = value.strip()
        depth, kind = int(found["DEPTH"]), found.get("TUPLTYPE", "")
        colours, alpha = TUPLES.get(kind, (depth, False))
        if not 0 < colours + alpha == depth <= MOST_SAMPLES:
            raise ValueError(f"{counted(depth, 'sample')} of a pixel, and its type is '{kind}'")
        names = {1: GREY, 3: RGB}.get(colours) or tuple(map(str, range(1, colours + 1)))
        height, width, highest = int(found["HEIGHT"]), int(found["WIDTH"]), int(found["MAXVAL"])
        return self._checked(PAM, height, width, names, highest, alpha=alpha)

    def _checked(
        self,
        magic: bytes,
        height: int,
        width: int,
        channels: tuple[str, ...],
        highest: int,
        *,
        alpha: bool = False,
        swapped: bool = False,
    ) -> Layout:
        if height < 1 or width < 1:
            raise ValueError(f"{width}×{height} pixels")
        if not (magic in FLOATS or 1 <= highest <= MAX_UINT16):
            raise ValueError(f"white is {highest}, not 1 to {MAX_UINT16}")
        place = self._start + self._place
        return Layout(magic, height, width, channels, alpha, highest, swapped, place)

    def _word(self) -> str:
        """Return the next word, without the comments before it."""
        text = self._text
        while text[self._place : self._place + 1] in (b"#", *map(bytes, zip(SPACE))):
            if text[self._place] == ord("#"):
                self._comment()
            else:
                self._place += 1
        start = self._place
        while text[self._place : self._place + 1] not in (b"", b"#", *map(bytes, zip(SPACE))):
            self._place += 1
        if text[self._place : self._place + 1] == b"#":
            self._comment()
            self._place -= 1  # the end of the comment is the space after the word
        return text[start : self._place].decode("ascii")

    def _line(self) -> str:
        """Return the next line of a PAM header that is no comment and not empty."""
        while True:
            end = self._text.find(b"\n", self._place)
            if end < 0:
                raise ValueError("the header does not end")
            line = self._text[self._place : end].decode().strip()
            self._place = end + 1
            if line.startswith("#"):
                self.comments.append(line[1:].strip())
            elif line:
                return line

    def _comment(self) -> None:
        end = self._text.find(b"\n", self._place)
        if end < 0:
            raise ValueError("the header does not end")
        words = self._text[self._place + 1 : end].decode("utf-8", "replace")
        self.comments.append(words.strip())
        self._place = end + 1
