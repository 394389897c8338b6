"""Triton's side: words of four bytes, read, taken apart, put together and written.

Two sums of 16 bits share a register as its halves: bytes 0 and 2 of a word, or 1 and 3. What PTX
has instructions for and Triton has no names is written in PTX.

It must not be imported where there is no Triton.
"""

import triton
import triton.language as tl


@triton.jit
def load(address, WORDS: tl.constexpr):
    """Return the words at an address that is a multiple of their size, read all at once."""
    if WORDS == 4:
        return tl.inline_asm_elementwise(
            "ld.global.nc.v4.b32 {$0, $1, $2, $3}, [$4];",
            "=r,=r,=r,=r,l",
            [address],
            dtype=(tl.int32, tl.int32, tl.int32, tl.int32),
            is_pure=True,
            pack=1,
        )
    elif WORDS == 2:
        return tl.inline_asm_elementwise(
            "ld.global.nc.v2.b32 {$0, $1}, [$2];",
            "=r,=r,l",
            [address],
            dtype=(tl.int32, tl.int32),
            is_pure=True,
            pack=1,
        )
    else:
        return (load_word(address),)


@triton.jit
def load_word(address):
    """Return the word at an address."""
    return tl.inline_asm_elementwise(
        "ld.global.nc.b32 $0, [$1];", "=r,l", [address], dtype=tl.int32, is_pure=True, pack=1
    )


@triton.jit
def store(address, good, words, WORDS: tl.constexpr):
    """Write words to an address where `good` is not zero."""
    if WORDS == 4:
        tl.inline_asm_elementwise(
            """{ .reg .pred p; setp.ne.b32 p, $2, 0; mov.b32 $0, 0;
            @p st.global.v4.b32 [$1], {$3, $4, $5, $6}; }""",
            "=r,l,r,r,r,r,r",
            [address, good, words[0], words[1], words[2], words[3]],
            dtype=tl.int32,
            is_pure=False,
            pack=1,
        )
    elif WORDS == 2:
        tl.inline_asm_elementwise(
            """{ .reg .pred p; setp.ne.b32 p, $2, 0; mov.b32 $0, 0;
            @p st.global.v2.b32 [$1], {$3, $4}; }""",
            "=r,l,r,r,r",
            [address, good, words[0], words[1]],
            dtype=tl.int32,
            is_pure=False,
            pack=1,
        )
    else:
        tl.inline_asm_elementwise(
            """{ .reg .pred p; setp.ne.b32 p, $2, 0; mov.b32 $0, 0;
            @p st.global.b32 [$1], $3; }""",
            "=r,l,r,r",
            [address, good, words[0]],
            dtype=tl.int32,
            is_pure=False,
            pack=1,
        )


@triton.jit
def _placed(word, SELECTOR: tl.constexpr):
    """Return bytes of a word in the lower half of the bits of 2 to the 23 as a float32.

    There they are what is added to it: faster than a conversion.
    """
    exponent = tl.full(word.shape, 0x4B000000, tl.int32)
    selector = tl.full(word.shape, SELECTOR, tl.int32)
    bits = tl.inline_asm_elementwise(
        "prmt.b32 $0, $1, $2, $3;",
        "=r,r,r,r",
        [word, exponent, selector],
        dtype=tl.int32,
        is_pure=True,
        pack=1,
    )
    return bits.to(tl.float32, bitcast=True)


@triton.jit
def byte_of(word, INDEX: tl.constexpr):
    """Return a byte of a word as a float32."""
    return _placed(word, 0x7440 + INDEX) - 8388608.0  # 2 to the 23


@triton.jit
def even_halves(word):
    """Return bytes 0 and 2 of a word as halves."""
    return word & 0x00FF00FF


@triton.jit
def odd_halves(word):
    """Return bytes 1 and 3 of a word as halves."""
    return tl.inline_asm_elementwise(
        "prmt.b32 $0, $1, 0, 0x4341;", "=r,r", [word], dtype=tl.int32, is_pure=True, pack=1
    )


@triton.jit
def straddling(low, high):
    """Return the upper half of `low` beside the lower half of `high`."""
    return tl.inline_asm_elementwise(
        "prmt.b32 $0, $1, $2, 0x5432;",
        "=r,r,r",
        [low, high],
        dtype=tl.int32,
        is_pure=True,
        pack=1,
    )


@triton.jit
def sum_of(even, odd, INDEX: tl.constexpr):
    """Return the sum of a byte of a word from the halves that hold it, as a float32."""
    halves = even if INDEX % 2 == 0 else odd
    place: tl.constexpr = 0x7410 if INDEX < 2 else 0x7432
    return _placed(halves, place) - 8421376.0  # 2 to the 23, and 2 to the 15


