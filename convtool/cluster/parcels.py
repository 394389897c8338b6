"""What is sent between the process that runs a command and the workers of a cluster.

Names, options and outcomes; no samples. Everything is pickled here, as plain bytes: Ray hands them
on without looking inside.
"""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from convtool.errors import UsageError
from convtool.layers.layer import Layer
from convtool.outputs.job import Job
from convtool.run.outcomes import Outcome
from convtool.run.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What the workers of a run need to know, sent to each of them once.

    Attributes:
        run: tells this run from all others.
        recipe: how jobs are filtered.
        digest: of everything that results depend on, as it is where the command runs.
        inputs: names of files that must not be replaced.
        folder: which relative names begin from.
        mask: the umask of new files.
        environment: variables that change what names mean.
        cores: of a task.
        gpus: of a task.
        stop: begin no job after a failed one.
        layers: send back the layers that were made.
    """

    run: str
    recipe: Recipe
    digest: str
    inputs: tuple[str, ...]
    folder: str
    mask: int
    environment: dict[str, str]
    cores: int
    gpus: float
    stop: bool
    layers: bool


@dataclass(frozen=True)
class Parcel:
    """The jobs of a task.

    Attributes:
        jobs: its jobs.
        inputs: further names of files that must not be replaced.
        again: the jobs may have begun before, in a worker that died.
    """

    jobs: Sequence[Job]
    inputs: Sequence[str] = ()
    again: bool = False


@dataclass(frozen=True)
class Result:
    """What a worker has done.

    Attributes:
        node: the id of the node that it is on.
        outcomes: of the jobs, in their order; None for those that were not begun.
        seconds: the time that they took together.
        layers: the layers that the worker has made, where they are wanted.
        error: what is wrong with the call itself, and ends the run.
    """

    node: str
    outcomes: Sequence[Outcome | None] = ()
    seconds: float = 0.0
    layers: Sequence[Layer] = field(default=())
    error: UsageError | None = None


def packed(value: object) -> bytes:
    """Return a value as bytes."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def unpacked(data: bytes) -> Any:
    """Return the value of bytes; they come from the same program in the same cluster."""
    return pickle.loads(data)  # noqa: S301  # whoever can send tasks can run any code
