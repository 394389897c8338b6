"""Name what a layer's output channels mean: labels, rules, whose channel is whose.

Nothing is computed here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from convtool.kernels.kernel import Bank, joined_rule
from convtool.options.kernel import Combine

MAX_LABEL = 80


@dataclass(frozen=True)
class NamedOutput:
    """One named output of a layer, and the folded output channels it consists of.

    Attributes:
        label: the kernel's name, or `random`.
        channels: indices of output channels, in the order of the input's where `natural`.
        natural: each channel is the filtered input channel of the same place.
        normalize: the rule of `--normalize auto`, where the medium has none of its own.
        title: what a sheet calls it: the label, or the numbers of a grid.
        random: its weights are.
    """

    label: str
    channels: tuple[int, ...]
    natural: bool
    normalize: str
    title: str
    random: bool = False


def named_outputs(
    banks: Sequence[Bank],
    combine: Combine | None,
    *,
    groups: int,
    per_group: int,
    in_channels: int,
) -> tuple[NamedOutput, ...]:
    """Return the outputs of banks side by side.

    Args:
        banks: the bank of each `-k`.
        combine: how all of them are folded into one.
        groups: of the layer.
        per_group: output channels per group, before folding.
        in_channels: of the layer.
    """
    members = _members(banks)
    if combine is not None:
        members = [_joined(members, combine)]
        per_group = 1
    elif any(bank.combine for bank in banks):
        per_group = len(members)
    natural = groups == in_channels and per_group == len(members)
    outputs = []
    for place, (label, member) in enumerate(zip(_distinct(members), members, strict=True)):
        channels = tuple(
            group * per_group + channel
            for group in range(groups)
            for channel in range(place, per_group, len(members))
        )
        outputs.append(NamedOutput(label, channels, natural, member.normalize, member.title))
    return tuple(outputs)


class _Member(NamedTuple):
    """One result of the banks."""

    label: str
    title: str
    normalize: str


def _members(banks: Sequence[Bank]) -> list[_Member]:
    members: list[_Member] = []
    for bank in banks:
        if bank.combine:
            members.append(_Member(bank.label, bank.label, bank.normalize))
        else:
            members += [_Member(each.label, each.title, each.normalize) for each in bank.kernels]
    return members


def _joined(members: Sequence[_Member], combine: Combine) -> _Member:
    label = "+".join(member.label for member in members)
    short = label if len(label) <= MAX_LABEL else combine
    return _Member(short, short, joined_rule([member.normalize for member in members], combine))


def _distinct(members: Sequence[_Member]) -> list[str]:
    """Return the labels, those that repeat an earlier one numbered: blur, blur-2."""
    seen: Counter[str] = Counter()
    distinct = []
    for label, *_ in members:
        seen[label] += 1
        distinct.append(label if seen[label] == 1 else f"{label}-{seen[label]}")
    return distinct
