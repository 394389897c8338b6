"""What an epilogue makes of a response, told by its steps, so that a device can do it in one pass.

A step that is the same for all positions and channels may tell it; where one does not, the steps
are called one by one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Pointwise:
    """A result as a function of one response: (|y| - low) × scale ÷ width, stored as a byte.

    Attributes:
        magnitude: |y| instead of y.
        low: the response that becomes 0; like the others, a float32.
        scale: what the rest is multiplied with.
        width: what that is divided by.
        stored: it is rounded to even, and clipped to 0 … 255.
    """

    magnitude: bool = False
    low: float = 0.0
    scale: float = 1.0
    width: float = 1.0
    stored: bool = False

    @property
    def scales(self) -> bool:
        """True where responses do not stay what they are."""
        return (self.low, self.scale, self.width) != (0.0, 1.0, 1.0)


@runtime_checkable
class Telling(Protocol):
    """A step of an epilogue that can tell what it does."""

    def tell(self, before: Pointwise) -> Pointwise | None:
        """Return what the steps before and this one do; None where it cannot be told so."""
        ...


def pointwise(epilogue: Iterable[object]) -> Pointwise | None:
    """Return what all steps of an epilogue do; None where they do not end in stored bytes."""
    told: Pointwise | None = Pointwise()
    for step in epilogue:
        if told is None or not isinstance(step, Telling):
            return None
        told = step.tell(told)
    return told if told is not None and told.stored else None


class Listener:
    """Hears out an epilogue once, though it is used for every block; its steps stay the same."""

    def __init__(self) -> None:
        self._heard: Iterable[object] | None = None
        self._told: Pointwise | None = None

    def __call__(self, epilogue: Iterable[object]) -> Pointwise | None:
        """Return what all steps of an epilogue do."""
        if epilogue is not self._heard:
            self._heard, self._told = epilogue, pointwise(epilogue)
        return self._told
