"""The libraries behind each scheme, and what they say of an object. They are imported here only.

Credentials, endpoints and proxies come from the environment, as the libraries have it.
"""

import os
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from convtool.errors import ReadError, UsageError, WriteError
from convtool.places.names import READ_ONLY, Place, RemotePath, is_remote, scheme_of, shown
from convtool.places.words import code_of, persistently, told

EXTRAS = {"s3": "s3", "gs": "gcs", "az": "azure", "abfs": "azure", "http": "http", "https": "http"}
MODULES = {"s3": "s3fs", "gcs": "gcsfs", "azure": "adlfs", "http": "aiohttp"}  # by extra
ATTEMPTS = 5  # of a request to S3
SECONDS = 60.0  # without a byte from a web server
MISSING = frozenset({"404", "410", "NoSuchKey"})
VERSIONS = ("ETag", "etag", "Last-Modified", "LastModified", "last_modified", "mtime", "created")


@dataclass(frozen=True)
class Status:
    """What is known of a remote object.

    Attributes:
        size: bytes; None where a web server does not tell.
        version: differs between an object and the one that replaces it: its ETag, or its time.
    """

    size: int | None
    version: str


def store(name: str) -> Any:
    """Return the file system of fsspec that a remote name belongs to.

    Raises:
        UsageError: its library is not installed.
    """
    scheme = str(scheme_of(name))
    extra = EXTRAS.get(scheme, "remote")
    try:
        fsspec = import_module("fsspec")
        if extra in MODULES:
            import_module(MODULES[extra])
    except ImportError as exc:
        raise UsageError(
            f"{shown(name)}: {scheme}:// needs {MODULES.get(extra, 'fsspec')}",
            hint=f"pip install 'torch-convtool[{extra}]'",
        ) from exc
    with told(name):
        files = fsspec.filesystem(scheme, use_listings_cache=False, **_options(scheme))
        _refuse_misread(name, files)
    if scheme == "s3":
        files.retries = 1  # botocore tries again; each of both would do so for the other's tries
    return files


def _refuse_misread(name: str, files: Any) -> None:
    """Check that a library takes no part of a name for something else, such as a version.

    Raises:
        ReadError: it does, and would read or write another object.
    """
    path = path_of(name)
    if hasattr(files, "split_path") and not path.endswith(files.split_path(path)[1]):
        message = f"{shown(name)}: the library of {scheme_of(name)}:// misreads this name"
        raise ReadError(message, hint="objects of other names can be read", named=True)


def _options(scheme: str) -> dict[str, Any]:
    """Return the options of a file system: how it tries again, and how long it waits."""
    if scheme == "s3":
        given = {"AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS"} & os.environ.keys()
        retries = {} if given else {"retries": {"mode": "standard", "total_max_attempts": ATTEMPTS}}
        return {"config_kwargs": retries}
    if scheme in READ_ONLY:
        timeout = import_module("aiohttp").ClientTimeout(total=None, sock_read=SECONDS)
        return {"client_kwargs": {"trust_env": True, "timeout": timeout}}
    return {}


def path_of(name: str) -> str:
    """Return a remote name as its file system has it: without its scheme, but for web servers."""
    scheme, _, rest = name.partition("://")
    return name if scheme in READ_ONLY else rest.rstrip("/")


def info(name: str) -> dict[str, Any] | None:
    """Return what a store says of an object or a folder; None where there is nothing.

    Raises:
        ReadError: it does not answer, or denies access.
    """
    files = store(name)
    with told(name):
        try:
            found: dict[str, Any] = persistently(lambda: files.info(path_of(name)))
        except FileNotFoundError as exc:
            if _is_missing(exc):
                return None
            raise
        return found


def _is_missing(exc: FileNotFoundError) -> bool:
    """Return whether an object is not there: libraries say so of buckets and other answers, too."""
    return exc.__cause__ is None or code_of(exc.__cause__) in MISSING


def status_of(info: dict[str, Any]) -> Status:
    """Return the size and the version that a store tells."""
    version = next((str(info[key]) for key in VERSIONS if info.get(key)), "")
    return Status(info.get("size"), version.strip('"'))


def status(name: str) -> Status | None:
    """Return the size and the version of an object, None where there is none.

    Raises:
        ReadError: the store does not answer, or denies access.
    """
    found = info(name)
    return None if found is None or found["type"] == "directory" else status_of(found)


def exists(name: str) -> bool:
    """Return whether there is an object, as far as the store tells.

    Who may write objects, but not ask for them, is told nothing: what is there is then kept by the
    condition that goes with each upload.

    Raises:
        ReadError: the store does not answer.
    """
    files = store(name)
    asked = files.metadata if scheme_of(name) == "s3" else files.info  # one request, or two
    with told(name):
        try:
            persistently(lambda: asked(path_of(name)))
        except (FileNotFoundError, PermissionError):
            return False
    return True


def check_writable(name: str) -> None:
    """Check that the bucket of an output is there, before any work.

    Raises:
        ReadError: it is not, or the store does not answer.
    """
    scheme, _, rest = name.partition("://")
    bucket = f"{scheme}://{rest.split('/')[0]}"
    files = store(bucket)
    if scheme == "memory":
        return
    with told(bucket):
        try:
            files.info(path_of(bucket))
        except PermissionError:
            return  # it need not be told to those who write
        except FileNotFoundError as exc:
            raise ReadError(f"{bucket}: no such bucket", named=True) from exc


def found(name: str) -> Status:
    """Return the size and the version of an object.

    Raises:
        ReadError: there is none, or the store does not tell.
    """
    there = info(name)
    if there is None:
        raise ReadError(f"{shown(name)}: no such file", named=True)
    if there["type"] == "directory":
        raise ReadError(f"{shown(name)}: is a folder", named=True)
    return status_of(there)


def is_folder(name: str) -> bool:
    """Return whether a name is that of a folder that exists, here or in a store.

    Raises:
        ReadError: the store does not answer.
    """
    if not is_remote(name):
        return os.path.isdir(name)  # noqa: PTH112  # Path("") would be the working folder
    if scheme_of(name) in READ_ONLY:
        return False
    try:
        there = info(name)
    except ReadError as exc:
        if isinstance(exc.__cause__, PermissionError):
            return False  # it need not be told to those who write
        raise
    return there is not None and there["type"] == "directory"


def size_here(name: str) -> int:
    """Return the bytes of a local file, 0 of one that is not there."""
    try:
        return os.stat(name).st_size  # noqa: PTH116  # names as they were given
    except (OSError, ValueError):
        return 0


def is_file(place: Place) -> bool:
    """Return whether there is a file, here or in a store.

    Raises:
        ReadError: the store does not answer, or denies access.
    """
    if isinstance(place, RemotePath):
        return status(place.url) is not None
    return place.is_file()


def delete(name: str) -> None:
    """Remove an object.

    Raises:
        WriteError: it cannot be removed.
    """
    files = store(name)
    with told(name, WriteError):
        files.rm_file(path_of(name))


def marks_of(name: str) -> dict[str, str]:
    """Return what an object was uploaded with, beside its bytes.

    Raises:
        ReadError: the store does not answer, or denies access.
    """
    files = store(name)
    with told(name):
        if scheme_of(name) == "s3":
            marks = files.metadata(path_of(name), refresh=True)
        else:
            marks = files.info(path_of(name)).get("metadata")
    return dict(marks or {})
