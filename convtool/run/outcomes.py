"""Count what happened to each input; the exit code is derived from the counts. It prints nothing."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Outcome:
    """What happened to one input.

    Attributes:
        input: its name.
        status: `done`, `planned` where nothing was to be written, `skipped` where it was done before, or `failed` with
            an error.
        outputs: the files written.
        notes: what a user should know: conversions, losses.
        error: what went wrong.
        hint: what to do about it.
        seconds: how long it took.
        seed: of random weights.
        algorithm: how the layer was run and why, where it was.
        bytes: the size of the input.
        plan: what would be done, where nothing was: shapes, cost, algorithm.
    """

    input: str
    status: Literal["done", "planned", "skipped", "failed"]
    outputs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error: str | None = None
    hint: str | None = None
    seconds: float = 0.0
    bytes: int = 0
    seed: int | None = None
    algorithm: str | None = None
    plan: dict[str, str | int] | None = None


@dataclass(frozen=True)
class Step:
    """How far an input has come that takes a while.

    Attributes:
        input: its name.
        doing: `measuring` or `filtering`.
        done: samples of a sound, or frames of a film.
        whole: how many there are.
        rate: of a sound's samples, which are counted in seconds.
    """

    input: str
    doing: str
    done: int
    whole: int
    rate: float | None = None


@dataclass
class Report:
    """All outcomes of a run."""

    outcomes: list[Outcome] = field(default_factory=list)

    def count(self, status: str) -> int:
        """Return how many inputs had this outcome."""
        return sum(outcome.status == status for outcome in self.outcomes)

    @property
    def exit_code(self) -> int:
        """0 if all inputs are done, 1 if some failed."""
        return 1 if self.count("failed") else 0
