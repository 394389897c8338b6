"""Say what the data tells about weights, and what it does not."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convtool.fit.solve import Solution
from convtool.sizes import counted

KNOWN = 0.99  # of a weight that comes from the data: it is known to a tenth of the usual weight
ALIKE = 0.02  # by which the shares of weights differ that cannot be told apart
MOST = 512  # weights that are compared with each other
LISTED = 4  # weights, or groups of them, that are named
LINES = {  # what the weights along an axis are called
    1: ("",),
    2: ("column", "row"),
    3: ("line along time", "column of a frame", "row of a frame"),
}

Groups = list[list[int]]


def is_known(solution: Solution) -> NDArray[np.bool_]:
    """Return whether each weight is known. Shape: (W,)"""
    return solution.known >= KNOWN


def unknown(solution: Solution, inputs: int, size: Sequence[int]) -> list[str]:
    """Return what the data does not tell, in sentences; none where all weights are known.

    Args:
        solution: of a system.
        inputs: channels that its windows have.
        size: taps per axis.
    """
    missing = np.flatnonzero(~is_known(solution))
    count = len(solution.weights)
    if not len(missing):
        return []
    if solution.known.max() < 1e-9:
        return ["no weight is known: BEFORE is zero wherever it was looked at"]
    groups = _groups(solution, missing.tolist())
    sums = [group for group in groups if _is_told(solution, group)]
    whole = inputs == 1 and len(sums) == 1 and len(sums[0]) == count
    if whole:
        total = float(solution.weights.sum())
        told = f"only the sum of the weights is known, {total:.4g}"
        return [f"{told}; not how the {count} divide it, which share it evenly here"]
    names = [_name(place, inputs, size) for place in missing[:LISTED].tolist()]
    lines = [f"not known by itself: {_listed(names, len(missing))}"]
    if len(missing) == count > 1:
        lines = ["no weight is known by itself"]
    if sums:
        lines.append(f"known is the sum of {_told(sums, inputs, size)}; they share it evenly here")
    if left := len(missing) - sum(map(len, sums)):
        lines.append(f"{counted(left, 'weight')} could be anything: kept small here")
    return lines


def _groups(solution: Solution, places: list[int]) -> Groups:
    """Return weights that the data cannot tell apart, together."""
    groups: Groups = []
    for place in places[:MOST]:
        row = solution.shares[place]
        for group in groups:
            if np.abs(solution.shares[group[0]] - row).max() < ALIKE * np.abs(row).max():
                group.append(place)
                break
        else:
            groups.append([place])
    return groups


def _is_told(solution: Solution, group: list[int]) -> bool:
    """Return whether the sum of some weights is known."""
    inside = solution.shares[np.ix_(group, group)]
    return len(group) > 1 and float(inside.sum()) / len(group) >= KNOWN


def _told(sums: Groups, inputs: int, size: Sequence[int]) -> str:
    """Return which sums of weights are known."""
    names = LINES[len(size)]
    places = np.arange(inputs * int(np.prod(size))).reshape(inputs, *size)
    found = sorted(map(tuple, sums))
    for axis, name in enumerate(names, start=1):
        lines = np.moveaxis(places, axis, -1).reshape(-1, size[axis - 1])
        if name and found == sorted(map(tuple, lines.tolist())):
            return f"each {name}"
    texts = [
        " + ".join(_name(place, inputs, size) for place in group[:LISTED])
        + (" + …" if len(group) > LISTED else "")
        for group in sums[:LISTED]
    ]
    return f"{_listed(texts, len(sums))}"


def _listed(names: list[str], count: int) -> str:
    more = f" and {count - len(names)} more" if count > len(names) else ""
    return ", ".join(names) + more


def _name(place: int, inputs: int, size: Sequence[int]) -> str:
    """Return the place of a weight: its tap, counted from 0, and its input channel if several."""
    channel, *taps = np.unravel_index(place, (inputs, *size))
    at = ",".join(str(int(tap)) for tap in taps)
    text = f"tap {at}" if len(taps) == 1 else f"({at})"
    return f"{text} of channel {int(channel)}" if inputs > 1 else text
