"""The contract of loaders: the spec that one parses, and the request that it answers.

A loader is one kind of `-k`: it claims a text, parses it, and makes weights of it. Adding a kind is
one module with a loader, and its place in the list of `spec`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from convtool.kernels.grammar import Parameters
from convtool.kernels.kernel import Bank


@dataclass(frozen=True)
class Request:
    """What kernels are loaded for.

    Attributes:
        dims: spatial axes of the input: 1 audio, 2 images, 3 video.
        search: folders of kernel files that come before the search path.
        rate: samples per second, for kernels in Hz and seconds; None where there is no time.
        in_channels: channels of the input, for impulse responses.
    """

    dims: int
    search: tuple[Path, ...] = ()
    rate: float | None = None
    in_channels: int = 1


class Loader(Protocol):
    """One kind of kernel text."""

    def claims(self, text: str) -> bool:
        """Return whether a text is of this kind; the first loader that claims it gets it."""

    def parse(self, text: str) -> "KernelSpec":
        """Parse a text that was claimed.

        Raises:
            KernelError: its syntax is wrong.
        """

    def load(self, spec: "KernelSpec", request: Request) -> Bank:
        """Return the kernels of a spec.

        Raises:
            KernelError: there is no such kernel, or it does not fit the request.
        """

    def dimensions(self, spec: "KernelSpec", search: Sequence[Path]) -> tuple[int, ...]:
        """Return the dimensions that there are weights for; a request may lift them to more.

        Raises:
            KernelError: there is no such kernel.
        """

    def files(self, spec: "KernelSpec", search: Sequence[Path]) -> list[Path]:
        """Return the files that `load` reads.

        Raises:
            KernelError: there is no such kernel.
        """

    def steps(self, spec: "KernelSpec", search: Sequence[Path]) -> Sequence[str]:
        """Return the texts of the steps of a chain; none of what `load` has kernels for.

        Raises:
            KernelError: it is a chain, and something is wrong with it.
        """


@dataclass(frozen=True)
class KernelSpec:
    """The text of one `-k`, parsed.

    Attributes:
        text: as it was given.
        loader: the loader that claimed it.
        head: a kernel's name, the path of a file, or a grid.
        parameters: their names and values, as they were given.
    """

    text: str
    loader: Loader
    head: str
    parameters: Parameters = ()

    def load(self, request: Request) -> Bank:
        """Return its kernels; see `Loader.load`."""
        return self.loader.load(self, request)

    def dimensions(self, search: Sequence[Path] = ()) -> tuple[int, ...]:
        """Return the dimensions that it has weights for; see `Loader.dimensions`."""
        return self.loader.dimensions(self, search)

    def files(self, search: Sequence[Path] = ()) -> list[Path]:
        """Return the files that it is read from; see `Loader.files`."""
        return self.loader.files(self, search)

    def steps(self, search: Sequence[Path] = ()) -> Sequence[str]:
        """Return its steps where it is a chain; see `Loader.steps`."""
        return self.loader.steps(self, search)
