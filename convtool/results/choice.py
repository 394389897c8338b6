"""Choose the rule that maps each output of a layer."""

from dataclasses import dataclass

from convtool.layers.outputs import NamedOutput
from convtool.results.rules import RULES, Rule

PERCENTILE = 99.5


@dataclass(frozen=True)
class Share:
    """The channels of one output.

    Attributes:
        title: of the output.
        rule: that maps them.
        channels: all of them.
        linked: those that have one range: all together, or each by itself.
    """

    title: str
    rule: Rule
    channels: list[int]
    linked: list[list[int]]


@dataclass(frozen=True)
class Choice:
    """How results are mapped, as options and the medium have it.

    Attributes:
        asked: a rule for all outputs, or `auto`.
        usual: the rule of `auto` for all outputs of the medium; None for the kernels' own.
        independent: measure each channel separately; together, colours keep their balance.
        percentile: of the sizes of responses, which `centred` maps to black and white.
        apart: random maps are each mapped by their own range, where that is not asked otherwise.
    """

    asked: str = "auto"
    usual: str | None = None
    independent: bool = False
    percentile: float = PERCENTILE
    apart: bool = False

    def share(self, output: NamedOutput, *, floats: bool) -> Share:
        """Return how an output is mapped.

        Args:
            output: of the layer.
            floats: results are stored as floats, which need no clamping.
        """
        channels = list(output.channels)
        apart = self.apart and output.random and self.asked == "auto"
        linked = [[channel] for channel in channels] if self.independent or apart else [channels]
        name = "minmax" if apart else self._name(output, floats=floats)
        return Share(output.title, RULES[name], channels, linked)

    def _name(self, output: NamedOutput, *, floats: bool) -> str:
        if self.asked != "auto":
            return self.asked
        name = self.usual or output.normalize
        return "none" if floats and name == "clamp" else name
