"""Name what a layer's output channels mean: labels, kinds, whose channel is whose.

Nothing is computed here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from convtool.kernels.kernel import Bank
from convtool.options.kernel import Combine

MAX_LABEL = 80


@dataclass(frozen=True)
class NamedOutput:
    """One named output of a layer, and the folded output channels it consists of.

    Attributes:
        label: the kernel's name, or `random`.
        channels: indices of output channels, in the order of the input's where `natural`.
        natural: each channel is the filtered input channel of the same place.
        kind: `random`, `signed` or `unsigned`; chooses the default normalization.
    """

    label: str
    channels: tuple[int, ...]
    natural: bool
    kind: str


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
    named = _names_and_kinds(banks)
    if combine is not None:
        named = [_joined(named, combine)]
        per_group = 1
    elif any(bank.combine for bank in banks):
        per_group = len(named)
    natural = groups == in_channels and per_group == len(named)
    outputs = []
    for place, (label, kind) in enumerate(_distinct(named)):
        channels = tuple(
            group * per_group + member
            for group in range(groups)
            for member in range(place, per_group, len(named))
        )
        outputs.append(NamedOutput(label, channels, natural, kind))
    return tuple(outputs)


def _names_and_kinds(banks: Sequence[Bank]) -> list[tuple[str, str]]:
    named: list[tuple[str, str]] = []
    for bank in banks:
        members = [bank] if bank.combine else bank.kernels
        named += [(each.label, "signed" if each.signed else "unsigned") for each in members]
    return named


def _joined(named: Sequence[tuple[str, str]], combine: Combine) -> tuple[str, str]:
    label = "+".join(name for name, _ in named)
    kinds = [kind for _, kind in named]
    short = label if len(label) <= MAX_LABEL else combine
    return short, "signed" if "signed" in kinds else "unsigned"


def _distinct(named: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the names, those that repeat an earlier one numbered: blur, blur-2."""
    seen: Counter[str] = Counter()
    distinct = []
    for label, kind in named:
        seen[label] += 1
        distinct.append((label if seen[label] == 1 else f"{label}-{seen[label]}", kind))
    return distinct
