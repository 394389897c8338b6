"""How many cores this process may keep busy: all of the machine, or its share where it has one.

It is a fact of the process, as the threads of torch are: decoders and encoders start that many
threads.
"""

import os


class _Share:
    cores: int | None = None


def take(cores: int) -> None:
    """Let this process, one of several that run at once, keep no more cores busy.

    Args:
        cores: its share, at least 1.
    """
    _Share.cores = cores


def share() -> int | None:
    """Return the share of this process; None where it has the machine to itself."""
    return _Share.cores


def count() -> int:
    """Return the number of cores that this process may keep busy."""
    return _Share.cores or os.cpu_count() or 1
