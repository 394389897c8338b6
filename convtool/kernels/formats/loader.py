"""Load kernels from files of other programs, and from ImageMagick's strings: `-k kernel.mat`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from convtool.kernels import catalogue, contents
from convtool.kernels.formats import json_text, magick
from convtool.kernels.formats.found import Found
from convtool.kernels.formats.table import READ
from convtool.kernels.kernel import Bank
from convtool.kernels.loader import KernelSpec, Request

if TYPE_CHECKING:
    from convtool.kernels.schema import KernelFile


class FormatLoader:
    """Kernels by the path of their file, whose suffix tells its format; or by a string."""

    def claims(self, text: str) -> bool:
        """Return whether the text is a path with the suffix of a format, or a string."""
        return magick.is_kernel(text) or PurePath(text).suffix.lower() in READ

    def parse(self, text: str) -> KernelSpec:
        """Return the spec; the whole text is the path, or the string."""
        return KernelSpec(text, self, text)

    def holds_keys(self, path: Path) -> bool:
        """Return whether a file is JSON with the keys of a kernel file.

        Raises:
            KernelError: it is not valid JSON.
        """
        return path.suffix.lower() in json_text.FORMAT.suffixes and json_text.is_object(path)

    def load(self, spec: KernelSpec, request: Request) -> Bank:
        """Read the file."""
        file = self._file(spec)
        if file is not None:
            search = (*request.search, Path(spec.head).parent)
            return contents.bank_of(file, (), replace(request, search=search))
        label = "kernel" if magick.is_kernel(spec.head) else PurePath(spec.head).stem
        return _found(spec).bank(label, request.dims)

    def dimensions(self, spec: KernelSpec, search: Sequence[Path]) -> tuple[int, ...]:
        """Return the dimensions that the file has weights for."""
        file = self._file(spec)
        if file is not None:
            return contents.dimensions(file, (*search, Path(spec.head).parent))
        return _found(spec).dimensions

    def files(self, spec: KernelSpec, search: Sequence[Path]) -> list[Path]:
        """Return the file, and those of a bank's members; a string has none."""
        if magick.is_kernel(spec.head):
            return []
        path = Path(spec.head)
        if self._file(spec) is not None:
            return catalogue.files(path, (*search, path.parent))
        return [path]

    def steps(self, spec: KernelSpec, search: Sequence[Path]) -> Sequence[str]:
        """Return the steps of an object of JSON with a `chain`."""
        del search
        file = self._file(spec)
        return () if file is None else file.chain

    def _file(self, spec: KernelSpec) -> "KernelFile | None":
        """Return the content of a kernel file in JSON; else None."""
        if magick.is_kernel(spec.head) or not self.holds_keys(Path(spec.head)):
            return None
        from convtool.kernels import schema  # noqa: PLC0415  # pydantic, which arrays do without

        return schema.read(Path(spec.head))  # JSON is YAML


def _found(spec: KernelSpec) -> Found:
    """Return what a file or a string holds."""
    if magick.is_kernel(spec.head):
        return magick.parsed(f"kernel '{spec.text}'", spec.head)
    path = Path(spec.head)
    return READ[path.suffix.lower()](path)
