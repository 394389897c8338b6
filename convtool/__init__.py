"""Filter pictures, sound and film with real PyTorch convolution layers.

    >>> import convtool, torch
    >>> convtool.apply(torch.zeros(1, 3, 8, 8), kernel="sobel-x").shape
    torch.Size([1, 3, 8, 8])

The way through the house, each room calling only those further down:

    cli         the command line: the only prints, the only exit
    api         `apply`, the same work from Python
    batch       many jobs at once
    pipeline    one job, start to end; `preview` says what it would do, `targets` and `jobs` name the files,
                `report` counts, `made` remembers, `atomic` writes; `filter`: the layers that settings ask for,
                run over an input
    media       Source and Sink of each medium; `callbacks` keeps errors and signals out of foreign libraries';
                `ahead`: steps that overlap
    normalize   raw results → a range that can be seen; `levels`: stored integers ↔ floats; `clips` does both
    stream      a layer over blocks of an endless input
    convolve    a layer on one block, by the algorithm that is planned; `devices`: where
    layers      kernels + options → one nn.Conv; `placing`: where kernels lie; `results`: what channels mean;
                `banks`: many kernels → one result; `geometry`: sizes; `spectrum`: what a kernel does to frequencies
    kernels     what -k says → weights; `grammar`: its words; `kernelfile` and `presets`: files and where they
                lie; `generators`: parametric kernels
    settings    every option, once; `options`: how one is declared and read
    warm        how to ask the process that has torch imported
    files       open inputs; `memory`: the budget of a run
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

TYPE_CHECKING = False  # and not typing's, whose import is a third of the time that a warm call takes to ask
if TYPE_CHECKING:
    from convtool.api import apply
    from convtool.kernels import Bank, Kernel, resolve
    from convtool.layers import Layer, build
    from convtool.settings import Settings
    from convtool.stream import Stream

__version__ = "0.1.0"

__all__ = [
    "Bank",
    "ConvtoolError",
    "Kernel",
    "KernelError",
    "Layer",
    "LayerError",
    "LimitError",
    "ReadError",
    "Settings",
    "Stream",
    "UsageError",
    "WriteError",
    "apply",
    "build",
    "resolve",
]

# Loaded at first use: the command line asks for this package before it knows whether it needs torch.
_ROOMS = {
    "apply": "api",
    "Bank": "kernels",
    "Kernel": "kernels",
    "resolve": "kernels",
    "Layer": "layers",
    "build": "layers",
    "Settings": "settings",
    "Stream": "stream",
}


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module 'convtool' has no attribute '{name}'")
    from importlib import import_module  # noqa: PLC0415  # only where something is looked up

    return getattr(import_module(f"convtool.{_ROOMS[name]}"), name)
