"""Tell in our own words what typer raises about a command line that it cannot read."""

from typer._click.exceptions import (  # typer has no public names for them
    BadOptionUsage,
    MissingParameter,
    NoSuchOption,
)
from typer.exceptions import TyperException

from convtool.cli.commands import see
from convtool.errors import UsageError

HELP = "`convtool --help` lists commands and options"


def in_our_words(mistake: TyperException) -> UsageError:
    """Return what is wrong with a command line, and what to do about it."""
    context = getattr(mistake, "ctx", None)
    hint = see(context) if context else HELP
    if isinstance(mistake, NoSuchOption):
        params = context.command.params if context else ()
        hidden = {
            flag for param in params if getattr(param, "hidden", False) for flag in param.opts
        }
        near = [flag for flag in mistake.possibilities or () if flag not in hidden]
        hint = f"did you mean {' or '.join(near)}?" if near else hint
        return UsageError(f"no option {mistake.option_name}", hint=hint)
    if isinstance(mistake, BadOptionUsage):
        takes = "needs a value" if "requires" in mistake.message else "takes no value"
        return UsageError(f"{mistake.option_name} {takes}", hint=hint)
    if isinstance(mistake, MissingParameter) and mistake.param is not None:
        name = mistake.param.metavar or str(mistake.param.name).upper()
        return UsageError(f"{name} is missing", hint=hint)
    return UsageError("the command is incomplete", hint=hint)
