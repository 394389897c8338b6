"""Complete the names of kernels in a shell; it imports nothing that takes time."""

from collections.abc import Iterator

import typer

from convtool.errors import KernelError
from convtool.kernels import catalogue

DIMENSIONS = {"audio": 1, "image": 2, "video": 3}


def kernel_names(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield the kernels that begin so and are for the command's medium, with what they do.

    Args:
        context: the command, as far as it is written.
        incomplete: the word that is being written.
    """
    search = tuple(context.params.get("kernel_path") or ())
    dims = DIMENSIONS.get(context.info_name or "")
    for name, path in catalogue.catalogue(search).items():
        if not name.startswith(incomplete):
            continue
        try:
            entry = catalogue.entry(path, search)
        except KernelError:
            continue  # `convtool kernels list` says what is wrong with it
        if dims is None or dims in entry.dimensions:
            yield name, entry.summary
