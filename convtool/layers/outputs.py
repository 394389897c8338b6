"""Say what a layer's output channels mean: names, kinds, whose channel is whose. Nothing is computed."""

from collections.abc import Sequence
from dataclasses import dataclass

from convtool.kernels.resolve import Bank
from convtool.options.settings import Settings

MAX_LABEL = 80


@dataclass(frozen=True)
class Result:
    """One named result of a layer: which of its (folded) output channels it is made of.

    Attributes:
        label: the kernel's name, or `random`.
        channels: indices of output channels, in the order of the input's channels where `natural`.
        natural: each channel is the filtered input channel of the same place.
        kind: `random`, `signed` or `unsigned`; chooses the default mapping.
    """

    label: str
    channels: tuple[int, ...]
    natural: bool
    kind: str


def results_of(
    banks: Sequence[Bank], settings: Settings, groups: int, each: int, in_channels: int
) -> tuple[Result, ...]:
    """Return the results of banks side by side.

    Args:
        banks: what each `-k` stands for.
        settings: how they are folded.
        groups: of the layer.
        each: output channels of a group, before folding.
        in_channels: of the layer.
    """
    named: list[tuple[str, bool]] = []
    for bank in banks:
        named += (
            [(bank.label, bank.signed)]
            if bank.combine
            else [(k.label, k.signed) for k in bank.kernels]
        )
    if settings.combine:
        label = "+".join(name for name, _ in named)
        named = [
            (
                label if len(label) <= MAX_LABEL else settings.combine,
                any(signed for _, signed in named),
            )
        ]
        each = 1
    elif any(bank.combine for bank in banks):
        each = len(named)
    natural = groups == in_channels and each == len(named)
    return tuple(
        Result(
            label,
            tuple(
                group * each + m for group in range(groups) for m in range(place, each, len(named))
            ),
            natural,
            "signed" if signed else "unsigned",
        )
        for place, (label, signed) in enumerate(_distinct(named))
    )


def _distinct(named: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    seen: dict[str, int] = {}
    distinct = []
    for label, signed in named:
        seen[label] = seen.get(label, 0) + 1
        distinct.append((label if seen[label] == 1 else f"{label}-{seen[label]}", signed))
    return distinct
