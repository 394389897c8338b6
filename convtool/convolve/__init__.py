"""Run any `nn.Conv1d/2d/3d` on blocks of samples; the result equals the layer's own forward.

It must not know media, kernels or files. In the order that samples pass through:

    functional   `convolve(conv, tensor)`: a whole tensor in one call
    devices      where a layer runs, and the way of blocks there and back
    stream       the blocks of an input of any length: its ends padded, the halo kept
    convolution  a block, run strip by strip: responses, bias, epilogue; `per_frame` on video
    staging      the one copy that converts, pads and reorders a block

How a layer is run:

    geometry     the sizes of a layer: extent, padding, where results lie
    problem      what a layer computes, and on which input
    plan         the registry of algorithms, and the choice of the cheapest
    candidate    what an algorithm states about a problem, and the runner that it prepares
    pointwise    what an epilogue does, where a device can do it in the same pass
    costs        measured constants; `arithmetic` and `block_size`: types of sums, sizes of blocks

The algorithms, one class per file:

    direct       PyTorch's own forward (`forward`), several positions at once
    taps         shifted multiply-adds; on CUDA in one pass, by `fused`
    separable    passes along one axis after the other; `factoring` finds them, `axis_pass` runs one
    fourier      FFTs of overlapping `tiles`, by `overlap_save`
    planes       the runner of the last three

    buffers      memory that is reused for every block
    compiling    one compiled loop instead of many
"""

from convtool.convolve.convolution import Convolution, Epilogue, Step
from convtool.convolve.functional import convolve
from convtool.convolve.plan import ALGORITHMS, Plan
from convtool.convolve.staging import cut

__all__ = ["ALGORITHMS", "Convolution", "Epilogue", "Plan", "Step", "convolve", "cut"]
