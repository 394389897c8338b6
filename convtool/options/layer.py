"""Options of the layer: the parameters of `nn.Conv`, and for audio the alignment in time."""

from dataclasses import dataclass
from typing import Literal, get_args

from convtool.options.axes import ModePerAxis, PerAxis, PerSide, WholeOr
from convtool.options.declare import Axes, Need, Padding, Situation, check, option
from convtool.options.kernel import MAX_CHANNELS
from convtool.options.values import Choice, Real

MAX_STEP = (
    2**20
)  # torch takes strides and dilations up to 2^63, and computes nonsense for large ones

Length = Literal["same", "full", "valid"]
Align = Literal["centre", "causal"]
STEPS = PerAxis(1, MAX_STEP)
MODES = "Values added: zeros, reflect, replicate, circular, symmetric or constant:V, per axis."


def _padded(call: Situation) -> bool:
    if call.get("transposed"):
        return False
    return call["padding"] not in ("valid", 0) and call.get("length") != "valid"


@dataclass(frozen=True, kw_only=True)
class LayerOptions:
    """The parameters of `nn.Conv1d/2d/3d` beside its weights.

    None stands for a kernel's own, where it comes with its layer, and else for the usual one.

    Raises:
        UsageError: a value is not allowed.
    """

    stride: Axes | None = option(
        None, "Distance between outputs, in samples.", "Layer", kind=STEPS, usual="1"
    )
    padding: Padding | None = option(
        None,
        "Samples added on each side: a number, before:after, 'same' or 'valid'.",
        "Layer",
        kind=PerSide(0, MAX_STEP, words=("same", "valid")),
        usual="same",
    )
    padding_mode: str | tuple[str, ...] | None = option(
        None,
        MODES,
        "Layer",
        kind=ModePerAxis(),
        usual={
            "": "replicate",
            "audio": "zeros",
            "numbers": "zeros; of images and video replicate",
        },
        need=Need(_padded, "nothing is padded, or the layer is transposed, which adds zeros"),
    )
    dilation: Axes | None = option(
        None, "Distance between taps, in samples.", "Layer", kind=STEPS, usual="1"
    )
    groups: int | Literal["depthwise"] | None = option(
        None,
        "Groups of channels that are not mixed: a number, or 'depthwise' for one per channel. "
        "Kernels: depthwise; random weights: 1.",
        "Layer",
        kind=WholeOr(1, MAX_CHANNELS, word="depthwise"),
    )
    bias: bool = option(True, "Use a bias: the kernel's own, or a random one.", "Layer")

    transposed: bool = option(
        False,
        "Transposed convolution (nn.ConvTranspose): --stride N makes the result N times as large.",
        "Layer",
        rare=True,
    )
    output_padding: Axes = option(
        0,
        "Positions added behind the result of a transposed layer.",
        "Layer",
        kind=PerAxis(0, MAX_STEP),
        rare=True,
        need=Need(lambda call: call["transposed"], "the layer is not transposed"),
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, kw_only=True)
class AlignmentOptions:
    """Where the kernel of an audio layer lies in time.

    Raises:
        UsageError: a value is not allowed.
    """

    length: Length = option(
        "same",
        "Length of the result: same as the input, full, with the tail of the kernel, or valid, "
        "without padding.",
        "Layer",
        kind=Choice("LENGTH", get_args(Length)),
    )
    align: Align | None = option(
        None,
        "Where the kernel lies: centre, around the sample, or causal, on past samples only. "
        "Default: centre; causal for echoes and impulse responses.",
        "Layer",
        kind=Choice("WHERE", get_args(Align)),
    )
    wet: float = option(
        1.0,
        "Share of the result in a mix with the input, from 0 to 1; the input is delayed to match.",
        "Result",
        kind=Real("a number from 0 to 1", 0, 1, "SHARE"),
    )

    def __post_init__(self) -> None:
        check(self)
