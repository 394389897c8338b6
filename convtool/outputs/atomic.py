"""Write files that are either whole or not there: a temporary beside the target, synced, then renamed.

It knows nothing of what is written.
"""

import contextlib
import os
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from convtool.errors import ConvtoolError, WriteError

_living: set[Path] = set()  # temporaries of all threads
_lock = threading.Lock()
_given_up = False


def give_up() -> None:
    """Remove the temporaries of all threads, and let none of them be published: the process is about to end."""
    global _given_up  # noqa: PLW0603  # a process ends once
    with _lock:
        _given_up = True
        for path in _living:
            _remove(path)


@contextmanager
def _temporary(target: Path) -> Iterator[tuple[Path, Path]]:
    """Yield a name beside `target` that nothing has, and the target's own; what has the first at the end vanishes.

    Raises:
        WriteError: what is done in the block cannot be, or `give_up` has been called.
    """
    final = Path(os.path.realpath(target))
    temporary = final.with_name(f".convtool-{secrets.token_hex(8)}.tmp")
    with _lock:
        _check_wanted()
        _living.add(temporary)
    try:
        yield temporary, final
    except OSError as exc:
        if isinstance(exc, ConvtoolError | BrokenPipeError) or exc.errno is None:
            raise  # a pipe is no file of ours
        raise WriteError(f"{target}: cannot be written: {exc.strerror}") from exc
    finally:
        _remove(temporary)
        with _lock:
            _living.discard(temporary)


def _remove(temporary: Path) -> None:
    with contextlib.suppress(OSError):
        shutil.rmtree(temporary) if temporary.is_dir() else temporary.unlink()


def _check_wanted() -> None:
    if _given_up:
        raise WriteError("interrupted")


@contextmanager
def replacing(target: Path, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Open a new file that takes the name `target` when the block ends well, and vanishes when it does not.

    Args:
        target: the final name; its folder is made where it is missing.
        overwrite: replace a file of that name, keeping its mode.

    Raises:
        WriteError: the folder cannot be written, or the target exists and must stay.
    """
    with _temporary(target) as (temporary, final):
        refuse_existing(target, overwrite=overwrite)
        final.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(
            temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666
        )
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with _lock:
            _check_wanted()
            _publish(temporary, final, overwrite=overwrite)


@contextmanager
def replacing_folder(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Make a new folder that takes the name `target` when the block ends well, and vanishes when it does not.

    Args:
        target: the final name.
        overwrite: replace a folder of that name, all that is in it.

    Raises:
        WriteError: the folder cannot be written, or the target exists and must stay.
    """
    with _temporary(target) as (temporary, final):
        refuse_existing_folder(target, overwrite=overwrite)
        temporary.mkdir(parents=True)
        yield temporary
        with _lock:
            _check_wanted()
            if final.exists():
                aside = temporary.with_suffix(".old")
                final.rename(aside)
                temporary.rename(final)
                shutil.rmtree(aside)
            else:
                temporary.rename(final)


def refuse_existing_folder(target: Path, *, overwrite: bool) -> None:
    """Check that a folder `target` may be written.

    Raises:
        WriteError: it exists and is not to be overwritten, or is no folder.
    """
    if target.exists() and not target.is_dir():
        raise WriteError(f"{target}: is not a folder")
    if target.exists() and not overwrite:
        raise WriteError(
            f"{target}: exists already", hint="--overwrite replaces it and all that is in it"
        )


def refuse_existing(target: Path, *, overwrite: bool) -> None:
    """Check that `target` may be written.

    Raises:
        WriteError: it exists and is not to be overwritten, or is no regular file.
    """
    if target.is_symlink() or target.exists():
        if not overwrite:
            raise WriteError(f"{target}: exists already", hint="--overwrite replaces it")
        if target.exists() and not target.is_file():
            raise WriteError(f"{target}: is not a regular file")


def _publish(temporary: Path, final: Path, *, overwrite: bool) -> None:
    if overwrite:
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(final.stat().st_mode & 0o7777)
        temporary.replace(final)
        return
    try:
        os.link(temporary, final)  # unlike a rename, it fails where another run was faster
    except FileExistsError as exc:
        raise WriteError(f"{final}: exists already", hint="--overwrite replaces it") from exc
    except OSError:  # a file system without hard links
        temporary.replace(final)
