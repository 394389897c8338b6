"""`convtool warm`: a process that has torch imported already, for shell loops over many files."""

import signal
import sys
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from convtool.cli import messages
from convtool.cli.commands import Command, Group
from convtool.cli.signals import WAITING
from convtool.errors import UsageError
from convtool.media.registry import MEDIA
from convtool.options.declare import read_value
from convtool.options.values import WholeSeconds
from convtool.warm import IDLE

app = typer.Typer(
    cls=Group,
    help="Keep a process with torch imported: `convtool image`, `audio` and `video` then start in "
    "a tenth of the time. The third call within a minute starts it by itself; CONVTOOL_WARM=on: "
    "the first; CONVTOOL_WARM=off: none does, and none uses it.",
)
START_TIMEOUT = 60.0  # seconds
SIGNALLED = 128  # exit codes of calls that a signal has ended begin here
QUIET = {"-q", "--quiet"}


@app.callback()
def _needs_linux() -> None:
    if sys.platform != "linux":
        raise UsageError("the warm process needs Linux: it hands calls to forks of itself")


@app.command(cls=Command)
def start(
    idle: Annotated[
        str,
        typer.Option(
            "--idle",
            metavar="SECONDS",
            help=f"Stop after this time without a call. [default: {IDLE}]",
        ),
    ] = str(IDLE),
) -> None:
    """Start the warm process; calls use it from now on."""
    seconds = read_value("idle", WholeSeconds(), idle)
    from convtool.warm import client  # noqa: PLC0415  # on Linux
    from convtool.warm.launch import MODULE, launch  # noqa: PLC0415

    if client.answers():
        messages.say("already warm")
        return
    if client.mode() == client.OFF:
        raise UsageError("CONVTOOL_WARM=off: no call would use the warm process")
    process = launch(client.address(), seconds)
    deadline = time.monotonic() + START_TIMEOUT
    while not client.answers():
        if process.poll() is not None or time.monotonic() > deadline:
            messages.error(
                "the warm process did not start",
                f"`{sys.executable} -m {MODULE} {client.address()} {seconds}` shows the reason",
            )
            raise typer.Exit(1)
        time.sleep(0.02)
    messages.say(f"warm for {seconds} s after each call")


@app.command(cls=Command)
def stop() -> None:
    """Stop the warm process, after the calls that it runs."""
    from convtool.warm import client  # noqa: PLC0415  # on Linux
    from convtool.warm.automatic import end_starting  # noqa: PLC0415

    connection = client.connect()
    if connection is None:
        messages.say("stopped" if end_starting() else "not warm")
        return
    connection.send(client.STOP)
    connection.recv(1)
    connection.close()
    messages.say("stopped")


@app.command(cls=Command)
def status() -> None:
    """Print whether the warm process runs; exit 1 if not."""
    from convtool.warm import client  # noqa: PLC0415  # on Linux

    if not client.answers():
        print("not warm")
        raise typer.Exit(1)
    print(f"warm, {client.address()}")


def check_mode() -> None:
    """Check the environment variable CONVTOOL_WARM.

    Raises:
        UsageError: it holds none of its values.
    """
    if sys.platform != "linux":
        return
    from convtool.warm import client  # noqa: PLC0415

    if client.mode() not in client.MODES:
        raise UsageError(f"CONVTOOL_WARM takes auto, on or off, not '{client.mode()}'")


def after(arguments: Sequence[str], code: int) -> None:
    """Count a call whose work is done, and start the warm process if it is time.

    Args:
        arguments: the words of the command line.
        code: its exit code.
    """
    if "torch" not in sys.modules or arguments[0] not in MEDIA or code >= SIGNALLED:
        return
    if sys.platform != "linux":
        return
    from convtool.warm.automatic import start_where_due  # noqa: PLC0415

    for number in WAITING:  # they come too late to stop anything
        signal.signal(number, lambda *_: None)
    seen = sys.stderr is not None and sys.stderr.isatty() and QUIET.isdisjoint(arguments)
    if start_where_due() and seen:
        messages.say(
            "note: started a process that keeps PyTorch loaded, for "
            f"{IDLE // 60} minutes after a call\n"
            "hint: `convtool warm stop` ends it, CONVTOOL_WARM=off prevents it"
        )
