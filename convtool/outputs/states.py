"""What tells whether a file or a folder, here or in a store, is still what it was."""

import hashlib

from convtool.places.listing import below
from convtool.places.names import Place, RemotePath
from convtool.places.stores import marks_of, status
from convtool.places.uploads import Origin

State = list[int | str | None]


def state(path: Place) -> State | None:
    """Return the size and the time of a file, or the size and the version of an object.

    That of a folder in a store is the number of its objects and a digest of all their versions.

    Returns:
        None where it is missing.

    Raises:
        ReadError: the store does not answer, or denies access.
    """
    if isinstance(path, RemotePath):
        found = status(path.url)
        return _of_folder(path.url) if found is None else [found.size, found.version]
    try:
        found_here = path.stat()
    except OSError:
        return None
    return [found_here.st_size, found_here.st_mtime_ns]


def _of_folder(name: str) -> State | None:
    digest, count = hashlib.blake2b(digest_size=16), 0
    for count, entry in enumerate(below(name), start=1):  # noqa: B007  # how many there are
        version = "" if entry.known is None else entry.known.version
        digest.update(f"{entry.name}\0{version}\0".encode(errors="surrogateescape"))
    return [count, digest.hexdigest()] if count else None


def is_marked(path: RemotePath, origin: Origin) -> bool:
    """Return whether this program made an object, or each one of a folder, from an input.

    Args:
        path: of the object or the folder.
        origin: the input, and the run.

    Raises:
        ReadError: the store does not answer, or denies access.
    """
    alone = status(path.url) is not None
    names = [path.url] if alone else [entry.name for entry in below(path.url)]
    wanted = (origin.marks(name).items() <= marks_of(name).items() for name in names)
    return bool(names) and all(wanted)
