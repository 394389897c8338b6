"""Open BEFORE and AFTER as files of one medium."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from typing import Any

from convtool.errors import ReadError, UsageError
from convtool.fit.pairs import Ends, Pairs
from convtool.media.contract import Source
from convtool.media.inputs import PIPE, opened
from convtool.media.mistaken import medium_of, open_source, with_article
from convtool.media.registry import MEDIA
from convtool.places.names import shown


@contextmanager
def opened_pairs(
    names: tuple[str, str],
    medium: str | None,
    reading: Mapping[str, Any],
    ends: Ends | None,
) -> Iterator[Pairs]:
    """Open BEFORE and AFTER.

    Args:
        names: of both.
        medium: its name; None where suffixes or contents tell.
        reading: options of reading, by name; those that the medium has are used.
        ends: the responses that AFTER shows as the ends of its range; see `Pairs`.

    Raises:
        UsageError: a name is that of standard input, or there is no such medium.
        ReadError: a file cannot be read, or they are of different media.
    """
    if PIPE in names:
        raise UsageError("standard input cannot be fitted: both files are read twice")
    if medium is not None and medium not in MEDIA:
        raise UsageError(f"no medium '{medium}'", hint=f"known: {', '.join(MEDIA)}")
    with ExitStack() as stack:
        files = [stack.enter_context(opened(name, ranged=True)) for name in names]
        before, after = (shown(name) for name in names)
        if medium is None:
            first, second = (medium_of(*each) for each in zip((before, after), files, strict=True))
            if first is not second:
                raise ReadError(
                    f"{before} is {with_article(first.one)}, and {after} "
                    f"{with_article(second.one)}",
                    hint="--medium reads both as one medium",
                    named=True,
                )
        else:
            first = MEDIA[medium]
        known = {field.name for field in fields(first.reading)}
        wanted = first.reading(**{key: reading[key] for key in known & reading.keys()})
        sources: list[Source] = [
            open_source(first, file, name, wanted)
            for name, file in zip((before, after), files, strict=True)
        ]
        yield Pairs(first, (before, after), (sources[0], sources[1]), ends)
