"""Send files to a store as objects that appear whole or not at all. What is sent is not looked at.

A large object is sent in parts, which the store joins when the last one is there; where that does
not come to pass, the parts are removed.
"""

import contextlib
import errno
import hashlib
import mimetypes
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from convtool.errors import WriteError
from convtool.limits import MEBI
from convtool.places.names import scheme_of
from convtool.places.reading import remote_file
from convtool.places.stores import path_of, store
from convtool.places.words import told

PART = 8 * MEBI  # bytes; smaller objects are sent at once
MOST_PARTS = 9_000  # S3 takes 10,000
PATIENCE = 5.0  # seconds for removing parts when a run is over
# What the libraries call an object's own data and its type.
METADATA = {"s3": "Metadata", "gs": "metadata", "az": "metadata", "abfs": "metadata"}
MARK, RUN = "convtool", "convtoolrun"  # in an object's own data
TYPES = {"s3": "ContentType", "gs": "content_type"}


@dataclass(frozen=True)
class Origin:
    """What an object is made from: it is told by the marks of the object.

    Attributes:
        input: the one name of the input.
        run: that made it; None for any.
    """

    input: str
    run: str | None = None

    def marks(self, name: str) -> dict[str, str]:
        """Return the marks of an object, which hold under its name alone.

        Args:
            name: of the object.
        """
        text = f"{self.input}\0{name}".encode(errors="surrogateescape")
        digest = hashlib.blake2b(text, digest_size=16).hexdigest()
        return {MARK: digest} | ({} if self.run is None else {RUN: self.run})


class Upload:
    """An object that is being sent.

    Args:
        name: its remote name.
        overwrite: replace an object of this name.
        origin: what it is made from; None without marks.

    Attributes:
        ended: it is complete, or has failed and is removed.
    """

    def __init__(self, name: str, *, overwrite: bool, origin: Origin | None = None) -> None:
        self.name, self._overwrite = name, overwrite
        self._marks = {} if origin is None else origin.marks(name)
        self._file: Any = None
        self.ended = threading.Event()

    def send(self, source: IO[bytes], wanted: Callable[[], None]) -> None:
        """Send a file from its beginning.

        Args:
            source: the file.
            wanted: called before each part; what it raises ends the upload.

        Raises:
            WriteError: the store refuses it, or has an object of this name.
        """
        try:
            self._send_or_compare(source, wanted)
        finally:
            self.ended.set()

    def _send_or_compare(self, source: IO[bytes], wanted: Callable[[], None]) -> None:
        size = source.seek(0, 2)
        try:
            with told(self.name, WriteError):
                self._send(source, size, wanted, "wb" if self._overwrite else "xb")
        except WriteError as exc:
            refused = exc.__cause__
            if self._overwrite or refused is None:
                raise
            if getattr(refused, "errno", None) == errno.ENOSYS:  # the store knows no conditions
                with told(self.name, WriteError):
                    self._send(source, size, wanted, "wb")
            elif not _is_taken(refused):
                raise
            elif not self._is_there(source, size):
                message = f"{self.name} already exists"
                hint = "--overwrite replaces it"
                raise WriteError(message, hint=hint, named=True) from refused

    def _send(self, source: IO[bytes], size: int, wanted: Callable[[], None], mode: str) -> None:
        source.seek(0)
        files, path = store(self.name), path_of(self.name)
        wanted()
        if scheme_of(self.name) == "memory":
            files.pipe_file(path, source.read(), mode="create" if mode == "xb" else "overwrite")
            return
        part = max(PART, -(-size // MOST_PARTS))
        self._file = file = files.open(path, mode, block_size=part, **self._described())
        try:
            while data := source.read(part):
                wanted()
                file.write(data)
            wanted()
            file.close()
        except BaseException:
            self.abort()
            raise

    def _described(self) -> dict[str, Any]:
        """Return the marks and the type of the object, as its library takes them."""
        scheme = str(scheme_of(self.name))
        options: dict[str, Any] = {}
        if self._marks:
            options[METADATA[scheme]] = self._marks
        if scheme in TYPES and (type_ := mimetypes.guess_type(self.name)[0]):
            options[TYPES[scheme]] = type_
        return options

    def _is_there(self, source: IO[bytes], size: int) -> bool:
        """Return whether the object is what was to be sent: it was, and the answer was lost."""
        with remote_file(self.name) as file:
            if file.seek(0, 2) != size:
                return False
            file.seek(0)
            source.seek(0)
            pieces = iter(lambda: file.read(PART), b"")
            return all(piece == source.read(len(piece)) for piece in pieces)

    def abort(self) -> None:
        """Remove what has been sent of an incomplete object, as far as the store answers."""
        file = self._file
        if file is None:
            return
        file.closed = True  # or it would be completed when it is collected

        def discard() -> None:
            with contextlib.suppress(Exception):
                file.discard()

        thread = threading.Thread(target=discard, daemon=True)
        thread.start()
        thread.join(PATIENCE)


def _is_taken(refused: BaseException) -> bool:
    """Return whether a store has refused to replace an object."""
    response: Any = getattr(refused.__cause__, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    taken = code in {"PreconditionFailed", "ConditionalRequestConflict"}
    return taken or isinstance(refused, FileExistsError)
