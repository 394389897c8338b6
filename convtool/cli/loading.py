"""Import torch for a command: what is put off, and what has to wait meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager

from convtool.cli.collector import collector_paused
from convtool.cli.signals import signals_waiting


@contextmanager
def loading_torch(*, whole: bool = False) -> Iterator[None]:
    """Import torch for the modules that the block imports.

    Args:
        whole: put none of its parts off.
    """
    from convtool.start.importing import import_torch  # noqa: PLC0415  # help does without
    from convtool.start.threads import wait_briefly  # noqa: PLC0415  # the same

    wait_briefly()
    with signals_waiting(), collector_paused():
        import_torch(whole=whole)
        yield