@triton.jit
def clipped_sums(even, odd, MAGNITUDE: tl.constexpr):
    """Return four bytes of sums in halves, clipped to 0 … 255; for compute capability 9."""
    bias = tl.full(even.shape, -0x7FFF8000, tl.int32)
    most = tl.full(even.shape, 0x00FF00FF, tl.int32)
    if MAGNITUDE:
        one = tl.full(even.shape, 0x00010001, tl.int32)
        return tl.inline_asm_elementwise(
            """{ .reg .b32 a, b, c;
            add.s16x2 a, $1, $3; not.b32 c, a; add.s16x2 c, c, $5; max.s16x2 a, a, c;
            min.u16x2 a, a, $4;
            add.s16x2 b, $2, $3; not.b32 c, b; add.s16x2 c, c, $5; max.s16x2 b, b, c;
            min.u16x2 b, b, $4;
            prmt.b32 $0, a, b, 0x6240; }""",
            "=r,r,r,r,r,r",
            [even, odd, bias, most, one],
            dtype=tl.int32,
            is_pure=True,
            pack=1,
        )
    else:
        return tl.inline_asm_elementwise(
            """{ .reg .b32 a, b;
            add.s16x2 a, $1, $3; min.s16x2.relu a, a, $4;
            add.s16x2 b, $2, $3; min.s16x2.relu b, b, $4;
            prmt.b32 $0, a, b, 0x6240; }""",
            "=r,r,r,r,r",
            [even, odd, bias, most],
            dtype=tl.int32,
            is_pure=True,
            pack=1,
        )


@triton.jit
def scaled(value, FINISH: tl.constexpr, MAGNITUDE: tl.constexpr, low, scale, width, inverse):
    """Return a sum as `pointwise` has it: (|y| - low) × scale ÷ width.

    `FINISH` 1 is a multiply-add by `scale` and `low`, which has been tried to give the same bytes.
    2 is the formula: the quotient is corrected by its remainder, which makes it that of IEEE 754.
    Source: Markstein, IA-64 and Elementary Functions (2000), chapter 8.
    """
    if MAGNITUDE:
        value = tl.abs(value)
    if FINISH == 1:
        value = tl.fma(value, scale, low)
    elif FINISH == 2:
        value = (value - low) * scale
        quotient = value * inverse
        value = tl.fma(tl.fma(-quotient, width, value), inverse, quotient)
    return value


@triton.jit
def rounded(first, second, third, fourth):
    """Return four numbers within ± 32767, rounded to even and clipped to 0 … 255, as a word.

    Added to 1.5 times 2 to the 23, a number is rounded, and the lower half of the sum's bits is it.
    For compute capability 9.
    """
    most = tl.full(first.shape, 0x00FF00FF, tl.int32)
    return tl.inline_asm_elementwise(
        """{ .reg .b32 a, b; .reg .f32 t, u;
        add.rn.f32 t, $1, 0f4B400000; add.rn.f32 u, $3, 0f4B400000;
        mov.b32 a, t; mov.b32 b, u; prmt.b32 a, a, b, 0x5410; min.s16x2.relu a, a, $5;
        add.rn.f32 t, $2, 0f4B400000; add.rn.f32 u, $4, 0f4B400000;
        .reg .b32 c, d; mov.b32 c, t; mov.b32 d, u; prmt.b32 c, c, d, 0x5410;
        min.s16x2.relu c, c, $5;
        prmt.b32 $0, a, c, 0x6240; }""",
        "=r,f,f,f,f,r",
        [first, second, third, fourth, most],
        dtype=tl.int32,
        is_pure=True,
        pack=1,
    )


@triton.jit
def converted(first, second, third, fourth):
    """Return four numbers, rounded to even and clipped to 0 … 255, as a word."""
    return tl.inline_asm_elementwise(
        """{ .reg .b32 a, b, c, d;
        cvt.rni.sat.u8.f32 a, $1; cvt.rni.sat.u8.f32 b, $2;
        cvt.rni.sat.u8.f32 c, $3; cvt.rni.sat.u8.f32 d, $4;
        prmt.b32 a, a, b, 0x0040; prmt.b32 c, c, d, 0x0040; prmt.b32 $0, a, c, 0x5410; }""",
        "=r,f,f,f,f",
        [first, second, third, fourth],
        dtype=tl.int32,
        is_pure=True,
        pack=1,
    )
