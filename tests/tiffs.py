"""TIFF files made tag by tag, as no library writes them."""

import struct

import numpy as np

CODES = {1: "B", 2: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q"}
BYTE, ASCII, SHORT, LONG, SIGNED = 1, 2, 3, 4, 9


def packed(samples, bits):
    """Return rows of whole numbers, packed from the highest bit, each row to a whole byte."""
    rows = np.asarray(samples).reshape(len(samples), -1)
    ones = rows[..., None] >> np.arange(bits)[::-1] & 1
    return np.packbits(ones.reshape(len(rows), -1).astype(np.uint8), axis=1).tobytes()


def page(width, height, strips, **tags):
    """Return the tags and strips of a grey page of 8 bits; tags are named `t256` and the like.

    A tag is a whole number (a SHORT), or a type with values or bytes.
    """
    plain = {
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: 8,
        259: 1,
        262: 1,
        273: (LONG, [0] * len(strips)),
        277: 1,
        279: (LONG, [len(strip) for strip in strips]),
    }
    return plain | {int(name[1:]): value for name, value in tags.items()}, strips


def tiff(*pages, order="<", big=False, loop=False):
    """Return a file of pages.

    Args:
        pages: tags and strips of each; an offset of 0 is filled in.
        order: the byte order.
        big: as BigTIFF.
        loop: the last page leads to the first again.
    """
    first = 16 if big else 8
    version = struct.pack(order + "HHHQ", 43, 8, 0, 16) if big else struct.pack(order + "HI", 42, 8)
    data = (b"II" if order == "<" else b"MM") + version
    for index, (tags, strips) in enumerate(pages):
        is_last = index + 1 == len(pages)
        size = len(_directory(tags, len(data), 0, order, big=big))
        place = len(data) + size
        offsets = [place + sum(map(len, strips[:at])) for at in range(len(strips))]
        end = place + sum(map(len, strips))
        whole = dict(tags)
        if 273 in tags and not any(tags[273][1]):
            whole[273] = LONG, offsets
        next = (first if loop else 0) if is_last else end + end % 2
        data += _directory(whole, len(data), next, order, big=big) + b"".join(strips)
        data += bytes(len(data) % 2)
    return data


def _directory(tags, place, next, order, *, big):
    count, entry, word = ("Q", "HHQ", "Q") if big else ("H", "HHI", "I")
    room = struct.calcsize("<" + word)
    behind = place + struct.calcsize("<" + count) + len(tags) * (4 + 2 * room) + room
    head, rest = struct.pack(order + count, len(tags)), b""
    for number, value in sorted(tags.items()):
        kind, given = value if isinstance(value, tuple) else (SHORT, [value])
        is_raw = isinstance(given, bytes)
        raw = given if is_raw else struct.pack(f"{order}{len(given)}{CODES[kind]}", *given)
        head += struct.pack(order + entry, number, kind, len(given))
        if len(raw) <= room:
            head += raw.ljust(room, b"\0")
        else:
            head += struct.pack(order + word, behind + len(rest))
            rest += raw + bytes(len(raw) % 2)
    return head + struct.pack(order + word, next) + rest
