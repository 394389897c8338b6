"""Options of `convtool fit`: the kernel that is looked for, and what is known of AFTER."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from convtool.options.axes import PerAxis, WholeOr
from convtool.options.declare import Axes, Need, check, option
from convtool.options.explain import MEDIA
from convtool.options.kernel import MAX_CHANNELS
from convtool.options.layer import Align
from convtool.options.numbers import read_number
from convtool.options.values import Choice, File, Kind, Text, Whole

MOST_TAPS = 2**20  # per axis; what can be solved for is limited by their product
SIZES = {"image": 5, "audio": 63, "video": 3}  # taps per axis, where none are asked for
OTHER_SIZE = 3  # of other media


class Ends(Kind):
    """Two numbers, the smaller first: `-4,4`, or `-0.498 … 0.498` as notes have it."""

    metavar = "LOW,HIGH"
    expected = "two numbers, the smaller first, such as -4,4"

    def read(self, text: str) -> tuple[float, ...]:
        """Read two numbers."""
        return tuple(read_number(part) for part in text.replace("\u2026", ",").split(","))

    def allowed(self, value: Any) -> tuple[float, float]:
        """Return two numbers, the smaller first."""
        numbers = tuple(value) if isinstance(value, list | tuple) else ()
        if len(numbers) != 2 or not numbers[0] < numbers[1]:
            raise ValueError(self.expected)
        return float(numbers[0]), float(numbers[1])


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """The kernel that is looked for, what is known of AFTER, and what is written.

    Raises:
        UsageError: a value is not allowed.
    """

    size: Axes | None = option(
        None,
        "Taps of the kernel, per axis.",
        "Kernel",
        kind=PerAxis(1, MOST_TAPS),
        usual="images 5, audio 63, video 3",
    )
    groups: int | Literal["depthwise"] | None = option(
        None,
        "Which channels are mixed: 1, all; a number of groups; 'depthwise', none, each channel has "
        "its own kernel. By default one kernel serves every channel.",
        "Kernel",
        kind=WholeOr(1, MAX_CHANNELS, word="depthwise"),
    )
    symmetric: bool = option(
        False, "Weights that mirror each other along an axis are equal.", "Kernel"
    )
    non_negative: bool = option(False, "No weight is negative.", "Kernel")
    bias: bool = option(True, "Look for a bias, too.", "Kernel")
    align: Align = option(
        "centre",
        "Where an audio kernel lies: centre, around the sample, or causal, on past samples only.",
        "Kernel",
        kind=Choice("WHERE", get_args(Align)),
        need=Need(lambda call: call["medium"] == "audio", "it is for audio"),
    )
    range: tuple[float, float] | None = option(
        None,
        "The responses that AFTER shows as black … white (audio: -1 … 1), from the note of the run "
        "that made it. Without it, AFTER holds clamped responses.",
        "Result",
        kind=Ends(),
    )
    medium: str | None = option(
        None,
        "Read both files as this medium: image, audio or video.",
        "Inputs",
        kind=Text("MEDIUM", MEDIA),
        usual="by their suffixes, else by their content",
    )
    output: Path | None = option(
        None, "Write the kernel as YAML, for -k.", "Output", "-o", kind=File()
    )
    plot: Path | None = option(
        None,
        "Draw the kernel, its gain and the residual: PNG, SVG or PDF.",
        "Look",
        kind=File(),
    )
    dpi: int = option(
        150,
        "Pixels per inch of --plot.",
        "Look",
        kind=Whole(20, 1200),
        rare=True,
        need=Need(lambda call: call["plot"] is not None, "there is no --plot"),
    )

    def __post_init__(self) -> None:
        check(self)
