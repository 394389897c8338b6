"""Triton's side: the kernel that reads stored bytes, sums taps and writes results.

A program makes a few rows of a stretch of a row. Each of its threads makes 4, 8 or 16 neighbouring
bytes of each; what it has read of a row serves all outputs that depend on it. Where the sums of
whole numbers fit 16 bits, two of them share a register, and an integer multiply-add makes both:
borrows between the halves cancel, because each half ends as a number without sign, 32768 more than
the sum.

It must not be imported where there is no Triton.
"""

import triton
import triton.language as tl

from convtool.convolve.fused import borders, words

PLAIN = (  # numbers of which Triton should make no variants
    *("first", "second", "third", "first_pitch", "second_pitch", "third_pitch", "ends", "wholes"),
    *("main", "main_pitch", "main_first", "main_last"),
    *("height", "width", "out", "out_pitch", "rows", "out_bytes", "above"),
)


@triton.jit
def _halves(halves, BASE: tl.constexpr, BYTE: tl.constexpr):
    """Return two bytes of a row, `BYTE` and `BYTE + 2`, as halves."""
    low: tl.constexpr = BASE + BYTE // 4 * 2 + BYTE % 2
    if BYTE % 4 < 2:
        return halves[low]
    else:
        return words.straddling(halves[low], halves[low + 2])


