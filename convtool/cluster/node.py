"""Where a worker is; and nothing that would import more."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """A machine of a cluster.

    Attributes:
        id: its id in the cluster.
        place: its name and address, which no other machine has.
    """

    id: str
    place: str
