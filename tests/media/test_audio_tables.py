"""The tables of `docs/audio.md` are what the code reads and writes."""

import re

import pytest
from conftest import ROOT

from convtool.media.audio import known
from convtool.media.audio.formats import ANY, FORMATS, Format

PAGE = (ROOT / "docs" / "audio.md").read_text()


def listed(names):
    """Return names, each once."""
    return ", ".join(dict.fromkeys(names))


def read_table():
    """Return the table of what is read."""
    mp3 = ("MPEG layer I", "MPEG layer II", "MP3")
    rows = [
        ("libsndfile", known.FORMATS.values(), known.SUBTYPES.values()),
        ("FFmpeg", ["MP3"], mp3),
        ("FFmpeg", known.DEMUXERS.values(), known.CODECS.values()),
    ]
    head = "| decoder | formats | codings |\n|---|---|---|\n"
    return head + "".join(f"| {by} | {listed(a)} | {listed(b)} |\n" for by, a, b in rows)


def positions(format: Format):
    """Return which channel layouts a format can state."""
    if format.layouts is ANY:
        return "any; ALAC: the usual ones of 1 to 8 channels" if format.by_subtype else "any"
    counts = {count for own in (format.layouts, *format.by_subtype.values()) for count in own}
    return "mono, stereo" if max(counts) == 2 else "the usual ones of 1 to 8 channels"


def held(format: Format):
    """Return the row of what a format holds."""
    own = format.capacity
    subtypes = " ".join(f"`{subtype.lower()}`" for subtype in format.subtypes)
    yes = {True: "yes", False: "no"}
    tags = yes[own.tags is None]
    homes = listed(sorted(own.homes)) or "none"
    cells = [format.title, subtypes, positions(format), tags, yes[own.pictures]]
    return f"| {' | '.join([*cells, yes[own.chapters], homes])} |\n"


def held_table():
    """Return the table of what outputs hold."""
    head = "| format | subtypes | channel positions | tags | pictures | chapters | chunks |\n"
    return head + "|---|---|---|---|---|---|---|\n" + "".join(map(held, FORMATS))


@pytest.mark.parametrize(
    ("heading", "table"), [("What is read", read_table()), ("What outputs hold", held_table())]
)
def test_the_tables_are_those_of_the_code(heading, table):
    """Each table is generated from the lists that the decoders and the encoders go by."""
    found = re.search(rf"### {heading}\n(?:.*\n)*?\n((?:\|.*\n)+)", PAGE)
    assert found, heading
    assert found[1] == table
