"""A job: one input, and where its results go."""

from dataclasses import dataclass

from convtool.errors import ReadError
from convtool.media.inputs import PIPE
from convtool.places.names import Place, is_remote, place
from convtool.places.stores import Status, size_here


@dataclass(frozen=True)
class Job:
    """One input and the place of its outputs.

    Attributes:
        input: the file, here or in a store, or `-` for standard input.
        folder: the folder of outputs that are named after their kernel.
        stem: the beginning of their names.
        suffix: the ending of their names, which decides the format.
        split: one file per channel instead of one for all.
        merged: the one file's name where the user gives it, `-` for standard output.
        problem: why the job cannot be run, as far as names tell; the run's other jobs can.
        makes_folders: each output is a folder of files with this suffix.
        index: the number of the input, from 1.
        template: the name of an output, instead of `{stem}_{kernel}_{channel}{suffix}`.
        root: OUTPUT where it is a folder, else None.
        known: what is known of a remote input.
    """

    input: str
    folder: Place
    stem: str
    suffix: str
    split: bool
    merged: str | None = None
    problem: ReadError | None = None
    makes_folders: bool = False
    index: int = 1
    template: str | None = None
    root: Place | None = None
    known: Status | None = None

    @property
    def bytes(self) -> int:
        """The size of the input, 0 where it is not known; no store is asked for it."""
        if self.known is not None:
            return self.known.size or 0
        return 0 if self.input == PIPE or is_remote(self.input) else size_here(self.input)

    def path(self, kernel: str, channel: str | None = None) -> Place:
        """Return the path of an output.

        Args:
            kernel: the label of the kernel that made it.
            channel: the name of its channel; None where it shows all channels.
        """
        if self.merged is not None:
            return place(self.merged)
        suffix = "" if self.makes_folders else self.suffix
        if self.template is None:
            parts = [part for part in (self.stem, kernel, channel) if part]
            return self.folder / ("_".join(parts) + suffix)
        name = self.template.format(
            stem=self.stem,
            kernel=kernel,
            channel=channel or "",
            index=self.index,
            suffix=suffix,
        )
        return self.folder / name
