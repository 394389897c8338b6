"""The list of formats, and which one a file has: the one place that knows them."""

from pathlib import PurePath

from convtool.errors import KernelError
from convtool.kernels.formats import (
    imagej,
    json_text,
    magick,
    npy,
    tensor_files,
    vips,
    wav,
    yaml_file,
)
from convtool.kernels.formats.found import Format

FORMATS: tuple[Format, ...] = (
    yaml_file.FORMAT,
    json_text.FORMAT,
    vips.FORMAT,
    imagej.FORMAT,
    magick.FORMAT,
    npy.FORMAT,
    tensor_files.SAFE,
    tensor_files.TORCH,
    wav.FORMAT,
)
BY_SUFFIX = {suffix: format for format in FORMATS for suffix in format.suffixes}
READ = {suffix: format.read for suffix, format in BY_SUFFIX.items() if format.read is not None}


def format_of(path: str, word: str | None = None) -> Format:
    """Return the format that a file is written in.

    Args:
        path: of the file; its suffix decides where `word` is None.
        word: the name of a format, or a suffix without its dot.

    Raises:
        KernelError: there is no such format.
    """
    if word is None:
        suffix = PurePath(path).suffix.lower()
        if suffix in BY_SUFFIX:
            return BY_SUFFIX[suffix]
        lacks = f"no format of kernels has the suffix '{suffix}'" if suffix else "has no suffix"
        raise KernelError(f"{path}: {lacks}", hint=f"suffixes: {', '.join(BY_SUFFIX)}")
    for format in FORMATS:
        if word.lower() == format.word or f".{word.lower()}" in format.suffixes:
            return format
    words = ", ".join(format.word for format in FORMATS)
    raise KernelError(f"no format of kernels is called '{word}'", hint=f"formats: {words}")
