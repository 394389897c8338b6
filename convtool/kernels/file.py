"""Load kernels from a YAML file, by its path: `my.yaml`, `my.yaml:size=5`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from convtool.errors import KernelError
from convtool.kernels import catalogue, contents
from convtool.kernels.grammar import is_path, parse_parameters, split_head
from convtool.kernels.kernel import Bank
from convtool.kernels.loader import KernelSpec, Request
from convtool.kernels.safe_yaml import parse


class FileLoader:
    """Kernels by the path of their file; members of a bank are looked up beside it, too."""

    def claims(self, text: str) -> bool:
        """Return whether the text is a path with a suffix of kernel files."""
        return is_path(split_head(text)[0])

    def parse(self, text: str) -> KernelSpec:
        """Split the path from its parameters."""
        head, parameters = split_head(text)
        return KernelSpec(text, self, head, parse_parameters(head, parameters))

    def load(self, spec: KernelSpec, request: Request) -> Bank:
        """Read the file, and compute its weights."""
        search = tuple(self.folders(spec, request.search))
        file = contents.find(spec.head, search)
        return contents.bank_of(file, spec.parameters, replace(request, search=search))

    def dimensions(self, spec: KernelSpec, search: Sequence[Path]) -> tuple[int, ...]:
        """Return the dimensions that the file has weights for."""
        folders = self.folders(spec, search)
        return contents.dimensions(contents.find(spec.head, folders), folders)

    def files(self, spec: KernelSpec, search: Sequence[Path]) -> list[Path]:
        """Return the file, and those of a bank's members."""
        folders = self.folders(spec, search)
        return catalogue.files(catalogue.path_of(spec.head, folders), folders)

    def steps(self, spec: KernelSpec, search: Sequence[Path]) -> Sequence[str]:
        """Return the steps of a file with a `chain`."""
        folders = self.folders(spec, search)
        try:
            content, _ = parse(catalogue.path_of(spec.head, folders))
        except KernelError:
            return ()  # `load` says why
        if "chain" not in content:
            return ()
        if spec.parameters:
            raise KernelError(f"kernel '{spec.head}' is a chain, which has no parameters")
        return contents.find(spec.head, folders).chain

    def folders(self, spec: KernelSpec, search: Sequence[Path]) -> Sequence[Path]:
        """Return the folders where names are looked up first."""
        return (*search, Path(spec.head).parent)
