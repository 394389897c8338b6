"""How the jobs of a run are filtered, in values that any process can make its own objects from.

A thread of this process and a worker on another machine start from the same recipe. It opens
nothing by itself.
"""

from dataclasses import dataclass
from typing import Any

import torch

from convtool.media.registry import MEDIA
from convtool.options.options import Options
from convtool.outputs.manifest import Manifest, Writer, digest_of
from convtool.outputs.shards import Shard
from convtool.places.names import Place
from convtool.run.filter import Filter


@dataclass(frozen=True)
class Named:
    """What results depend on beside the options: the medium, and the names of outputs."""

    medium: str
    name: str | None


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How the jobs of a run are filtered.

    Attributes:
        medium: the name of the medium.
        options: of the filter.
        inputs: how many there are like the first, which may make a GPU worth its start-up.
        version: of this program; another version may give other results.
        name: the template of the names of outputs; None for the usual names.
        root: OUTPUT where it is a folder, else None.
        shard: which of the inputs are filtered; None for all.
        skip: skip inputs whose outputs are up to date.
    """

    medium: str
    options: Options
    inputs: int
    version: str
    name: str | None = None
    root: Place | None = None
    shard: Shard | None = None
    skip: bool = False

    def filter(self) -> Filter:
        """Return layers, to be used by one thread at a time.

        Raises:
            UsageError: a kernel cannot be used, or there is no such device.
        """
        return Filter(self.options, MEDIA[self.medium], inputs=self.inputs)

    def check(self) -> None:
        """Check the kernels, as far as they do not wait for an input; no device is asked for.

        Raises:
            KernelError: one cannot be used.
        """
        Filter(self.options, MEDIA[self.medium], torch.device("cpu"))

    def manifest(self, writer: Writer | None = None) -> Manifest | None:
        """Return the record of the outputs in OUTPUT; None where that is no folder.

        Args:
            writer: who records; None where one process filters everything.
        """
        if self.root is None:
            return None
        return Manifest(self.root, self.version, self._groups, self.shard, writer)

    def digest(self) -> str:
        """Return a digest of everything that results depend on, kernel files as they are here."""
        return digest_of(self.version, self._groups)

    @property
    def _groups(self) -> tuple[Any, ...]:
        """Dataclasses with everything that results depend on."""
        return (*vars(self.options).values(), Named(self.medium, self.name))
