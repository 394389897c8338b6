"""Make GIF files block by block: the tests' own encoder, which shares nothing with the package."""

import struct


def codes(indices):
    """Return pixels as LZW that never learns: a clear code before it would have to."""
    bits, place, out = 0, 0, bytearray()

    def put(code):
        nonlocal bits, place
        bits |= code << place
        place += 9
        while place >= 8:
            out.append(bits & 255)
            bits >>= 8
            place -= 8

    for number, index in enumerate(indices):
        if number % 200 == 0:
            put(256)
        put(int(index))
    put(257)
    if place:
        out.append(bits & 255)
    return bytes(out)


def sub_blocks(data):
    """Return data in sub-blocks."""
    pieces = [data[start : start + 255] for start in range(0, len(data), 255)]
    return b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"


def image(indices, left=0, top=0, palette=b"", *, interlaced=False):
    """Return an image block. Shape: (H, W)"""
    height, width = indices.shape
    if interlaced:
        passes = [indices[first::step] for first, step in ((0, 8), (4, 8), (2, 4), (1, 2))]
        indices = [row for each in passes for row in each]
    flags = 0x40 * interlaced | (0x80 | size_of(palette) if palette else 0)
    head = b"," + struct.pack("<HHHHB", left, top, width, height, flags)
    flat = [index for row in indices for index in row]
    return head + palette + b"\x08" + sub_blocks(codes(flat))


def size_of(palette):
    """Return how a palette's size is stated."""
    return (len(palette) // 3).bit_length() - 2


def control(delay=0, disposal=0, clear=None):
    """Return a graphics control extension."""
    flags = disposal << 2 | (clear is not None)
    return b"!\xf9\4" + struct.pack("<BHBB", flags, delay, clear or 0, 0)


def application(name, data):
    """Return an application extension."""
    return b"!\xff\x0b" + name + data


def loop(again):
    """Return the extension that says how often an animation repeats."""
    return application(b"NETSCAPE2.0", sub_blocks(struct.pack("<BH", 1, again)))


def comment(words):
    """Return a comment."""
    return b"!\xfe" + sub_blocks(words)


def gif(width, height, *blocks, palette=b"", trailer=b";"):
    """Return a file."""
    flags = 0x80 | size_of(palette) if palette else 0
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, flags, 0, 0)
    return head + palette + b"".join(blocks) + trailer
