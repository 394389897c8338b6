"""Map a layer's raw responses to the range that can be seen or heard, each output by its own rule.

Nothing here knows stored integers (`levels` does), and nothing decides when a file is complete
(`pipeline` does).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from convtool.layers.layer import Layer
from convtool.results.choice import Choice, Share
from convtool.results.ranges import Extremes, Found, Sizes
from convtool.results.rules import RULES, Rule, Span

# Of the range that a kernel can reach: the least that `centred` stretches to black … white. With
# less, the noise of even surfaces would be as bright as the edges of a photo.
LEAST_SHARE = 1 / 32
FEW = 100  # positions up to which all are measured
MOST_NOTED = 4  # outputs whose ranges a note states


@dataclass(frozen=True)
class Mapping:
    """How the responses of one channel are mapped, for people to see.

    Attributes:
        rule: its name.
        low: the response, in units of 1, that becomes black, or the end of audio; None where the
            rule uses no range.
        high: the one that becomes white.
        centred: results lie in -1…1 instead of 0…1.
        clipped: what lies beyond the range is clipped.
    """

    rule: str
    low: float | None
    high: float | None
    centred: bool
    clipped: bool


class Normalizer:
    """The mapping of all of a layer's outputs, each by its own rule and range.

    Args:
        layer: whose responses are mapped.
        choice: of the rules.
        centred: the medium lies around zero.
        floats: the results are stored as floats.
        scale: the result that 1 is mapped to.
        clip: clip what lies beyond the range; False where quantizing does.
    """

    def __init__(
        self,
        layer: Layer,
        choice: Choice,
        *,
        centred: bool = False,
        floats: bool = False,
        scale: float = 1,
        clip: bool = True,
    ) -> None:
        self._shares = [choice.share(output, floats=floats) for output in layer.outputs]
        self._percentile, self._centred = choice.percentile, centred
        self._scale, self._clip = scale, clip
        # float64: exact in other units, too
        low, high = (limit.double() for limit in layer.output_range(centred=centred))
        for channels in self._groups():
            low[channels], high[channels] = low[channels].amin(), high[channels].amax()
        self._low, self._high = low, high
        self._extremes = Extremes()
        self._sizes = [
            (channels, Sizes(LEAST_SHARE * float(high[channels[0]] - low[channels[0]])))
            for channels in self._groups("sizes")
        ]

    @property
    def needs_range(self) -> bool:
        """True where `measure` must be given the input before the first mapping."""
        return any(share.rule.measured for share in self._shares)

    def every(self, sampling: int, length: int) -> int:
        """Return which positions need to be measured: each, or one of `sampling`.

        Args:
            sampling: of the medium.
            length: positions of the input along its leading axis.
        """
        exact = any(share.rule.measured == "extremes" for share in self._shares)
        return 1 if exact or length <= FEW else sampling

    def measure(self, blocks: Iterable[Tensor], unit: float = 1) -> None:
        """Find the range of each channel in all of `blocks`, and in any measured before.

        Args:
            blocks: responses.
            unit: the response that stands for 1.

        Shape: blocks (N, C, *S)
        """
        by_extremes = self._groups("extremes")
        for block in blocks:
            if by_extremes:
                self._extremes.add(block, unit)
            for channels, sizes in self._sizes:
                whole = len(channels) == block.shape[1]
                sizes.add(block if whole else block[:, channels], unit)
        self._settle()

    @property
    def found(self) -> Found:
        """What has been measured so far."""
        return Found(self._extremes.found, [sizes.found for _, sizes in self._sizes])

    def take(self, founds: Iterable[Found]) -> None:
        """Find the range of each channel in what others like this one have measured together."""
        for found in founds:
            self._extremes.take(found.extremes)
            for (_, sizes), counts in zip(self._sizes, found.sizes, strict=True):
                sizes.take(counts)
        self._settle()

    def _settle(self) -> None:
        """Take the ranges of what has been measured, if anything has."""
        if self._extremes.found is not None:
            for channels in self._groups("extremes"):
                self._low[channels], self._high[channels] = self._extremes.limits(channels)
        for channels, sizes in self._sizes:
            if sizes.found:
                size = sizes.percentile(self._percentile)
                self._low[channels], self._high[channels] = -size, size

    def __call__(self, block: Tensor, unit: float = 1) -> Tensor:
        """Map one block of responses, which may be written to. Shape: (N, C, *S), kept

        Args:
            block: responses.
            unit: the response that stands for 1.
        """
        stays_whole = unit == self._scale and all(share.rule.whole for share in self._shares)
        if not block.is_floating_point() and not stays_whole:
            block = block.float()
        first = self._shares[0].rule
        if all(share.rule is first for share in self._shares):
            return self._map(first, block, unit, range(len(self._low)))
        mapped = torch.empty_like(block)
        for share in self._shares:
            values = block[:, share.channels]
            mapped[:, share.channels] = self._map(share.rule, values, unit, share.channels)
        return mapped

    def span(self, unit: float) -> tuple[Rule, Span] | None:
        """Return the rule and the range of all channels; None where they have not the same."""
        limits = (torch.stack([self._low, self._high]) * unit).float()
        rules = {share.rule for share in self._shares}
        if len(rules) > 1 or self._centred or self._clip or (limits != limits[:, :1]).any():
            return None
        return rules.pop(), Span(unit, self._scale, limits[0, 0], limits[1, 0])

    def mapping(self, channel: int) -> Mapping:
        """Return how the responses of a channel are mapped; ranges are known after `measure`."""
        share = next(share for share in self._shares if channel in share.channels)
        name = next(name for name, rule in RULES.items() if rule is share.rule)
        low, high = float(self._low[channel]), float(self._high[channel])
        clipped = self._clip and share.rule.ends
        if not share.rule.ranged:
            return Mapping(name, None, None, self._centred, clipped)
        return Mapping(name, low, high, self._centred, clipped)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of it: which responses are shown as black and white."""
        ranged = [share for share in self._shares if share.rule.ranged]
        if not ranged or self._centred:
            return ()
        if len(self._shares) == 1:
            return (f"{self._shown(ranged[0])} shown as black … white",)
        shown = [f"{self._shown(share)} ({share.title})" for share in ranged[:MOST_NOTED]]
        if len(ranged) > MOST_NOTED:
            shown.append(f"and {len(ranged) - MOST_NOTED} more")
        return (f"shown as black … white: {', '.join(shown)}",)

    def _shown(self, share: Share) -> str:
        if len(share.linked) > 1:
            return "the range of each channel"
        low, high = (float(ends[share.channels[0]]) for ends in (self._low, self._high))
        return f"{low:.3g} … {high:.3g}".replace("-", "\N{MINUS SIGN}")

    def _groups(self, measured: str | None = None) -> list[list[int]]:
        """Return the channels that have one range: all, or those that are measured by something."""
        shares = [share for share in self._shares if measured in (None, share.rule.measured)]
        return [channels for share in shares for channels in share.linked]

    def _map(self, rule: Rule, values: Tensor, unit: float, channels: Sequence[int]) -> Tensor:
        low, high = self._range(values, unit, channels) if rule.ranged else (values, values)
        span = Span(unit, self._scale, low, high)
        mapped = rule.map_centred(values, span) if self._centred else rule.map(values, span)
        if self._clip and rule.ends:
            mapped = mapped.clamp_(-self._scale if self._centred else 0, self._scale)
        return mapped

    def _range(self, values: Tensor, unit: float, channels: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return the range of each channel, or of all where it is the same, which is faster."""
        limits = torch.stack([self._low, self._high])[:, list(channels)] * unit
        if bool((limits == limits[:, :1]).all()):
            limits = limits[:, :1]
        axes = (1,) * (values.ndim - 2)
        low, high = limits.to(values.device, values.dtype).reshape(2, -1, *axes)
        return low, high