@triton.jit(do_not_specialize=PLAIN)
def correlate(
    first,
    second,
    third,
    first_pitch,
    second_pitch,
    third_pitch,
    ends,
    wholes,
    main,
    main_pitch,
    main_first,
    main_last,
    height,
    width,
    out,
    out_pitch,
    rows,
    out_bytes,
    above,
    low,
    scale,
    divisor,
    inverse,
    bias,
    WEIGHTS: tl.constexpr,
    COUNT: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    ROW_STEP: tl.constexpr,
    COLUMN_STEP: tl.constexpr,
    LEFT: tl.constexpr,
    CHANNELS: tl.constexpr,
    MODE: tl.constexpr,
    INTEGERS: tl.constexpr,
    PACKED: tl.constexpr,
    STORED: tl.constexpr,
    MAGNITUDE: tl.constexpr,
    FINISH: tl.constexpr,
    WORDS: tl.constexpr,
    DOWN: tl.constexpr,
    BLOCK: tl.constexpr,
    FIRST: tl.constexpr,
    LAST: tl.constexpr,
):
    """Correlate a block of interleaved bytes with kernels that all channels share.

    Args:
        first, second, third: addresses of pieces of rows that follow each other.
        first_pitch, second_pitch, third_pitch: bytes from one row of a piece to the next.
        ends, wholes: the rows up to the end of the first piece, and of the second.
        main, main_pitch, main_first, main_last: of the longest piece, the address that row 0 would
            have, the pitch, and the rows that it has of all.
        height, width: of the pieces together, without padding.
        out: the address of the results, bytes or float32; those of several kernels one plane each.
        out_pitch: bytes from one row of the results to the next.
        rows, out_bytes: results per plane, and per row.
        above: rows added before the first.
        low, scale, divisor, inverse: as `words.scaled` has them.
        bias: is added to every sum.
        WEIGHTS: of all kernels, row by row.
        COUNT, ROWS, COLUMNS: of kernels, and of the taps of each.
        ROW_STEP, COLUMN_STEP: rows and bytes from one tap to the next.
        LEFT: bytes added before the first of a row.
        CHANNELS: bytes per pixel.
        MODE: of the padding: 0 replicate, 1 reflect, 2 circular, 3 zeros.
        INTEGERS: sums are made of 16-bit integers, two per register.
        PACKED: the device has instructions on halves of registers, and results are within 16 bits.
        STORED: results are bytes.
        MAGNITUDE: they are of the sizes of sums.
        FINISH: as `words.scaled` has it; 0 where sums stay as they are.
        WORDS: of four bytes, per thread.
        DOWN: rows of results per program.
        BLOCK: threads per program.
        FIRST, LAST: the first and the last word that a thread's results depend on, from its own.
    """
    byte = (tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)) * (4 * WORDS)
    start = tl.program_id(1) * DOWN
    READ: tl.constexpr = DOWN + (ROWS - 1) * ROW_STEP
    SPAN: tl.constexpr = LAST - FIRST + 1
    plain = (start - above >= main_first) & (start - above + READ <= main_last)
    lines = ()
    for index in tl.static_range(READ):
        y = start + index - above
        line = main + y.to(tl.int64) * main_pitch
        if not plain:
            line = borders.address(
                first,
                second,
                third,
                first_pitch,
                second_pitch,
                third_pitch,
                ends,
                wholes,
                borders.inside(y, height, MODE),
            )
        lines = lines + (line,)
    row_bytes = width * CHANNELS
    inside = tl.minimum(byte, row_bytes - 4 * WORDS)
    read = ()
    for index in tl.static_range(READ):
        own = words.load(lines[index] + inside, WORDS)
        for place in tl.static_range(FIRST, LAST + 1):
            if place < 0:
                read = read + (words.load_word(lines[index] + tl.maximum(inside + 4 * place, 0)),)
            elif place < WORDS:
                read = read + (own[place],)
            else:
                read = read + (
                    words.load_word(lines[index] + tl.minimum(inside + 4 * place, row_bytes - 4)),
                )
    reach = (tl.program_id(0) + 1) * (BLOCK * 4 * WORDS) + 4 * (LAST + 1 - WORDS)
    edge = (tl.program_id(0) == 0) | (reach > row_bytes)
    held = ()
    for index in tl.static_range(READ):
        y = start + index - above
        for place in tl.static_range(FIRST, LAST + 1):
            word = read[index * SPAN + place - FIRST]
            if place < 0 or place >= WORDS:
                if edge:
                    at = byte + 4 * place
                    beyond = (at < 0) | (at >= row_bytes)
                    gathered = borders.gathered(lines[index], at, beyond, width, CHANNELS, MODE)
                    word = tl.where(beyond, gathered, word)
            if MODE == 3:
                word = tl.where((y >= 0) & (y < height), word, 0)
            if INTEGERS:
                held = held + (words.even_halves(word), words.odd_halves(word))
            else:
                for part in tl.static_range(4):
                    held = held + (words.byte_of(word, part),)
    for down in tl.static_range(DOWN):
        y = start + down
        good = ((byte < out_bytes) & (y < rows)).to(tl.int32)
        for kernel in tl.static_range(COUNT):
            line = out + (kernel * rows + y).to(tl.int64) * out_pitch
            made = ()
            for place in tl.static_range(WORDS):
                if INTEGERS:
                    even = tl.zeros_like(byte) + (bias.to(tl.int32) * 0x00010001 - 0x7FFF8000)
                    odd = even
                    for tap in tl.static_range(ROWS * COLUMNS):
                        if WEIGHTS[kernel * ROWS * COLUMNS + tap] != 0:
                            even += (
                                _halves(
                                    held,
                                    (down + tap // COLUMNS * ROW_STEP) * SPAN * 2,
                                    4 * (place - FIRST) + tap % COLUMNS * COLUMN_STEP - LEFT,
                                )
                                * WEIGHTS[kernel * ROWS * COLUMNS + tap]
                            )
                            odd += (
                                _halves(
                                    held,
                                    (down + tap // COLUMNS * ROW_STEP) * SPAN * 2,
                                    4 * (place - FIRST) + tap % COLUMNS * COLUMN_STEP - LEFT + 1,
                                )
                                * WEIGHTS[kernel * ROWS * COLUMNS + tap]
                            )
                if INTEGERS and STORED and PACKED and FINISH == 0:
                    made = made + (words.clipped_sums(even, odd, MAGNITUDE),)
                else:
                    sums = ()
                    for part in tl.static_range(4):
                        if INTEGERS:
                            total = words.sum_of(even, odd, part)
                        else:
                            total = tl.zeros_like(byte).to(tl.float32) + bias
                            for tap in tl.static_range(ROWS * COLUMNS):
                                if WEIGHTS[kernel * ROWS * COLUMNS + tap] != 0:
                                    total += (
                                        held[
                                            (down + tap // COLUMNS * ROW_STEP) * SPAN * 4
                                            + 4 * (place - FIRST)
                                            + part
                                            + tap % COLUMNS * COLUMN_STEP
                                            - LEFT
                                        ]
                                        * WEIGHTS[kernel * ROWS * COLUMNS + tap]
                                    )
                        if STORED:
                            total = words.scaled(
                                total, FINISH, MAGNITUDE, low, scale, divisor, inverse
                            )
                        sums = sums + (total,)
                    if not STORED:
                        for part in tl.static_range(4):
                            made = made + (sums[part].to(tl.int32, bitcast=True),)
                    elif PACKED:
                        made = made + (words.rounded(sums[0], sums[1], sums[2], sums[3]),)
                    else:
                        made = made + (words.converted(sums[0], sums[1], sums[2], sums[3]),)
            if STORED:
                words.store(line + byte, good, made, WORDS)
            else:
                for place in tl.static_range(WORDS):
                    words.store(
                        line + 4 * (byte + 4 * place),
                        ((byte + 4 * place < out_bytes) & (y < rows)).to(tl.int32),
                        (
                            made[4 * place],
                            made[4 * place + 1],
                            made[4 * place + 2],
                            made[4 * place + 3],
                        ),
                        4,
                    )
