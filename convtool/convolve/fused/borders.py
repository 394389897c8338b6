"""Triton's side: the addresses of rows, and what lies beyond their ends.

It must not be imported where there is no Triton.
"""

import triton
import triton.language as tl


@triton.jit
def inside(position, count, MODE: tl.constexpr):
    """Return the position inside 0 … count - 1 that a position beyond it is a copy of."""
    if MODE == 1:
        position = count - 1 - tl.abs(count - 1 - tl.abs(position))
    elif MODE == 2:
        position = (position + count) % count
    return tl.minimum(tl.maximum(position, 0), count - 1)


@triton.jit
def address(first, second, third, first_pitch, second_pitch, third_pitch, ends, wholes, y):
    """Return the address of a row of up to three pieces that follow each other."""
    start = tl.where(y < ends, first, tl.where(y < wholes, second, third))
    pitch = tl.where(y < ends, first_pitch, tl.where(y < wholes, second_pitch, third_pitch))
    before = tl.where(y < ends, 0, tl.where(y < wholes, ends, wholes))
    return start + (y - before).to(tl.int64) * pitch


@triton.jit
def gathered(row, byte, beyond, width, CHANNELS: tl.constexpr, MODE: tl.constexpr):
    """Return the word of bytes that begins at a byte beyond the ends of a row."""
    word = tl.zeros_like(byte)
    for index in tl.static_range(4):
        at = byte + index + 64 * CHANNELS  # no division of negative numbers
        pixel = at // CHANNELS - 64
        channel = at % CHANNELS
        good = beyond
        if MODE == 3:
            good = good & (pixel >= 0) & (pixel < width)
        address = row + (inside(pixel, width, MODE) * CHANNELS + channel)
        value = tl.load(address.to(tl.pointer_type(tl.uint8)), mask=good, other=0)
        word = word | (value.to(tl.int32) << (8 * index))
    return word
