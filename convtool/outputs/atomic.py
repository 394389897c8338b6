"""Write files that are either whole or absent: a temporary beside the target, synced, then renamed.

Remote ones are made here and sent (`uploads`). It knows nothing about their content. The state is
that of one run, never of the process.
"""

import contextlib
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from convtool import system
from convtool.errors import ConvtoolError, WriteError
from convtool.outputs import leftovers
from convtool.outputs.existing import already_exists, refuse_existing, refuse_existing_folder
from convtool.outputs.uploads import Uploads
from convtool.places.names import Place, RemotePath
from convtool.places.uploads import Origin


class Publisher:
    """Publishes the outputs of one run, each when it is complete; all threads of the run share it.

    >>> publisher = Publisher()
    >>> publisher.abandon()
    >>> with publisher.file(Path("never.txt"), overwrite=False):
    ...     pass
    Traceback (most recent call last):
    convtool.errors.WriteError: interrupted
    """

    def __init__(self) -> None:
        self._temporaries: dict[Path, int | None] = {}  # with the descriptor of a file
        self._lock = threading.Lock()
        self._abandoned = False
        self._uploads = Uploads(self._check_wanted)

    def abandon(self) -> None:
        """Remove every temporary, and let nothing be published any more: the run is over."""
        with self._lock:
            self._abandoned = True
            for path, descriptor in self._temporaries.items():
                if system.WINDOWS and descriptor is not None:  # open files stay there
                    with contextlib.suppress(OSError):
                        os.close(descriptor)
                _remove(path)
        self._uploads.abandon()

    @contextmanager
    def file(
        self, target: Place, *, overwrite: bool, origin: Origin | None = None
    ) -> Iterator[BinaryIO]:
        """Open a new file, renamed to `target` when the block ends, and removed if it fails.

        Args:
            target: the final name; its folder is made where it is missing.
            overwrite: replace an existing file, keeping its mode.
            origin: what a remote object is made from, which marks it.

        Raises:
            WriteError: the file cannot be written, the target exists and must stay, or the run
                has been abandoned.
        """
        if isinstance(target, RemotePath):
            with self._uploads.file(target, overwrite=overwrite, origin=origin) as sent:
                yield sent
            return
        with self._temporary(target) as (temporary, final):
            refuse_existing(target, overwrite=overwrite)
            with self._new(temporary) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            with self._while_wanted():
                _publish_file(temporary, final, overwrite=overwrite)

    @contextmanager
    def folder(
        self, target: Place, *, overwrite: bool, origin: Origin | None = None
    ) -> Iterator[Path]:
        """Make a new folder, renamed to `target` when the block ends, and removed if it fails.

        Args:
            target: the final name.
            overwrite: replace an existing folder and everything in it.
            origin: as above.

        Raises:
            WriteError: the folder cannot be written, the target exists and must stay, or the run
                has been abandoned.
        """
        if isinstance(target, RemotePath):
            with self._uploads.folder(target, overwrite=overwrite, origin=origin) as sent:
                yield sent
            return
        with self._temporary(target) as (temporary, final):
            refuse_existing_folder(target, overwrite=overwrite)
            with self._while_wanted():
                temporary.mkdir(parents=True)
            with leftovers.held(temporary):
                yield temporary
            with self._while_wanted():
                _publish_folder(temporary, final)

    @contextmanager
    def scratch(self, target: Place) -> Iterator[Path]:
        """Make an empty file beside `target`, or here, which is removed when the block ends.

        Args:
            target: the final name of the output that it is for.

        Raises:
            WriteError: the file cannot be made, or the run has been abandoned.
        """
        if isinstance(target, RemotePath):
            with tempfile.TemporaryDirectory(prefix="convtool-") as folder:
                path = Path(folder) / "piece"
                path.touch()
                yield path
            return
        with self._temporary(target) as (temporary, _), self._new(temporary):
            yield temporary

    @contextmanager
    def _new(self, temporary: Path) -> Iterator[BinaryIO]:
        """Make a temporary file, and hold it while it is open."""
        temporary.parent.mkdir(parents=True, exist_ok=True)
        with self._while_wanted():
            descriptor = os.open(temporary, _NEW_FILE, 0o666)
            self._temporaries[temporary] = descriptor
            leftovers.hold(descriptor)
        with os.fdopen(descriptor, "w+b") as file:
            yield file

    @contextmanager
    def _temporary(self, target: Path) -> Iterator[tuple[Path, Path]]:
        """Yield an unused name beside `target`, and the real path of `target`.

        Whatever has the unused name at the end is removed.

        Raises:
            WriteError: the operating system refuses something in the block.
        """
        if reason := system.refusal(target):
            raise WriteError(f"{target} cannot be written: {reason}", named=True)
        final = Path(os.path.realpath(target))
        temporary = final.with_name(f".convtool-{secrets.token_hex(8)}.tmp")
        with self._while_wanted():
            self._temporaries[temporary] = None
        try:
            yield temporary, final
        except OSError as exc:
            ours = isinstance(exc, ConvtoolError)
            if ours or isinstance(exc, BrokenPipeError) or exc.errno is None:
                raise  # a broken pipe concerns another file than this one
            raise WriteError(f"{target} cannot be written: {exc.strerror}", named=True) from exc
        finally:
            _remove(temporary)
            with self._lock:
                del self._temporaries[temporary]

    def _check_wanted(self) -> None:
        if self._abandoned:
            raise WriteError("interrupted")

    @contextmanager
    def _while_wanted(self) -> Iterator[None]:
        """Hold the lock, so that the run cannot be abandoned within the block.

        Raises:
            WriteError: it has been abandoned before.
        """
        with self._lock:
            self._check_wanted()
            yield


_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | system.BINARY


def _publish_file(temporary: Path, final: Path, *, overwrite: bool) -> None:
    if overwrite:
        if not system.WINDOWS:  # whose only mode, read-only, keeps a file from being replaced
            with contextlib.suppress(FileNotFoundError):
                temporary.chmod(final.stat().st_mode & 0o7777)
        system.patiently(Path.replace, temporary, final)
        return
    try:
        if system.WINDOWS:
            system.patiently(Path.rename, temporary, final)
        else:
            _link(temporary, final)
    except FileExistsError as exc:
        raise already_exists(final) from exc


def _link(temporary: Path, final: Path) -> None:
    """Give a file a second name; unlike renaming it, this fails where another run was faster."""
    try:
        os.link(temporary, final)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        temporary.replace(final)


def _publish_folder(temporary: Path, final: Path) -> None:
    if not final.exists():
        system.patiently(Path.rename, temporary, final)
        return
    old = temporary.with_suffix(".old")
    system.patiently(Path.rename, final, old)
    try:
        system.patiently(Path.rename, temporary, final)
    except OSError:
        old.rename(final)
        raise
    shutil.rmtree(old)


def _remove(temporary: Path) -> None:
    with contextlib.suppress(OSError):
        if temporary.is_dir():
            shutil.rmtree(temporary)
        else:
            temporary.unlink()
