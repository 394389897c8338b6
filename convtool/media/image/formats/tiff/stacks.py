"""The descriptions of stacks of images by ImageJ and OME, and whether they hold for a result."""

import re
from collections.abc import Sequence

from convtool.media.image.samples import Frame

PROGRAMS = (b"ImageJ=", b"SCIFIO=")
OME = b"<OME "
BEGINNING = 1000  # bytes, within which OME's element begins
IMAGES = re.compile(rb"ImageJ=.*\nimages=(\d+)", re.DOTALL)
RANGE = re.compile(rb"^(?:min|max)=.*\n?", re.MULTILINE)


def is_stack(text: bytes) -> bool:
    """Return True for a description that ImageJ or OME wrote."""
    return text.startswith(PROGRAMS) or OME in text[:BEGINNING]


def describes(stack: bytes | None, frames: Sequence[Frame]) -> bool:
    """Return True where the description of a stack holds for finished images."""
    if not stack or len({(frame.samples.shape, frame.samples.dtype) for frame in frames}) > 1:
        return False
    if found := IMAGES.match(stack):
        return int(found[1]) == len(frames) and not frames[0].transparent
    if stack.startswith(b"ImageJ="):
        return len(frames) == 1
    first = frames[0].samples
    kind = {"u": "uint", "f": "float"}[first.dtype.kind] + str(8 * first.itemsize)
    sizes = {name: _sizes(stack, name) for name in b"XYZCT".decode()}
    counted = {z * t * c for z in sizes["Z"] for t in sizes["T"] for c in sizes["C"]}
    return (
        (sizes["X"], sizes["Y"]) == ({first.shape[1]}, {first.shape[0]})
        and bool(counted & {len(frames), len(frames) * first.shape[2]})
        and set(re.findall(rb'\sType="(\w+)"', stack)) <= {kind.encode(), b""}
    )


def _sizes(stack: bytes, axis: str) -> set[int]:
    return {int(size) for size in re.findall(rf'\bSize{axis}="(\d+)"'.encode(), stack)}


def without_range(stack: bytes) -> bytes:
    """Return ImageJ's description without the range of its display, which filtering changes."""
    return RANGE.sub(b"", stack)
