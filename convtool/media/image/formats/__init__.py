"""The image formats: each module of this folder is one family and defines its `FORMAT`.

A new one is found by itself.
"""

import importlib
import pkgutil

from convtool.media.image.format import Format
from convtool.media.policies import named


def _found() -> tuple[Format, ...]:
    modules = [f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)]
    return tuple(importlib.import_module(module).FORMAT for module in modules)


FORMATS = _found()
KNOWN = {suffix: format for format in FORMATS for suffix in format.suffixes}
WRITABLE = {suffix: format for suffix, format in KNOWN.items() if format.writable}
READABLE = {suffix: format for suffix, format in KNOWN.items() if format.sought}


def format_of(suffix: str) -> Format:
    """Return the format that `.png` or `png` names.

    Raises:
        UsageError: it names none.
    """
    return named(suffix, WRITABLE, "no image format is known by")


def recognized(start: bytes) -> Format | None:
    """Return the format of a file by its first bytes; None where it is of none of them."""
    return next((format for format in FORMATS if format.matches(start)), None)
