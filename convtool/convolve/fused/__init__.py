"""Run taps on CUDA in one pass: bytes are read, summed, finished and written at once.

PyTorch's operations pass over the device's memory once each: convert, pad, one per tap, normalize,
round. Here the stored bytes are read once and the results written once, as a copy would do. Triton
compiles the kernel for each layer, which takes seconds, so it must be asked for.

    fitting   which layers are run so, and in which blocks
    runner    runs the kernel on a block
    pieces    where the rows of a block are
    finish    how sums become stored bytes
    kernel    Triton's side; `words` and `borders` are parts of it
"""
