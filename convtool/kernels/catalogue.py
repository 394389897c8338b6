"""Find kernel files by name, and list them; `schema` checks their contents.

It must not import pydantic or NumPy: `convtool kernels list` and completion have to be instant.
"""

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from convtool.errors import KernelError
from convtool.kernels.bounds import MAX_BANK_DEPTH
from convtool.kernels.grammar import SUFFIXES, is_path, split_head
from convtool.kernels.networks.names import is_network
from convtool.kernels.safe_yaml import parse


@dataclass(frozen=True)
class Entry:
    """One kernel of the catalogue.

    Attributes:
        name: its name for `-k`.
        dimensions: the dimensions that it has weights for: 1 audio, 2 images, 3 video.
        parameters: their defaults.
        summary: one line for people.
        family: of which kernels it is one; empty where its file does not say.
    """

    name: str
    dimensions: tuple[int, ...]
    parameters: dict[str, float | str]
    summary: str
    family: str = ""


# The families of the built-in kernels, in the order in which they are taught.
FAMILIES = (
    "blur",
    "sharpen",
    "difference",
    "gradient",
    "second derivative",
    "compass",
    "time",
    "band",
    "effect",
    "channels",
)


def builtin_folder() -> Path:
    """Return the folder of the built-in kernels: in the wheel, or beside the source."""
    package = Path(__file__).parent.parent
    packaged = package / "presets"
    return packaged if packaged.is_dir() else package.parent / "kernels"


def user_folder() -> Path:
    """Return the user's folder of kernels, `~/.config/convtool/kernels` on Linux."""
    return platformdirs.user_config_path("convtool", appauthor=False) / "kernels"


def search_path(search: Sequence[Path] = ()) -> list[Path]:
    """Return the folders where kernel names are looked up; the first match counts.

    Args:
        search: the folders of `--kernel-path`; those of CONVTOOL_KERNEL_PATH, the user's folder
            and the built-in kernels follow.
    """
    listed = os.environ.get("CONVTOOL_KERNEL_PATH", "").split(os.pathsep)
    return [
        *search,
        *(Path(folder) for folder in listed if folder),
        user_folder(),
        builtin_folder(),
    ]


def catalogue(search: Sequence[Path] = ()) -> dict[str, Path]:
    """Return the files of all kernels on the search path by name, sorted."""
    found: dict[str, Path] = {}
    for folder in search_path(search):
        if not folder.is_dir():
            continue
        for path in sorted(folder.iterdir()):
            if path.suffix in SUFFIXES:
                found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def locate(name: str, search: Sequence[Path] = ()) -> Path:
    """Return the file of a kernel by its name, in any case, with `-` or `_`.

    Raises:
        KernelError: there is none; the hint has similar names.
    """
    names = catalogue(search)
    if name in names:
        return names[name]
    plain = {_plain(known): path for known, path in reversed(names.items())}
    if _plain(name) in plain:
        return plain[_plain(name)]
    raise KernelError(f"unknown kernel '{name}'", hint=_similar(name, names))


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-")


def _similar(name: str, names: Iterable[str]) -> str:
    """Return a hint with what a name may stand for: kernels, or a network."""
    if is_network(name):
        return f"of a network, name a layer, as in {name}:conv1; `convtool kernels list {name}`"
    similar = difflib.get_close_matches(_plain(name), names, n=3, cutoff=0.6)
    if not similar:
        return "`convtool kernels list` shows all names"
    first, last = ", ".join(similar[:-1]), similar[-1]
    return f"did you mean {first} or {last}?" if first else f"did you mean {last}?"


def path_of(head: str, search: Sequence[Path] = ()) -> Path:
    """Return the file of a kernel by its name or path.

    Raises:
        KernelError: no kernel has this name.
    """
    return Path(head) if is_path(head) else locate(head, search)


def entry(path: Path, search: Sequence[Path] = ()) -> Entry:
    """Return the entry of a kernel file; its weights are not checked.

    Raises:
        KernelError: the file lacks the keys of a kernel, or a bank's member is missing.
    """
    content, _ = parse(path)
    try:
        parameters = {key: value["default"] for key, value in content.get("parameters", {}).items()}
        dimensions = tuple(sorted(_dimensions(content, search, MAX_BANK_DEPTH)))
        summary, family = (str(content.get(key, "")) for key in ("summary", "family"))
        return Entry(path.stem, dimensions, parameters, summary, family)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise KernelError(
            f"{path}: not a kernel file", hint=f"`convtool kernels check {path}` says why"
        ) from exc


def by_family(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries with those of a family together: families as taught, then others, by name.

    >>> one, other = Entry("a", (2,), {}, ""), Entry("b", (2,), {}, "", "blur")
    >>> [entry.name for entry in by_family([one, other])]
    ['b', 'a']
    """
    order = {family: number for number, family in enumerate(FAMILIES)}
    return sorted(
        entries,
        key=lambda entry: (
            order.get(entry.family, len(order)),
            not entry.family,
            entry.family,
            entry.name,
        ),
    )


def files(path: Path, search: Sequence[Path] = (), depth: int = MAX_BANK_DEPTH) -> list[Path]:
    """Return a kernel file, and where it is a bank also the files of its members.

    Raises:
        KernelError: a file cannot be read, a member is missing, or banks are nested too deep.
    """
    members = parse(path)[0].get("bank")
    found = [path]
    for member in _members(members, search, depth) if isinstance(members, list) else ():
        found += files(member, search, depth - 1)
    return found


def bank_dimensions(
    members: Sequence[str], search: Sequence[Path] = (), depth: int = MAX_BANK_DEPTH
) -> set[int]:
    """Return the dimensions that all members of a bank have weights for.

    Raises:
        KernelError: a member is missing, or banks are nested too deep.
    """
    each = [
        _dimensions(parse(path)[0], search, depth - 1) for path in _members(members, search, depth)
    ]
    return set.intersection(*each)


def _members(members: Sequence[Any], search: Sequence[Path], depth: int) -> list[Path]:
    """Return the files of a bank's members."""
    if depth == 0:
        raise KernelError(f"banks are nested more than {MAX_BANK_DEPTH} deep")
    return [path_of(split_head(str(member))[0], search) for member in members]


def _dimensions(content: dict[str, Any], search: Sequence[Path], depth: int) -> set[int]:
    if content.get("bank"):
        return bank_dimensions(content["bank"], search, depth)
    return set(map(int, content.get("weights") or content["dimensions"]))
