"""Check the names that pages are given.

It imports little: names are checked before any work.
"""

import re

from convtool.errors import UsageError
from convtool.media.inputs import PIPE
from convtool.places.names import Place

FIELD = re.compile(r"\{\w*\}")
SUFFIXES = (".html", ".htm")


def check_page(path: Place) -> None:
    """Check the name of a page.

    Raises:
        UsageError: it does not end as one, or has a field.
    """
    if FIELD.search(path.name):
        raise UsageError(
            f"--report takes a name without {{…}}, not {path}",
            hint="with several inputs it names an index, and pages are named by their inputs",
        )
    if str(path) == PIPE:
        raise UsageError("--report writes a file, not standard output", hint="--report p.html")
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"--report takes the name of an HTML file, not {path}",
            hint=f"--report {path.with_name(f'{path.stem}.html')}",
        )
