"""The program's commands, and the one place where errors become messages and exit codes."""

import contextlib
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from types import FrameType
from typing import Annotated, NoReturn

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from convtool import __version__
from convtool.cli import devices, explain, fit, kernels, messages, shape, status, warm
from convtool.cli.characters import prepare_streams
from convtool.cli.commands import Command, Group
from convtool.cli.filtering import FilterCommand, command_of
from convtool.cli.mistakes import in_our_words
from convtool.cli.signals import GOES
from convtool.errors import ConvtoolError, internal
from convtool.media.registry import MEDIA

FAILED = 1
USAGE = 2
SIGNALLED = 128  # plus the number of the signal, as shells have it
INTERRUPTED = SIGNALLED + signal.SIGINT
_VERBOSE = {"-v", "-vv", "--verbose"}

app = typer.Typer(
    cls=Group,
    help="Filter images, audio and video with real PyTorch convolution layers.",
    epilog="Exit codes: 0 all written, 1 some input failed, 2 wrong usage, "
    "130 and 143 interrupted. Environment: CONVTOOL_WARM=auto, on or off (`convtool warm`), "
    "CONVTOOL_KERNEL_PATH (folders of kernels).",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for medium in MEDIA.values():
    app.command(medium.name, cls=FilterCommand)(command_of(medium))
app.command("explain", cls=explain.ExplainCommand)(explain.explain)
app.command("shape", cls=shape.ShapeCommand)(shape.shape)
app.command("fit", cls=fit.FitCommand)(fit.fit)
app.add_typer(kernels.app, name="kernels")
app.command("status", cls=Command)(status.status)
app.command("devices", cls=Command)(devices.devices)
app.add_typer(warm.app, name="warm")


def _print_version(value: bool) -> None:  # noqa: FBT001  # typer's signature
    if value:
        print(f"convtool {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    del version
    warm.check_mode()


@cache
def _command() -> TyperGroup:
    """Return all commands, built once in a process: a warm one does it ahead of its calls."""
    command = typer.main.get_command(app)
    assert isinstance(command, TyperGroup)
    return command


def run(arguments: Sequence[str]) -> int:
    """Run the command line.

    Args:
        arguments: its words, without the program's name.

    Returns:
        The exit code.
    """
    _prepare_process()
    try:
        code = _command()(args=list(arguments), prog_name="convtool", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as exc:  # noqa: BLE001  # whatever it is, it becomes words
        return _failed(exc, verbose=not _VERBOSE.isdisjoint(arguments))
    return code or 0


def _failed(exc: Exception, *, verbose: bool) -> int:
    """Say what ended a command, and return its exit code.

    Args:
        exc: a ConvtoolError, or any other.
        verbose: print where an exception was raised that nobody foresaw.
    """
    if isinstance(exc, ConvtoolError):
        messages.error(exc.message, exc.hint)
        return exc.exit_code
    if isinstance(exc, TyperException):
        mistake = in_our_words(exc)
        messages.error(mistake.message, mistake.hint)
        return USAGE
    if isinstance(exc, BrokenPipeError):
        messages.close_output()
    elif isinstance(exc, OSError):
        messages.error(f"standard output cannot be written: {exc.strerror or exc}")
        messages.close_output()
    else:
        messages.error(internal(exc), "--verbose shows where")
        if verbose:
            messages.say("".join(traceback.format_exception(exc)))
    return FAILED


def leave(
    arguments: Sequence[str],
    prepare: Callable[[], None] = lambda: None,
    report: Callable[[int], None] = lambda _: None,
) -> NoReturn:
    """Run the command line and end the process at once, without deallocating torch's objects.

    Args:
        arguments: the words of the command line.
        prepare: called first.
        report: called last, with the exit code, when everything has been written.
    """
    code = FAILED
    try:
        prepare()
        code = run(arguments)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as exc:  # a signal
        code = exc.code if isinstance(exc.code, int) else FAILED
    finally:  # in any case: a worker must not return into the loop of the warm process
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.flush()
        with contextlib.suppress(OSError):
            report(code)
        os._exit(code)


def _prepare_process() -> None:
    """Set up signals, streams and warnings as a command-line program wants them."""
    for number in (signal.SIGTERM, GOES):
        if signal.getsignal(number) != signal.SIG_IGN:  # as `nohup` has it
            signal.signal(number, _terminate)
    prepare_streams()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # advice of libraries is for programmers, not for users


def _terminate(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(SIGNALLED + number)
