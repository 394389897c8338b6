"""How outputs are named, and which files of a folder are inputs. Nothing is opened here."""

import mimetypes
import string
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from convtool.errors import UsageError

FIELDS = ("stem", "kernel", "channel", "index", "suffix")


@dataclass(frozen=True, kw_only=True)
class Naming:
    """Which files are inputs, and what their outputs are called.

    Attributes:
        readable: suffixes of the medium's files, by which they are found in folders.
        writable: suffixes that outputs can have, each with its format.
        folders: suffixes of outputs that are folders of many files.
        medium: the name of the medium.
        several: the word for the medium's files in messages, such as images.
        one: the word for one of them.
        suffix: the ending of outputs; None for that of OUTPUT or the input.
        split: one file per channel, or one for all; None where OUTPUT decides.
        glob: a pattern of the files that are inputs, instead of those with readable suffixes.
        template: the name of an output in a folder, with `FIELDS` in braces; None for the usual.

    Raises:
        UsageError: the template is invalid.
    """

    readable: Container[str]
    writable: Mapping[str, object]
    folders: Container[str] = ()
    medium: str = ""
    several: str = "files"
    one: str = "file"
    suffix: str | None = None
    split: bool | None = None
    glob: str | None = None
    template: str | None = None

    def __post_init__(self) -> None:
        if self.template is not None:
            _check_template(self.template)

    def selects(self, path: PurePath) -> bool:
        """Return whether a file of a folder is an input.

        Args:
            path: the file, relative to the folder.
        """
        if self.glob is not None:
            return path.match(self.glob)
        return path.suffix.lower() in self.readable

    def belies(self, suffix: str) -> bool:
        """Return whether a name with a suffix would tell another format than that of outputs.

        Args:
            suffix: of a name that the user gives; one that stands for nothing is no lie.
        """
        suffix, own = suffix.lower(), str(self.suffix)
        if suffix in self.writable:
            return self.writable[suffix] is not self.writable.get(own)
        return suffix in self.readable or mimetypes.guess_type(f"name{suffix}")[0] is not None


def _check_template(template: str) -> None:
    known = f"fields: {', '.join(FIELDS)}"
    try:
        fields = [
            field for _, field, _, _ in string.Formatter().parse(template) if field is not None
        ]
    except ValueError as exc:
        raise UsageError(
            f"--name '{template}' has a brace without its counterpart", hint=known
        ) from exc
    for field in fields:
        if field not in FIELDS:
            raise UsageError(f"--name has no field {{{field}}}; {known}")
    if not template.endswith("{suffix}"):
        raise UsageError(f"--name '{template}' does not end in {{suffix}}", hint=known)
    try:
        template.format(stem="s", kernel="k", channel="c", index=1, suffix=".x")
    except (ValueError, KeyError, IndexError, AttributeError) as exc:
        hint = "a field is written {stem}, and a number with leading zeros {index:04}"
        raise UsageError(f"--name '{template}' cannot be used", hint=hint) from exc
    path = PurePath(template)
    if path.anchor or ".." in path.parts:
        raise UsageError(f"--name '{template}' leads out of the folder OUTPUT")
