"""One value for all that an audio file says beside its samples, and what an output can hold of it.

The notes on what is lost follow from the two.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Tag = tuple[str, str]
FRONT_COVER = 3  # the type of a picture that most programs show
UNSAID = frozenset(
    {"ENCODER", "ENCODING", "ENCODERSETTINGS", "VENDOR", "LENGTH"}
)  # tags that describe the input's encoding: a result has its own


@dataclass(frozen=True)
class Picture:
    """A picture, such as a cover.

    Attributes:
        data: the bytes of an image file.
        mime: its type, such as `image/png`.
        kind: what it shows, by the numbers of ID3 and FLAC.
        text: its description.
    """

    data: bytes
    mime: str
    kind: int = FRONT_COVER
    text: str = ""


@dataclass(frozen=True)
class Chapter:
    """A chapter.

    Attributes:
        start: seconds.
        end: seconds.
        title: its name; empty where it has none.
    """

    start: float
    end: float
    title: str = ""


@dataclass(frozen=True)
class Chunk:
    """A block of bytes that only one kind of file can hold; it is carried as it is.

    Attributes:
        home: the kind of file: RIFF, AIFF, CAF, W64, FLAC, ID3.
        id: its identifier there.
        data: its bytes.
        timed: it states positions in samples.
        name: what notes call it.
    """

    home: str
    id: bytes
    data: bytes
    timed: bool = False
    name: str = ""

    @property
    def label(self) -> str:
        """What notes call it."""
        return self.name or self.id.decode("latin-1").strip()


@dataclass(frozen=True)
class Metadata:
    """All that a file says beside its samples.

    Attributes:
        tags: names in capitals, and values; a name may appear more than once.
        pictures: in the file's order.
        chapters: by time.
        chunks: what only files of one kind can hold.
    """

    tags: tuple[Tag, ...] = ()
    pictures: tuple[Picture, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    chunks: tuple[Chunk, ...] = ()

    def and_also(self, other: "Metadata") -> "Metadata":
        """Return this with what another source in the same file adds; this one is trusted more."""
        own = {name for name, _ in self.tags}
        seen = {picture.data for picture in self.pictures}
        return Metadata(
            self.tags + tuple(tag for tag in other.tags if tag[0] not in own),
            self.pictures + tuple(p for p in other.pictures if p.data not in seen),
            self.chapters or other.chapters,
            self.chunks + other.chunks,
        )

    def get(self, name: str) -> str | None:
        """Return the first value of a tag."""
        return next((value for own, value in self.tags if own == name), None)

    def grouped(self) -> dict[str, list[str]]:
        """Return the values by the tags' names."""
        groups: dict[str, list[str]] = {}
        for name, value in self.tags:
            groups.setdefault(name, []).append(value)
        return groups


@dataclass(frozen=True)
class Capacity:
    """What files of a format can hold beside samples.

    Attributes:
        tags: the names that it has; None for any name.
        pictures: it holds pictures.
        chapters: it holds chapters.
        homes: the kinds of chunks that it holds.
        largest: bytes of the largest picture that it holds.
    """

    tags: frozenset[str] | None = field(default_factory=frozenset)
    pictures: bool = False
    chapters: bool = False
    homes: frozenset[str] = frozenset()
    largest: int = 2**28

    def holds(self, name: str) -> bool:
        """Return whether a tag has a place in the format."""
        return self.tags is None or name in self.tags

    def shows(self, picture: Picture) -> bool:
        """Return whether a picture has a place in the format."""
        return self.pictures and len(picture.data) <= self.largest


def fitted(
    metadata: Metadata, capacity: Capacity, format: str, *, moved: bool
) -> tuple[Metadata, tuple[str, ...]]:
    """Return what a format holds of metadata, and notes on what is dropped.

    Args:
        metadata: of the input.
        capacity: of the format.
        format: its name, for the notes.
        moved: positions in samples have changed, so chunks that state them are wrong.

    >>> cover = Metadata((("TITLE", "T"),), (Picture(b"x", "image/png"),))
    >>> fitted(cover, Capacity(), "AU", moved=False)[1]
    ('tag TITLE dropped: AU cannot hold it', '1 picture dropped: AU cannot hold it')
    """
    held = [chunk for chunk in metadata.chunks if chunk.home in capacity.homes]
    kept = Metadata(
        tuple(tag for tag in metadata.tags if capacity.holds(tag[0]) and tag[0] not in UNSAID),
        tuple(each for each in metadata.pictures if capacity.shows(each)),
        metadata.chapters if capacity.chapters else (),
        tuple(chunk for chunk in held if not (moved and chunk.timed)),
    )
    return kept, tuple(_notes(metadata, capacity, format, moved=moved))


def _notes(metadata: Metadata, capacity: Capacity, format: str, *, moved: bool) -> Iterator[str]:
    """Yield a note for each kind of metadata that a format cannot hold."""
    names = [name for name, _ in metadata.tags if name not in UNSAID and not capacity.holds(name)]
    if names:
        word = "tag" if len(set(names)) == 1 else "tags"
        yield _dropped(f"{word} {_listed(names)}", format, len(set(names)))
    pictures = sum(not capacity.shows(picture) for picture in metadata.pictures)
    chapters = len(metadata.chapters)
    if pictures:
        yield _dropped(f"{pictures} picture{'s' * (pictures > 1)}", format, pictures)
    if chapters and not capacity.chapters:
        yield _dropped(f"{chapters} chapter{'s' * (chapters > 1)}", format, chapters)
    lost = [chunk.label for chunk in metadata.chunks if chunk.home not in capacity.homes]
    if lost:
        yield _dropped(_listed(lost), format, len(set(lost)))
    late = [c.label for c in metadata.chunks if c.timed and c.home in capacity.homes]
    if moved and late:
        yield f"{_listed(late)} dropped: the positions of samples have changed"


def _dropped(what: str, format: str, count: int) -> str:
    return f"{what} dropped: {format} cannot hold {'it' if count == 1 else 'them'}"


def _listed(names: Iterable[str]) -> str:
    """Return names in their order, each once.

    >>> _listed(["bext", "cue", "bext"])
    'bext, cue'
    """
    return ", ".join(dict.fromkeys(names))
