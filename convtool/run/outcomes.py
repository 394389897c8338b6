"""What happened to each input, and how far it has come. Nothing is printed here.

The exit code of a run is derived from its outcomes.
"""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Literal

Status = Literal["done", "planned", "skipped", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What happened to one input.

    Attributes:
        input: its name.
        status: `done`; `planned` by a dry run; `skipped` where its outputs are up to date; or
            `failed` with an error.
        outputs: the files written, or those that a dry run would write.
        notes: what a user should know: conversions, losses.
        error: what went wrong.
        hint: what to do about it.
        seconds: the time it took.
        bytes: the size of the input.
        seed: of random weights.
        algorithm: the name of the algorithm that ran the layer.
        estimates: why that one, for people.
        traceback: where an exception was raised that nobody foresaw, for developers.
        segments: how many it was divided into; None where it was filtered whole.
        plan: the shapes, cost and algorithm that a dry run predicts.
        node: the name of the machine of a cluster that filtered it.
        witness: who watched it; what it has seen is no part of the record.
    """

    input: str
    status: Status
    outputs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error: str | None = None
    hint: str | None = None
    seconds: float = 0.0
    bytes: int = 0
    seed: int | None = None
    algorithm: str | None = None
    estimates: str | None = None
    traceback: str | None = None
    segments: int | None = None
    plan: dict[str, str | int] | None = None
    node: str | None = None
    witness: Any = None


@dataclass(frozen=True)
class Progress:
    """How far a long input has come.

    Attributes:
        input: its name.
        activity: `measuring` or `filtering`.
        done: audio samples or video frames that are done.
        total: how many there are.
        rate: of audio samples, per second; None where frames are counted.
    """

    input: str
    activity: str
    done: int
    total: int
    rate: float | None = None


class Report:
    """The outcomes of a run: counted, and those that failed.

    Attributes:
        failures: the outcomes with an error, in order.
        bytes: the size of all inputs.
    """

    def __init__(self) -> None:
        self.failures: list[Outcome] = []
        self.bytes = 0
        self._counts: Counter[Status] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Add the next outcome."""
        self._counts[outcome.status] += 1
        self.bytes += outcome.bytes
        if outcome.error is not None:
            self.failures.append(replace(outcome, witness=None))

    def count(self, status: Status) -> int:
        """Return how many inputs had this outcome."""
        return self._counts[status]

    @property
    def total(self) -> int:
        """How many inputs had any outcome."""
        return self._counts.total()

    @property
    def exit_code(self) -> int:
        """1 if any input failed, else 0."""
        return 1 if self.count("failed") else 0
