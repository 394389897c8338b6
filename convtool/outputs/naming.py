"""How inputs are found and outputs are called."""

import string
from collections.abc import Container
from dataclasses import dataclass
from pathlib import PurePath

from convtool.errors import UsageError

FIELDS = ("stem", "kernel", "channel", "index", "suffix")


@dataclass(frozen=True)
class Naming:
    """How inputs are found and outputs are called.

    Attributes:
        found: suffixes of the medium's files in folders.
        written: suffixes that outputs can have.
        folders: those of outputs that are folders of many files.
        suffix: the ending that outputs get instead of the input's.
        split: one file a channel, or one for all; None for what OUTPUT suggests.
        glob: which files of folders are inputs, instead of those with known suffixes.
        template: what outputs in a folder are called, of `FIELDS` in braces.

    Raises:
        UsageError: the template is none.
    """

    found: Container[str]
    written: Container[str]
    folders: Container[str] = ()
    suffix: str | None = None
    split: bool | None = None
    glob: str | None = None
    template: str | None = None

    def __post_init__(self) -> None:
        if self.template is None:
            return
        hint = f"its fields are {', '.join(f'{{{field}}}' for field in FIELDS)}; {{index:04}} has leading zeros"
        try:
            fields = [
                field
                for _, field, _, _ in string.Formatter().parse(self.template)
                if field is not None
            ]
            self.template.format(stem="s", kernel="k", channel="c", index=1, suffix=".x")
        except (ValueError, KeyError, IndexError, AttributeError) as exc:
            raise UsageError(f"--name '{self.template}' is no template: {exc}", hint=hint) from exc
        if not set(fields) <= set(FIELDS) or "{suffix}" not in self.template:
            raise UsageError(
                f"--name '{self.template}' has fields that are not known, or no {{suffix}}",
                hint=hint,
            )
        if PurePath(self.template).is_absolute() or ".." in PurePath(self.template).parts:
            raise UsageError(f"--name '{self.template}' leaves OUTPUT")
