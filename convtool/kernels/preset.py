"""Load kernels by their names on the search path: `sobel-x`, `gaussian:sigma=3`."""

from collections.abc import Sequence
from pathlib import Path

from convtool.errors import KernelError
from convtool.kernels import catalogue
from convtool.kernels.file import FileLoader
from convtool.kernels.formats.table import BY_SUFFIX
from convtool.kernels.grammar import split_head
from convtool.kernels.kernel import Bank
from convtool.kernels.loader import KernelSpec, Request


class PresetLoader(FileLoader):
    """Kernels by name: those that come with convtool, and those of the user's folders."""

    def claims(self, text: str) -> bool:
        """Return True: it is the last loader, and its error suggests similar names."""
        return bool(text)

    def parse(self, text: str) -> KernelSpec:
        """Split the name from its parameters."""
        try:
            return super().parse(text)
        except KernelError as exc:
            raise KernelError(exc.message, hint=exc.hint or _example(text)) from exc

    def load(self, spec: KernelSpec, request: Request) -> Bank:
        """Read the file of the kernel, and compute its weights."""
        if spec.head == spec.text and _is_file(spec.text):
            raise KernelError(
                f"{spec.text} is no kernel file", hint=f"kernel files end in {', '.join(BY_SUFFIX)}"
            )
        return super().load(spec, request)

    def folders(self, spec: KernelSpec, search: Sequence[Path]) -> Sequence[Path]:
        """Return the folders that were given."""
        del spec
        return search


def _is_file(text: str) -> bool:
    """Return whether a text names a file instead of a kernel."""
    return "." in text and Path(text).suffix != "" and Path(text).is_file()


def _example(text: str) -> str:
    """Return a hint that shows how the parameters of a kernel are written, with a given value."""
    name, given = split_head(text)
    try:
        entry = catalogue.entry(catalogue.locate(name))
    except KernelError:
        return "for example gaussian:sigma=3; a comma separates parameters"
    if not entry.parameters:
        return f"{entry.name} has no parameters"
    key, default = next(iter(entry.parameters.items()))
    value = given if given and given.replace(".", "", 1).isdecimal() else default
    return f"for example {entry.name}:{key}={value}; a comma separates parameters"
