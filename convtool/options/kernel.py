"""Options of the kernel: which weights a layer has."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from convtool.errors import UsageError
from convtool.options.declare import Axes, axes, check_choice, check_whole, option

MAX_KERNEL_SIZE = 2**16
MAX_CHANNELS = 2**12
MAX_SEED = 2**63 - 1

Combine = Literal["magnitude", "max", "sum", "mean"]
Init = Literal[
    "default",
    "uniform",
    "normal",
    "trunc_normal",
    "ones",
    "zeros",
    "dirac",
    "xavier_uniform",
    "xavier_normal",
    "kaiming_uniform",
    "kaiming_normal",
    "orthogonal",
]


@dataclass(frozen=True, kw_only=True)
class KernelOptions:
    """Which weights the layer has: kernels by name, or random ones.

    Raises:
        UsageError: a value is out of bounds, or two contradict each other.
    """

    kernel: tuple[str, ...] = option(
        (),
        "Preset, NAME:PARAMETER=VALUE, YAML file, grid such as '0 -1 0; -1 5 -1; 0 -1 0', or, "
        "for audio, an impulse response such as hall.wav. Repeat it for a bank. Without it, "
        "weights are random.",
        "Kernel",
        "--kernel",
        "-k",
        metavar="KERNEL",
    )
    kernel_path: tuple[Path, ...] = option(
        (),
        "Folder of kernel files, searched before all others. Repeatable.",
        "Kernel",
        metavar="FOLDER",
    )
    combine: Combine | None = option(None, "Combine the results of a bank into one.", "Kernel")
    flip: bool = option(
        False,
        "Flip the kernel on every axis: true convolution. Without it, layers compute "
        "cross-correlation.",
        "Kernel",
        "--flip",
    )
    kernel_size: Axes = option(3, "Size of random kernels.", "Kernel", **axes())
    out_channels: int | None = option(
        None,
        "Output channels. Random weights: 4 for images, 3 for video, and for audio as many as the "
        "input has.",
        "Kernel",
    )
    init: Init = option(
        "default",
        "Initialization of random weights: PyTorch's default, or a function of torch.nn.init.",
        "Kernel",
    )
    seed: int | None = option(
        None, "Seed of random weights; chosen and printed if not given.", "Kernel"
    )

    def __post_init__(self) -> None:
        check_whole("kernel-size", self.kernel_size, 1, MAX_KERNEL_SIZE)
        check_whole("out-channels", self.out_channels, 1, MAX_CHANNELS)
        check_whole("seed", self.seed, 0, MAX_SEED)
        check_choice("init", self.init, Init)
        check_choice("combine", self.combine, Combine)
        if self.kernel and (self.kernel_size != 3 or self.init != "default"):
            raise UsageError(
                "--kernel-size and --init make random weights, and there is a --kernel"
            )
        if self.combine and not self.kernel:
            raise UsageError("--combine folds a bank of kernels, and there is no --kernel")
