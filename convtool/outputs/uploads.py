"""Publish the outputs of a run in a store: made here, and sent when they are complete."""

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from convtool.errors import ConvtoolError
from convtool.outputs.existing import refuse_existing_folder
from convtool.places.listing import below
from convtool.places.names import RemotePath, refuse_unwritable
from convtool.places.stores import delete
from convtool.places.uploads import PART, PATIENCE, Origin, Upload


class Uploads:
    """The uploads of one run; all threads of the run share it.

    Args:
        wanted: raises where the run is over and nothing may be published any more.
    """

    def __init__(self, wanted: Callable[[], None]) -> None:
        self._wanted = wanted
        self._active: set[Upload] = set()
        self._lock = threading.Lock()

    def abandon(self) -> None:
        """Wait a moment until uploads have ended by themselves, and end the others.

        `wanted` raises from now on, so that none begins another part.
        """
        with self._lock:
            active = list(self._active)
        end = time.monotonic() + PATIENCE
        for upload in active:
            if not upload.ended.wait(max(0.0, end - time.monotonic())):
                upload.abort()

    @contextmanager
    def file(
        self, target: RemotePath, *, overwrite: bool, origin: Origin | None
    ) -> Iterator[BinaryIO]:
        """Open a new file, sent as `target` when the block ends.

        Args:
            target: the remote name.
            overwrite: replace an existing object.
            origin: what it is made from, by which a later run knows it as this program's.

        Raises:
            WriteError: the store refuses it, the target exists and must stay, or the run is over.
        """
        refuse_unwritable(target.url)
        with tempfile.SpooledTemporaryFile(PART) as file:
            yield cast("BinaryIO", file)
            self._send(Upload(target.url, overwrite=overwrite, origin=origin), file)

    @contextmanager
    def folder(
        self, target: RemotePath, *, overwrite: bool, origin: Origin | None
    ) -> Iterator[Path]:
        """Make a new folder here, whose files are sent in the order of their names, the last last.

        Objects that it has replaced are removed at the end; those that it has sent, where one of
        them fails.

        Args:
            target: the remote folder.
            overwrite: replace the objects of an existing folder.
            origin: as above.

        Raises:
            WriteError: as above.
        """
        refuse_unwritable(target.url)
        refuse_existing_folder(target, overwrite=overwrite)
        sent: list[str] = []
        with tempfile.TemporaryDirectory(prefix="convtool-") as folder:
            yield Path(folder)
            old = {entry.name for entry in below(target.url)} if overwrite else set()
            try:
                for path in sorted(Path(folder).iterdir()):
                    name = (target / path.name).url
                    with path.open("rb") as file:
                        upload = Upload(name, overwrite=overwrite, origin=origin)
                        self._send(upload, file)
                    sent.append(name)
            except BaseException:
                _remove(sent)
                raise
            _remove(sorted(old.difference(sent)))

    def _send(self, upload: Upload, file: BinaryIO | tempfile.SpooledTemporaryFile[bytes]) -> None:
        with self._lock:
            self._active.add(upload)
        try:
            upload.send(cast("BinaryIO", file), self._wanted)
        finally:
            with self._lock:
                self._active.discard(upload)


def _remove(names: list[str]) -> None:
    for name in reversed(names):
        with contextlib.suppress(ConvtoolError):
            delete(name)
