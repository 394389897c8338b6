"""Check that outputs replace nothing that must stay, here or in a store."""

from convtool.errors import WriteError
from convtool.places.listing import below
from convtool.places.names import Place, RemotePath
from convtool.places.stores import exists


def refuse_existing(target: Place, *, overwrite: bool) -> None:
    """Check that a file `target` may be written.

    Raises:
        WriteError: it exists and must not be overwritten, or is not a regular file.
        ReadError: a store does not answer.
    """
    if isinstance(target, RemotePath):
        if not overwrite and exists(target.url):
            raise already_exists(target)
        return
    if not (target.is_symlink() or target.exists()):
        return
    if not overwrite:
        raise already_exists(target)
    if target.exists() and not target.is_file():
        raise WriteError(f"{target} is not a regular file", named=True)


def refuse_existing_folder(target: Place, *, overwrite: bool) -> None:
    """Check that a folder `target` may be written.

    Raises:
        WriteError: it exists and must not be overwritten, or is not a folder.
        ReadError: a store does not answer, or denies access.
    """
    if isinstance(target, RemotePath):
        there = not overwrite and next(below(target.url), None) is not None
    else:
        if target.exists() and not target.is_dir():
            raise WriteError(f"{target} is not a folder", named=True)
        there = not overwrite and target.exists()
    if there:
        raise WriteError(
            f"{target} already exists",
            hint="--overwrite replaces it and everything in it",
            named=True,
        )


def already_exists(target: Place) -> WriteError:
    """Return the error of a file that must stay."""
    return WriteError(f"{target} already exists", hint="--overwrite replaces it", named=True)
