"""Pages of `--help` for commands whose options are declared in groups, with `--help-all`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from convtool.cli import layout
from convtool.cli.commands import HELP_ROW, Command, spelled
from convtool.cli.options import Fields
from convtool.options.declare import GROUPS, Declaration, declaration_of, opposite, spellings

ALL_ROW = (spelled(["--help-all"], ""), "Show all options, also those rarely needed.")
EXAMPLE = 52  # columns of an example, up to which its line also says what it does


@dataclass(frozen=True)
class Content:
    """What the page of a command says.

    Attributes:
        words: what is typed beside the options.
        summary: what the command does.
        examples: calls, and what each does.
        names: what the words stand for.
        fields: the options, by name.
        medium: the name of the medium that help is for; empty for none.
    """

    words: str
    summary: str
    examples: Sequence[layout.Row]
    names: Sequence[layout.Row]
    fields: Fields
    medium: str = ""


class OptionsCommand(Command):
    """A command whose help lists its declared options by their groups."""

    def content(self, ctx: typer.Context) -> Content:
        """Return what the page says."""
        raise NotImplementedError

    def page(self, ctx: typer.Context, *, rare: bool = False) -> str:
        """Return the page of `--help`, or of `--help-all`."""
        content = self.content(ctx)
        groups = _groups(content, rare=rare)
        left = max(map(layout.columns_of, groups.values()))
        sections = [
            layout.Section("Examples", content.examples, example_columns(content.examples)),
            layout.Section("Names", content.names),
            *(layout.Section(heading, rows, left) for heading, rows in groups.items()),
        ]
        usage = f"{ctx.command_path} [OPTIONS] {content.words}"
        return layout.page(usage, content.summary, sections)


def example_columns(examples: Sequence[layout.Row]) -> int:
    """Return the columns that examples take before what they do."""
    return layout.columns_of(examples, EXAMPLE)


def _show_all(context: typer.Context, value: bool) -> None:  # noqa: FBT001  # typer's signature
    if value and isinstance(context.command, OptionsCommand):
        print(context.command.page(context, rare=True))
        raise typer.Exit


HelpAll = Annotated[bool, typer.Option("--help-all", is_eager=True, callback=_show_all)]


def _groups(content: Content, *, rare: bool) -> dict[str, list[layout.Row]]:
    """Return options as rows of help, by heading."""
    sections: dict[str, list[layout.Row]] = {group: [] for group in GROUPS}
    hidden = False
    for field in content.fields.values():
        declared = declaration_of(field)
        hidden |= declared.rare
        if rare or not declared.rare:
            flags = [*spellings(field), *([off] if (off := opposite(field)) else [])]
            metavar = "" if declared.counted else declared.kind.metavar
            row = spelled(flags, metavar), _meaning(declared, content.medium, field.default)
            sections.setdefault(declared.group, []).append(row)
    sections[GROUPS[-1]] += [HELP_ROW, *([ALL_ROW] if hidden else [])]
    return sections


def _meaning(declared: Declaration, medium: str, default: Any) -> str:
    """Return what help says of an option, with its default."""
    usual = declared.default_for(medium, default)
    return declared.help_for(medium) + (f" [default: {usual}]" if usual else "")
