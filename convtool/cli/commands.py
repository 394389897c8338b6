"""Commands and groups of commands, with help and messages of our own instead of typer's."""

import difflib
import sys
from collections.abc import Iterable
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from convtool.cli import bash, layout
from convtool.errors import UsageError

WRONG_USAGE = UsageError.exit_code


class Command(TyperCommand):
    """A command whose help is laid out by us, and whose mistakes are told in our words."""

    allow_extra_args = True  # `parse_args` refuses them

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page of `--help`."""
        formatter.write(self.page(ctx))

    def page(self, ctx: typer.Context) -> str:
        """Return the page of `--help`."""
        names = [param for param in self.params if isinstance(param, TyperArgument)]
        words = [name_of(param) for param in names]
        usage = " ".join([ctx.command_path, "[OPTIONS]", *words])
        arguments = [(name_of(param), param.help or "") for param in names]
        options = [*option_rows(self.params), HELP_ROW]
        sections = [layout.Section("", arguments), layout.Section("Options", options)]
        return layout.page(usage, self.help or "", sections)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse words; those beyond the arguments are refused."""
        rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            raise UsageError(f"'{rest[0]}' is one word too many", hint=see(ctx))
        return rest


class Group(TyperGroup):
    """A group of commands, likewise."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page of `--help`."""
        formatter.write(self.page(ctx))

    def page(self, ctx: typer.Context) -> str:
        """Return the page of `--help`."""
        commands = [(name, first_sentence(command.help)) for name, command in self.commands.items()]
        usage = f"{ctx.command_path} COMMAND …"
        options = [*option_rows(self.params), HELP_ROW]
        sections = [layout.Section("Commands", commands), layout.Section("Options", options)]
        closing = f"`{ctx.command_path} COMMAND --help` shows the options of a command."
        if self.epilog:
            closing += f" {self.epilog}"
        return layout.page(usage, self.help or "", sections, closing)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse words; without any, print the page of `--help`."""
        if not args and not ctx.resilient_parsing:
            print(self.page(ctx), file=sys.stderr)
            raise typer.Exit(WRONG_USAGE)
        return super().parse_args(ctx, args)

    def _main_shell_completion(self, *args: Any, **more: Any) -> None:
        bash.register()
        super()._main_shell_completion(*args, **more)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is named; a word that names none is refused."""
        name = args[0]
        known = list(self.commands)
        if name not in self.commands and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"commands: {', '.join(known)}"
            raise UsageError(f"no command '{name}'", hint=hint)
        return super().resolve_command(ctx, args)


def name_of(param: TyperArgument) -> str:
    """Return an argument as it is shown: what a person types."""
    return param.metavar or str(param.name).upper()


def option_rows(params: Iterable[object]) -> list[layout.Row]:
    """Return the rows of options in help."""
    return [
        (spelled(param.opts, "" if param.is_flag else param.metavar or ""), param.help or "")
        for param in params
        if isinstance(param, TyperOption) and not param.hidden
    ]


def spelled(flags: Iterable[str], metavar: str) -> str:
    """Return the spellings of an option, short ones first, and what it takes.

    >>> spelled(["--kernel", "-k"], "KERNEL"), spelled(["--flip"], "")
    ('-k, --kernel KERNEL', '    --flip')
    """
    ordered = sorted(flags, key=len)
    indent = "" if len(ordered[0]) == 2 else "    "
    return f"{indent}{', '.join(ordered)} {metavar}".rstrip()


def first_sentence(text: str | None) -> str:
    """Return the first sentence of a help text."""
    return (text or "").strip().split("\n\n")[0].partition(". ")[0].rstrip(".") + "."


HELP_ROW = (spelled(["--help", "-h"], ""), "Show this page.")


def see(ctx: typer.Context) -> str:
    """Return the hint where all options are listed."""
    return f"`{ctx.command_path} --help` lists the options"
