"""How an option is declared, how its text is read, and how its value is checked.

It knows no option: the groups declare them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, Literal

from convtool.errors import UsageError
from convtool.options.values import Flag, Kind
from convtool.sizes import counted

Axes = int | tuple[int, ...]
Sides = int | tuple[int | tuple[int, int], ...]
Padding = Literal["same", "valid"] | Sides
Situation = Mapping[str, Any]  # the values of all options, and what is known of the call
GROUPS = ("Kernel", "Output", "Look", "Inputs", "Result", "Layer", "Run")  # in the order of help


@dataclass(frozen=True)
class Need:
    """What an option needs to have an effect.

    Attributes:
        holds: says whether a call has it.
        lacking: why the option has no effect where it has not.
    """

    holds: Callable[[Situation], bool]
    lacking: str


@dataclass(frozen=True)
class Declaration:
    """An option, beside its name and its default.

    Attributes:
        kind: of its values.
        help: for `--help`; by medium where media differ, with the others' by "".
        group: the heading that it is listed under.
        flags: further spellings.
        several: it can be repeated; its value is a tuple.
        counted: it can be repeated; its value is how often.
        rare: only `--help-all` lists it.
        usual: how help states its default, by medium as above; None for the default itself.
        need: what it needs to have an effect.
    """

    kind: Kind
    help: str | Mapping[str, str]
    group: str
    flags: tuple[str, ...] = ()
    several: bool = False
    counted: bool = False
    rare: bool = False
    usual: str | Mapping[str, str] | None = None
    need: Need | None = None

    def help_for(self, medium: str) -> str:
        """Return what help says to those who use a medium."""
        return _of(self.help, medium)

    def default_for(self, medium: str, default: Any) -> str:
        """Return the default as help states it; empty where there is nothing to say."""
        if self.usual is not None:
            return _of(self.usual, medium)
        nothing = default is None or default is False or default in ((), 0)
        if default is True or nothing:
            return "on" if default is True else ""
        return f"{default:g}" if isinstance(default, float) else str(default)


def _of(texts: str | Mapping[str, str], medium: str) -> str:
    if isinstance(texts, str):
        return texts
    return texts.get(medium, texts.get("", ""))


def option(
    default: Any,
    help: str | Mapping[str, str],
    group: str,
    *flags: str,
    kind: Kind | None = None,
    **more: Any,
) -> Any:
    """Declare a field of a group of options.

    Args:
        default: the value when it is not given.
        help: one line for `--help`, or one per medium.
        group: the heading that it is listed under.
        flags: its spellings beside `--name`.
        kind: of its values, by default true or false.
        more: further fields of the `Declaration`.
    """
    declaration = Declaration(kind or Flag(), help, group, flags, **more)
    return field(default=default, metadata={"option": declaration})


def declaration_of(field: Field[Any]) -> Declaration:
    """Return how the option of a field is declared."""
    declaration: Declaration = field.metadata["option"]
    return declaration


def flag_of(name: str) -> str:
    """Return the long spelling of an option.

    >>> flag_of("padding_mode")
    '--padding-mode'
    """
    return f"--{name.replace('_', '-')}"


def spellings(field: Field[Any]) -> tuple[str, ...]:
    """Return all spellings of an option, the long one first, without its opposite."""
    return (flag_of(field.name), *declaration_of(field).flags)


def opposite(field: Field[Any]) -> str | None:
    """Return the flag that switches an option off which is on by default."""
    return f"--no-{field.name.replace('_', '-')}" if field.default is True else None


def read(field: Field[Any], text: str) -> Any:
    """Return the value of an option from its text.

    Raises:
        UsageError: the text stands for no value, or for one that is not allowed.
    """
    return read_value(field.name, declaration_of(field).kind, text)


def read_value(name: str, kind: Kind, text: str) -> Any:
    """Return a value of a kind from its text.

    Args:
        name: of the option.
        kind: of its values.
        text: what was typed.

    Raises:
        UsageError: the text stands for no value, or for one that is not allowed.
    """
    try:
        value = kind.read(text)
    except ValueError as exc:
        raise _refused(name, kind.expected, text, f"'{text}'") from exc
    return _allowed(name, kind, value)


def check(group: Any) -> None:
    """Check all options of a group, and store each in its usual form.

    Raises:
        UsageError: a value is not allowed.
    """
    for each in fields(group):
        value = getattr(group, each.name)
        declaration = declaration_of(each)
        if (value is None and each.default is None) or declaration.several or declaration.counted:
            continue
        object.__setattr__(group, each.name, _allowed(each.name, declaration.kind, value))


def _allowed(name: str, kind: Kind, value: Any) -> Any:
    try:
        return kind.allowed(value)
    except ValueError as exc:
        shown = f"'{value}'" if isinstance(value, str) else str(value)
        if isinstance(value, tuple):
            shown = ",".join(str(each).strip("()").replace(", ", ":") for each in value)
        raise _refused(name, str(exc), str(value), shown) from exc


def _refused(name: str, expected: str, text: str, shown: str) -> UsageError:
    return UsageError(f"{flag_of(name)} takes {expected}, not {shown}", hint=_hint(name, text))


def _hint(name: str, text: str) -> str | None:
    """Return what a person may have meant by a value that is not allowed."""
    if name == "padding" and text.isalpha():
        return f"--padding-mode chooses what is added: --padding-mode {text.lower()}"
    whole, comma, decimals = text.partition(",")
    if comma and whole.lstrip("+-").isdecimal() and decimals.isdecimal():
        return f"decimals take a point: {flag_of(name)} {whole}.{decimals}"
    return None


def lacking(groups: Iterable[type], given: Iterable[str], situation: Situation) -> list[str]:
    """Return a note for each option that was given and has no effect.

    Args:
        groups: the classes of the options.
        given: the names of those that were given.
        situation: the values of all options, and what is known of the call.
    """
    known = {each.name: declaration_of(each) for group in groups for each in fields(group)}
    needs = ((name, known[name].need) for name in given if name in known)
    return [
        f"{flag_of(name)} has no effect: {need.lacking}"
        for name, need in needs
        if need is not None and not need.holds(situation)
    ]


def per_axis(name: str, value: Axes, dims: int) -> tuple[int, ...]:
    """Return one number per axis.

    Args:
        name: the option's, without its dashes.
        value: one number for all axes, or one per axis.
        dims: the number of axes.

    Raises:
        UsageError: there are more numbers than one, and not one per axis.
    """
    if isinstance(value, int):
        return (value,) * dims
    if len(value) != dims:
        raise UsageError(
            f"--{name} has {counted(len(value), 'number')} for {counted(dims, 'axis', 'axes')}"
        )
    return value


def sides(value: Sides, dims: int) -> tuple[tuple[int, int], ...]:
    """Return the samples of a padding before and after on each axis.

    Args:
        value: one number for all axes, or one per axis; a pair stands for before and after, and a
            single pair for those of all axes.
        dims: the number of axes.

    Raises:
        UsageError: there are several, and not one per axis.

    >>> sides(((1, 2), 3), 2), sides(((1, 2),), 2)
    (((1, 2), (3, 3)), ((1, 2), (1, 2)))
    """
    axes = (value,) * dims if isinstance(value, int) else value
    if len(axes) == 1 and not isinstance(axes[0], int):
        axes *= dims
    if len(axes) != dims:
        raise UsageError(
            f"--padding has {counted(len(axes), 'number')} for {counted(dims, 'axis', 'axes')}"
        )
    return tuple((each, each) if isinstance(each, int) else each for each in axes)
