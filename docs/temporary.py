"""A temporary folder for the commands of the pages, with the samples in it."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

SAMPLES = Path(__file__).parent.parent / "samples"


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Work in a new folder with `samples/` within the block; it is removed then."""
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        Path("samples").symlink_to(SAMPLES)
        yield Path(name)
