"""Put the index of a run's pages together: a table of all inputs, in one HTML file."""

from collections.abc import Sequence

from convtool.look.report.page import render
from convtool.look.report.rows import HIGH, PIXELS, Row, text
from convtool.media.registry import Medium
from convtool.outputs.job import Job
from convtool.places import names

STATES = ("done", "skipped", "failed")


def index(title: str, rows: Sequence[Row], left: Sequence[Job], medium: Medium) -> bytes:
    """Return the index, as HTML.

    Args:
        title: of the page.
        rows: of the inputs that were done, or failed.
        left: those that were not.
        medium: of the inputs.
    """
    counts = [(state, sum(row.status == state for row in rows)) for state in STATES]
    told = [(state, count) for state, count in counts if count]
    if left:
        told.append(("not done", len(left)))
    return render(
        "index.html",
        text(title),
        script_name="index",
        rows=rows,
        left=[text(names.shown(job.input)) for job in left],
        counts=told,
        seconds=sum(row.seconds for row in rows),
        medium=medium,
        drawing=(PIXELS, HIGH),
    )
