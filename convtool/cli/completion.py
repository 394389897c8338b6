"""Complete the names of kernels in a shell; it must not import torch or NumPy."""

from collections.abc import Iterator

import typer

from convtool.errors import KernelError
from convtool.kernels import catalogue
from convtool.media.registry import MEDIA


def kernel_names(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield the kernels that a word may become, for the command's medium, with their summaries.

    Args:
        context: the command line so far.
        incomplete: the word to complete.
    """
    search = tuple(context.params.get("kernel_path") or ())
    medium = MEDIA.get(context.info_name or "")
    for name, path in catalogue.catalogue(search).items():
        if not name.startswith(incomplete):
            continue
        try:
            entry = catalogue.entry(path, search)
        except KernelError:
            continue  # `convtool kernels list` reports it
        if medium is None or medium.dims in entry.dimensions:
            yield name, entry.summary
