"""Tell remote names from local ones, and make paths of both. Nothing is connected to here.

A remote name is an address, but its path is taken as it is written, as the tools of the stores do:
`s3://bucket/a b#1?.jpg` is the object `a b#1?.jpg`. Only `http` has queries and escapes.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from urllib.request import url2pathname

from convtool import system
from convtool.errors import UsageError

WRITABLE = frozenset({"s3", "gs", "gcs", "az", "abfs", "memory"})
READ_ONLY = frozenset({"http", "https"})
REMOTE = WRITABLE | READ_ONLY
LOCAL = "file"
SCHEMES = "s3://, gs://, az://, http://, https://, file:// and memory://"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")  # a drive of Windows has one letter
_USER = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+://)[^/@\s]*:[^/@\s]*@")
_QUERY = re.compile(r"(https?://[^\s?#'\"]*)[?#][^\s'\"]*", re.IGNORECASE)


@dataclass(frozen=True)
class RemotePath:
    """The name of a remote object or folder, joined and taken apart as a `Path` is.

    Unlike `upath.UPath` it never reads a part of a name as something else: `::` in the name of an
    object would send that one to another store.

    Attributes:
        url: with its scheme, without a slash at the end.
    """

    url: str

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, name: str | PurePath) -> "RemotePath":
        text = name.as_posix() if isinstance(name, PurePath) else name
        return self if text in {"", "."} else RemotePath(f"{self.url}/{text}")

    @property
    def name(self) -> str:
        """The last part; that of a bucket alone is empty."""
        return pure(self.url).name

    @property
    def stem(self) -> str:
        """The last part without its suffix."""
        return pure(self.url).stem

    @property
    def suffix(self) -> str:
        """The ending of the last part, with its dot."""
        return pure(self.url).suffix

    def with_name(self, name: str) -> "RemotePath":
        """Return the path with another last part."""
        return RemotePath(f"{self.url[: len(self.url) - len(self.name)]}{name}")

    def with_stem(self, stem: str) -> "RemotePath":
        """Return the path with another last part that has the same suffix."""
        return self.with_name(f"{stem}{self.suffix}")


Place = Path | RemotePath


def scheme_of(name: str) -> str | None:
    """Return the scheme that a name begins with, in small letters; None where it has none.

    >>> scheme_of("S3://bucket/a.png"), scheme_of("C:/a.png"), scheme_of("c://a.png")
    ('s3', None, None)
    """
    match = _SCHEME.match(name)
    return None if match is None else match[1].lower()


def is_remote(name: str) -> bool:
    """Return whether a name is that of a remote object or folder."""
    return "://" in name and scheme_of(name) in REMOTE


def plain(name: str) -> str:
    """Return a name in its usual form: `file://` as a local path, schemes in small letters.

    >>> plain("file:///tmp/a%20b.png"), plain("photos/a.png"), plain("S3://bucket/a%20b.png")
    ('/tmp/a b.png', 'photos/a.png', 's3://bucket/a%20b.png')

    Raises:
        UsageError: the scheme is not known, or the name is not complete, or has credentials.
    """
    scheme = scheme_of(name) if "://" in name else None
    if scheme is None:
        return name
    rest = name[len(scheme) + len("://") :]
    if scheme == LOCAL:
        path = rest.removeprefix("localhost")
        if not path.startswith("/"):
            raise UsageError(f"{name}: is on another machine", hint="file:///folder/name is here")
        return url2pathname(path)
    if scheme not in REMOTE:
        raise UsageError(f"{masked(name)}: {scheme}:// is not supported", hint=f"known: {SCHEMES}")
    if not rest.strip("/") or rest.startswith("/"):
        raise UsageError(f"{name}: has no name behind {scheme}://")
    if scheme in WRITABLE and masked(name) != name:
        raise UsageError(
            f"{masked(name)}: names hold no credentials", hint="they come from the environment"
        )
    return f"{'gs' if scheme == 'gcs' else scheme}://{rest}"


def place(name: str) -> Place:
    """Return the path of a file, here or in a store.

    Raises:
        UsageError: as `plain`.
    """
    name = plain(name)
    return RemotePath(name.rstrip("/")) if is_remote(name) else Path(name)


def pure(name: str) -> PurePath:
    """Return the parts of a name, of which the last tells the stem and the suffix.

    >>> pure("s3://bucket/a?.tar.gz").suffix, pure("https://example.org/a.png?token=1").name
    ('.gz', 'a.png')
    """
    if not is_remote(name):
        return PurePath(name)
    _, _, rest = shown(name).partition("://")
    return PurePosixPath("/", *rest.split("/")[1:])


def shown(name: str) -> str:
    """Return a name as people may see it: without user, password, query and fragment.

    >>> shown("https://me:secret@example.org/a.png?X-Amz-Signature=123")
    'https://example.org/a.png'
    """
    if not is_remote(name):
        return name
    name = _USER.sub(r"\1", name)
    return re.split(r"[?#]", name, maxsplit=1)[0] if scheme_of(name) in READ_ONLY else name


def masked(text: str) -> str:
    """Return a text whose addresses have no passwords and no queries, which may be signed.

    >>> masked("no answer from https://me:secret@example.org/a.png?sig=123")
    'no answer from https://***@example.org/a.png?***'
    """
    if "://" not in text:
        return text
    return _QUERY.sub(r"\1?***", _USER.sub(r"\1***@", text))


def real(name: str | Place) -> str:
    """Return the one name of a file: without links, or its address.

    A digest stands for user, password and query of an address.
    """
    text = str(name) if isinstance(name, RemotePath) else os.fspath(name)
    if not is_remote(text):
        return os.path.realpath(text)
    if (seen := shown(text)) == text:
        return text.rstrip("/")
    return f"{seen}#{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


def relative(path: Place, root: Place) -> str:
    """Return the name of a file below a folder."""
    if isinstance(path, RemotePath) or isinstance(root, RemotePath):
        return str(path)[len(str(root)) + 1 :]
    return os.path.relpath(path, root)


def same_file_key(path: Place) -> str:
    """Return a text that is the same for all spellings of a file's name."""
    return str(path) if isinstance(path, RemotePath) else system.same_file_key(path)


def refuse_unwritable(name: str) -> None:
    """Check that an output may be written by its scheme.

    Raises:
        UsageError: it is read-only.
    """
    if scheme_of(name) in READ_ONLY:
        raise UsageError(
            f"{shown(name)}: {scheme_of(name)}:// can be read, not written",
            hint="outputs go to local files, s3://, gs:// or az://",
        )


def parent(name: str) -> Place:
    """Return the folder of a file."""
    if is_remote(name):
        return RemotePath(name.rstrip("/").rpartition("/")[0])
    return Path(name).parent


def lies_in(path: Place, folder: str) -> bool:
    """Return whether a path is a folder, or lies below it."""
    inner, outer = real(path), real(folder)
    if is_remote(inner) or is_remote(outer):
        return f"{inner}/".startswith(f"{outer}/")
    return Path(inner).is_relative_to(outer)
