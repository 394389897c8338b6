"""Run any `nn.Conv1d/2d/3d` on blocks of samples; equals the layer's own forward.

It must not know media, kernels or files.

    geometry    sizes: span, padding, the output-size formula
    stream      a layer over the blocks of an input that may have no end
    problem     what a layer asks to be computed
    plan        which algorithm, block and arithmetic; `costs` says what each costs
    convolution the plan, run on one block; `per_frame` on one frame at a time
    staging     one copy that converts, pads and reorders a block
    taps · separable · fourier · direct     the algorithms; `axis_pass` is a pass of `separable`
    buffers · compiling     memory that is used again; one compiled loop for many
    devices     where it runs
"""

from convtool.convolve.convolution import Convolution, Finish, convolve
from convtool.convolve.plan import ALGORITHMS, Plan
from convtool.convolve.staging import cut

__all__ = ["ALGORITHMS", "Convolution", "Finish", "Plan", "convolve", "cut"]
