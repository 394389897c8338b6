"""The grammar of chains: steps of `-k`, each a kernel or a plain step, with options of its own.

    STEP -> STEP -> …      STEP: KERNEL[NAME=VALUE,…]      PLAIN: relu, max-pool:2, …

Only texts are parsed, and kernels asked whether they are chains themselves.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from convtool.errors import KernelError
from convtool.kernels.grammar import split_head
from convtool.kernels.spec import parse

MAX_STEPS = 64
MAX_DEPTH = 8  # of chains in chains
FUNCTIONS = ("relu", "abs", "sigmoid", "tanh", "to-linear", "to-srgb")
SCALES = ("max-pool", "avg-pool", "upsample")  # with a number

_ARROW = re.compile(r"\s*(?:->|→)\s*")
_OPTIONS = re.compile(r"(?P<step>.*?)\s*\[(?P<options>\s*[a-z-]+\s*=[^\[\]]*)\]", re.DOTALL)
_NEXT = re.compile(r",\s*(?=[a-z-]+\s*=)")  # a comma before a name, not one between numbers


@dataclass(frozen=True)
class StepText:
    """One step of a chain.

    Attributes:
        text: a kernel as `-k` takes it, or a plain step.
        options: names and values of layer options, as they were given.
    """

    text: str
    options: tuple[tuple[str, str], ...] = ()

    @property
    def plain(self) -> bool:
        """True for a step without weights."""
        return split_head(self.text)[0] in FUNCTIONS + SCALES


def steps_of(text: str, search: Sequence[Path] = ()) -> list[StepText]:
    """Return the steps of a text of `-k`; one for a kernel.

    Args:
        text: it may name kernel files that are chains.
        search: folders of kernel files that come before the search path.

    Raises:
        KernelError: a step is empty, has an option twice, or there are too many.

    >>> [step.text for step in steps_of("blur[stride=2,1, padding=0] -> relu")]
    ['blur', 'relu']
    >>> steps_of("blur[stride=2,1, padding=0]")[0].options
    (('stride', '2,1'), ('padding', '0'))
    """
    steps = _steps(text, search, MAX_DEPTH)
    if len(steps) > MAX_STEPS:
        raise KernelError(f"a chain has at most {MAX_STEPS} steps, not {len(steps)}")
    return steps


def files_of(text: str, search: Sequence[Path] = (), depth: int = MAX_DEPTH) -> list[Path]:
    """Return the files that the kernels of a text are read from.

    Raises:
        KernelError: there is no such kernel, or the text is wrong.
    """
    found: list[Path] = []
    for step in map(_step, _parts(text)):
        if not step.plain:
            spec = parse(step.text)
            found += spec.files(search)
            for inner in spec.steps(search) if depth else ():
                found += files_of(inner, search, depth - 1)
    return found


def _parts(text: str) -> list[str]:
    parts = _ARROW.split(text.strip())
    if not all(parts) and len(parts) > 1:
        raise KernelError(f"kernel '{text}': a step is missing before or behind '->'")
    return parts


def _steps(text: str, search: Sequence[Path], depth: int) -> list[StepText]:
    steps: list[StepText] = []
    for step in map(_step, _parts(text)):
        inner = () if step.plain else parse(step.text).steps(search)
        if not inner:
            steps.append(step)
        elif step.options:
            raise KernelError(f"kernel '{step.text}' is a chain: options belong to its steps")
        elif not depth:
            raise KernelError(f"kernel '{step.text}': chains are nested more than {MAX_DEPTH} deep")
        else:
            for each in inner:
                steps += _steps(each, search, depth - 1)
    return steps


def _step(text: str) -> StepText:
    match = _OPTIONS.fullmatch(text)
    if match is None:
        return StepText(text)
    options: dict[str, str] = {}
    for part in _NEXT.split(match["options"]):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name in options:
            raise KernelError(f"kernel '{text}': option '{name}' is given twice")
        options[name] = value.rstrip(",").strip()
    return StepText(match["step"].strip(), tuple(options.items()))
