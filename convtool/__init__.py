"""Filter images, audio and video with real PyTorch convolution layers.

    >>> import convtool, torch
    >>> convtool.apply(torch.zeros(1, 3, 8, 8), kernel="sobel-x").shape
    torch.Size([1, 3, 8, 8])

The way through the house, each package calling only those further down:

    cli         the command line: the only prints, the only exit
    api         `apply`, the same work from Python
    warm        the process that keeps torch imported, and the way to ask it
    fit         the kernel that turns one file into another
    look        what a layer did, worked out and explained
    run         one job from start to end, and many at once
    outputs     where results go: jobs, targets, atomic writes, the manifest
    results     raw responses → stored samples: fold, normalize, quantize
    media       the contract of readers and writers; image, audio, video
    layers      kernels + options → one nn.Conv, and what its channels mean
    kernels     what -k says → weights
    convolve    any nn.Conv on blocks of samples
    start       torch imported sooner, by putting off what a filter does not use
    options     every option, declared once
    levels      stored integers ↔ floats; `sizes`: of a layer; `limits`: the memory of a run
    system      what operating systems differ in for files
    errors      what can go wrong, for people
"""

from convtool.errors import (
    ConvtoolError,
    KernelError,
    LayerError,
    LimitError,
    ReadError,
    UsageError,
    WriteError,
)

TYPE_CHECKING = (
    False  # and not typing's, whose import is a third of the time that a warm call takes to ask
)
if TYPE_CHECKING:
    from convtool.api import apply
    from convtool.convolve.stream import Stream
    from convtool.kernels.kernel import Bank, Kernel
    from convtool.kernels.resolve import resolve
    from convtool.layers.build import build
    from convtool.layers.layer import Layer
    from convtool.look.notebook import show
    from convtool.options.options import Options

__version__ = "0.1.0"

__all__ = [
    "Bank",
    "ConvtoolError",
    "Kernel",
    "KernelError",
    "Layer",
    "LayerError",
    "LimitError",
    "Options",
    "ReadError",
    "Stream",
    "UsageError",
    "WriteError",
    "apply",
    "build",
    "resolve",
    "show",
]

# Loaded at first use: the command line imports this package before it knows if it needs torch.
_ROOMS = {
    "apply": "api",
    "Bank": "kernels.kernel",
    "Kernel": "kernels.kernel",
    "resolve": "kernels.resolve",
    "Layer": "layers.layer",
    "build": "layers.build",
    "Options": "options.options",
    "Stream": "convolve.stream",
    "show": "look.notebook",
}


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module 'convtool' has no attribute '{name}'")
    from importlib import import_module  # noqa: PLC0415  # only where something is looked up

    return getattr(import_module(f"convtool.{_ROOMS[name]}"), name)
