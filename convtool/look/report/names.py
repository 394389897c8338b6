"""Check the names that pages are given.

It imports little: names are checked before any work.
"""

from pathlib import Path

from convtool.errors import UsageError

SUFFIXES = (".html", ".htm")


def check_page(path: Path) -> None:
    """Check the name of a page.

    Raises:
        UsageError: it does not end as one.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"--report takes the name of an HTML file, not {path}",
            hint=f"--report {path.with_suffix('.html')}",
        )
