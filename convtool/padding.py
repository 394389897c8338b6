"""How an input goes on beyond the ends of an axis: the padding modes, as words and values.

It must not import torch or NumPy: help and `convtool shape` need none. Which samples stand where
is worked out by `convolve.beyond`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from convtool.errors import UsageError

OWN = ("zeros", "reflect", "replicate", "circular")  # those that nn.Conv has
CONSTANT = "constant"
WORDS = (*OWN, "symmetric")  # those that are a word alone


@dataclass(frozen=True)
class Mode:
    """The padding mode of an axis.

    Attributes:
        name: one of WORDS, or `constant`.
        value: what `constant` adds; 1 is white, or full scale.
        last: what it adds to the last channel, where that is another: an opacity.
    """

    name: str = "zeros"
    value: float = 0.0
    last: float | None = None

    @property
    def fills(self) -> bool:
        """True where it adds a number, instead of samples of the input."""
        return self.name in ("zeros", CONSTANT)

    def __str__(self) -> str:
        """Return it as `--padding-mode` takes it."""
        return f"{CONSTANT}:{self.value:g}" if self.name == CONSTANT else self.name

    @classmethod
    def of(cls, text: str) -> "Mode":
        """Return the mode that a text of `--padding-mode` names, which has been checked.

        >>> Mode.of("constant:0.5").value
        0.5
        """
        name, _, value = text.partition(":")
        return cls(name, float(value)) if value else cls(name)


Modes = tuple[Mode, ...]  # one per axis


def modes_of(texts: str | Sequence[str], dims: int) -> Modes:
    """Return the mode of each axis.

    Args:
        texts: one for all axes, or one per axis.
        dims: the number of axes.

    Raises:
        UsageError: there are several, and not one per axis.

    >>> [mode.name for mode in modes_of("reflect", 2)]
    ['reflect', 'reflect']
    """
    if isinstance(texts, str):
        return (Mode.of(texts),) * dims
    if len(texts) != dims:
        axes = "1 axis" if dims == 1 else f"{dims} axes"
        raise UsageError(f"--padding-mode has {len(texts)} modes for {axes}")
    return tuple(map(Mode.of, texts))


def own(modes: Modes) -> str | None:
    """Return the one mode of nn.Conv that all axes have, or None."""
    (name, *others) = {mode.name for mode in modes}
    return name if not others and name in OWN else None


def with_opacity(modes: Modes) -> Modes:
    """Return modes for samples whose last channel is an opacity: what is added is opaque."""
    return tuple(replace(mode, last=1.0) if mode.name == CONSTANT else mode for mode in modes)


def text_of(modes: Modes) -> str:
    """Return modes as `--padding-mode` takes them.

    >>> text_of((Mode("zeros"), Mode("constant", 0.5))), text_of((Mode("reflect"),) * 2)
    ('zeros,constant:0.5', 'reflect')
    """
    texts = tuple(map(str, modes))
    return texts[0] if len(set(texts)) == 1 else ",".join(texts)
