"""Find kernel files and read their YAML safely; what stands in them is `kernelfile`'s business.

It must not import pydantic or NumPy: `convtool kernels list` has to be instant.
"""

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convtool.errors import KernelError
from convtool.kernels.safe_yaml import parse

MAX_BANK_DEPTH = 4
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class Entry:
    """What a list of kernels says of one.

    Attributes:
        name: what -k calls it.
        dimensions: what it has weights for: 1 sound, 2 pictures, 3 film.
        parameters: their defaults.
        summary: what it does.
    """

    name: str
    dimensions: tuple[int, ...]
    parameters: dict[str, float | str]
    summary: str


def builtin_folder() -> Path:
    """Return the folder of the kernels that come with convtool: in the wheel, or beside the source."""
    here = Path(__file__).parent.parent
    packaged = here / "presets"
    return packaged if packaged.is_dir() else here.parent / "kernels"


def search_path(extra: Sequence[Path] = ()) -> list[Path]:
    """Return the folders where kernel names are looked up, first match first.

    Args:
        extra: the folders of `--kernel-path`; CONVTOOL_KERNEL_PATH, the user's configuration
            folder and the built-in kernels follow.
    """
    listed = os.environ.get("CONVTOOL_KERNEL_PATH", "")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return [
        *extra,
        *(Path(part) for part in listed.split(os.pathsep) if part),
        config / "convtool" / "kernels",
        builtin_folder(),
    ]


def catalogue(extra: Sequence[Path] = ()) -> dict[str, Path]:
    """Return every kernel name on the search path with its file, sorted by name."""
    found: dict[str, Path] = {}
    for folder in search_path(extra):
        if folder.is_dir():
            for path in sorted(folder.iterdir()):
                if path.suffix in SUFFIXES:
                    found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def locate(name: str, extra: Sequence[Path] = ()) -> Path:
    """Return the file of the kernel called `name`.

    Raises:
        KernelError: there is none; the hint names near ones.
    """
    names = catalogue(extra)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = (
            f"did you mean {' or '.join(near)}?"
            if near
            else "`convtool kernels list` shows all names"
        )
        raise KernelError(f"unknown kernel '{name}'", hint=hint)
    return names[name]


def is_path(head: str) -> bool:
    """Return True for the path of a kernel file, False for a kernel's name."""
    return Path(head).suffix in SUFFIXES


def path_of(head: str, extra: Sequence[Path] = ()) -> Path:
    """Return the file that a kernel's name or path stands for.

    Raises:
        KernelError: no kernel has this name.
    """
    return Path(head) if is_path(head) else locate(head, extra)


def entry(path: Path, extra: Sequence[Path] = ()) -> Entry:
    """Return what a list says of the kernel in a file; its weights are not checked.

    Raises:
        KernelError: the file does not have the keys of a kernel, or a bank's member is missing.
    """
    content, _ = parse(path)
    try:
        parameters = {key: value["default"] for key, value in content.get("parameters", {}).items()}
        known = _dimensions(content, extra, MAX_BANK_DEPTH)
        return Entry(path.stem, tuple(sorted(known)), parameters, str(content.get("summary", "")))
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise KernelError(
            f"{path}: is no kernel file", hint="`convtool kernels check FILE` says why"
        ) from exc


def bank_dimensions(
    members: Sequence[str], extra: Sequence[Path] = (), depth: int = MAX_BANK_DEPTH
) -> set[int]:
    """Return the dimensions that all members of a bank have weights for.

    Raises:
        KernelError: a member is missing, or banks stand within banks without end.
    """
    if depth == 0:
        raise KernelError(f"banks within banks, more than {MAX_BANK_DEPTH} deep")
    paths = (path_of(member.partition(":")[0], extra) for member in members)
    return set.intersection(*(_dimensions(parse(path)[0], extra, depth - 1) for path in paths))


def _dimensions(content: dict[str, Any], extra: Sequence[Path], depth: int) -> set[int]:
    if content.get("bank"):
        return bank_dimensions(content["bank"], extra, depth)
    return set(content.get("weights") or content["dimensions"])
