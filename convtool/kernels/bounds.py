"""The limits of kernels and kernel files, each stated once, and the check of nested weights.

Both are untrusted. It must not import anything: every other module of the package may need it.
"""

MAX_WEIGHTS = 2**20  # of one kernel
MAX_WEIGHT = 1e12  # sums of MAX_WEIGHTS such numbers, and their magnitudes, stay finite in float32
MAX_LAYER_WEIGHTS = 2**26  # of a layer: all its kernels, for all channels
MAX_TAPS = 2**22  # of an impulse response: 95 s at 44.1 kHz

MAX_FILE_BYTES = 4 * 2**20
MAX_TENSOR_BYTES = 4 * 2**30  # of a file of tensors, whose numbers are read one tensor at a time
MAX_TENSORS = 2**16  # in one file
MAX_PICKLE_BYTES = 16 * 2**20  # of what PyTorch's files say of their tensors
MAX_NESTING = 8  # lists and mappings within each other
MAX_BIASES = 2**12  # as many as a layer has output channels
MAX_BANK_MEMBERS = 64
MAX_BANK_DEPTH = 4  # banks within each other


def grid_shape(grid: object) -> tuple[int, ...]:
    """Return the shape of nested lists of finite numbers.

    Raises:
        ValueError: the lists are ragged or empty, or hold anything but finite numbers.

    >>> grid_shape([[1, 2, 3], [4, 5, 6]])
    (2, 3)
    """
    if isinstance(grid, bool) or not isinstance(grid, list | int | float):
        problem = f"weights are numbers in nested lists, not {grid!r}"
        raise ValueError(problem)  # noqa: TRY004  # pydantic reports ValueError
    if not isinstance(grid, list):
        if not abs(grid) <= MAX_WEIGHT:  # as a comparison: integers may be too large for a float
            raise ValueError(f"weights are finite and at most {MAX_WEIGHT:g} in size, not {grid!r}")
        return ()
    shapes = {grid_shape(item) for item in grid}
    if not shapes:
        raise ValueError("a list of weights is empty")
    if len(shapes) > 1:
        raise ValueError("rows differ in length")
    return (len(grid), *shapes.pop())
