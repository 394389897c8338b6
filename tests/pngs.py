"""Make PNG files chunk by chunk: the tests' own encoder, which shares nothing with the package."""

import struct
import zlib

import numpy as np

ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
ADAM7 = (*ADAM7, (0, 1, 1, 2))
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
BITS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind, data=b""):
    """Return a chunk."""
    body = kind.encode() + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def header(width, height, bits, colour, interlace=0):
    """Return the header chunk."""
    return chunk("IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace))


def packed(samples, bits):
    """Return rows without filters. Shape: (H, W, C)"""
    flat = samples.reshape(len(samples), -1)
    if bits == 16:
        rows = [row.astype(">u2").tobytes() for row in flat]
    else:
        shifts = np.arange(bits)[::-1]
        rows = [
            np.packbits((row[:, None] >> shifts & 1).astype(np.uint8).ravel()).tobytes()
            for row in flat
        ]
    return b"".join(b"\0" + row for row in rows)


def pixels(samples, bits, *, interlaced=False):
    """Return the compressed pixels of an image. Shape: (H, W, C)"""
    if not interlaced:
        return zlib.compress(packed(samples, bits))
    passes = [samples[top::down, left::right] for left, top, right, down in ADAM7]
    return zlib.compress(b"".join(packed(each, bits) for each in passes if each.size))


def png(samples, bits, colour, *, before=b"", after=b"", interlaced=False):
    """Return a file with chunks before and after its pixels. Shape: (H, W, C)"""
    height, width = samples.shape[:2]
    return b"".join(
        [
            SIGNATURE,
            header(width, height, bits, colour, int(interlaced)),
            before,
            chunk("IDAT", pixels(samples, bits, interlaced=interlaced)),
            after,
            chunk("IEND"),
        ]
    )


def control(number, region, time, disposal=0, blend=0):
    """Return an fcTL chunk. `region`: left, top, width, height; `time`: a fraction of a second"""
    left, top, width, height = region
    data = struct.pack(">IIIIIHHBB", number, width, height, left, top, *time, disposal, blend)
    return chunk("fcTL", data)


def chunks(data):
    """Return the kinds and the data of a file's chunks, in order."""
    found, place = [], 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        body = data[place + 4 : place + 8 + length]
        assert zlib.crc32(body).to_bytes(4) == data[place + 8 + length : place + 12 + length]
        found.append((body[:4].decode(), body[4:]))
        place += 12 + length
    return found
