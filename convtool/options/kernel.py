"""Options of the kernel: which weights a layer has."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from convtool.options.axes import PerAxis
from convtool.options.declare import Axes, Need, Situation, check, option
from convtool.options.values import Choice, File, Text, Whole

MAX_KERNEL_SIZE = 2**16
MAX_CHANNELS = 2**12
MAX_SEED = 2**63 - 1

Combine = Literal["magnitude", "max", "sum", "mean"]
Preprocess = Literal["auto", "none"]
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


def _given(call: Situation) -> bool:
    return bool(call["kernel"])


def _random(call: Situation) -> bool:
    return not call["kernel"]


KERNEL = "Preset (sobel, gaussian:sigma=3), grid ('0 -1 0; -1 5 -1; 0 -1 0')"
RANDOM = Need(_random, "--kernel gives the weights")
BANK = Need(_given, "without --kernel there is nothing to combine")


@dataclass(frozen=True, kw_only=True)
class KernelOptions:
    """Which weights the layer has: kernels by name, or random ones.

    Raises:
        UsageError: a value is not allowed.
    """

    kernel: tuple[str, ...] = option(
        (),
        {
            "": f"{KERNEL}, kernel file (my.yaml), layer (net.pt:conv1), or steps "
            "('blur -> sobel'). Repeat it for a bank. Without it, weights are random.",
            "audio": f"{KERNEL}, kernel file (my.yaml), impulse response (hall.wav), equalizer "
            "(eq:room.txt), layer (net.pt:conv1), or steps ('blur -> sobel'). Repeat it for a "
            "bank. Without it, weights are random.",
        },
        "Kernel",
        "-k",
        kind=Text("KERNEL"),
        several=True,
    )
    kernel_path: tuple[Path, ...] = option(
        (),
        "Folder of kernel files, searched before all others. Repeatable.",
        "Kernel",
        kind=File("FOLDER"),
        several=True,
        rare=True,
        need=Need(_given, "there is no --kernel to look up"),
    )
    combine: Combine | None = option(
        None,
        "Combine the results of a bank into one: magnitude, max, sum or mean.",
        "Kernel",
        kind=Choice("HOW", get_args(Combine)),
        need=BANK,
    )
    flip: bool = option(
        False,
        "Flip the kernel on every axis: true convolution. Without it, layers compute "
        "cross-correlation.",
        "Kernel",
    )
    preprocess: Preprocess = option(
        "auto",
        "What the input of a trained layer goes through before it: auto, its network's own mean "
        "and standard deviation where they are known, or none.",
        "Kernel",
        kind=Choice("HOW", get_args(Preprocess)),
        rare=True,
        need=Need(_given, "random weights are for the input as it is"),
    )
    kernel_size: Axes = option(
        3, "Size of random kernels.", "Kernel", kind=PerAxis(1, MAX_KERNEL_SIZE), need=RANDOM
    )
    out_channels: int | None = option(
        None,
        {
            "": "Output channels; with random weights 4.",
            "audio": "Output channels; with random weights as many as the input has.",
            "video": "Output channels; with random weights 3.",
            "numbers": "Output channels; with random weights 1, or as the medium of a file has.",
        },
        "Kernel",
        kind=Whole(1, MAX_CHANNELS),
    )
    init: Init = option(
        "default",
        "Initialization of random weights: PyTorch's default, or a function of torch.nn.init: "
        "uniform, normal, trunc_normal, ones, zeros, dirac, xavier_uniform, xavier_normal, "
        "kaiming_uniform, kaiming_normal or orthogonal.",
        "Kernel",
        kind=Choice("NAME", get_args(Init)),
        rare=True,
        need=RANDOM,
    )
    seed: int | None = option(
        None,
        "Seed of random weights, else chosen and printed.",
        "Kernel",
        kind=Whole(0, MAX_SEED),
        need=RANDOM,
    )

    def __post_init__(self) -> None:
        check(self)
