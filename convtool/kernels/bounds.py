"""The limits of kernels and kernel files, each stated once; both are untrusted.

It must not import anything: every other module of the package may need it.
"""

MAX_WEIGHTS = 2**20  # of one kernel
MAX_WEIGHT = 1e12  # sums of MAX_WEIGHTS such numbers, and their magnitudes, stay finite in float32
MAX_LAYER_WEIGHTS = 2**26  # of a layer: all its kernels, for all channels
MAX_TAPS = 2**22  # of an impulse response: 95 s at 44.1 kHz

MAX_FILE_BYTES = 4 * 2**20
MAX_NESTING = 8  # lists and mappings within each other
MAX_BANK_MEMBERS = 64
MAX_BANK_DEPTH = 4  # banks within each other
