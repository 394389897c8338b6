"""Turn images upright that are stored as a camera was held."""

from collections.abc import Callable
from dataclasses import replace

from convtool.media.image.exif import Exif
from convtool.media.image.samples import Pixels, Samples
from convtool.media.image.xmp import orientation_of

# Array operations that make each EXIF orientation upright (CIPA DC-008, table 6).
UPRIGHT: dict[int, Callable[[Samples], Samples]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: a.swapaxes(0, 1)[::-1],
}


def stored(exif: Exif | None, packet: bytes | str | None) -> int:
    """Return the orientation in which an image is stored: as EXIF says, or else XMP.

    Args:
        exif: the EXIF tags.
        packet: the XMP packet.
    """
    if exif is not None and exif.orientation is not None:
        return exif.orientation
    packet = packet.encode() if isinstance(packet, str) else packet
    return orientation_of(packet) if packet else 1


def is_sideways(orientation: int) -> bool:
    """Return True where the rows of the upright image are stored as columns."""
    return 5 <= orientation <= 8


def upright_size(height: int, width: int, orientation: int) -> tuple[int, int]:
    """Return the height and width of the upright image.

    >>> upright_size(2, 3, orientation=6)
    (3, 2)
    """
    return (width, height) if is_sideways(orientation) else (height, width)


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Return the upright image of one that is stored with an EXIF orientation."""
    turn = UPRIGHT.get(orientation)
    if turn is None:
        return pixels
    # Copies: a single row or column that is turned counts as contiguous with its negative stride.
    samples = turn(pixels.samples).copy()
    alpha = None if pixels.alpha is None else turn(pixels.alpha).copy()
    return replace(pixels, samples=samples, alpha=alpha)
