"""`convtool warm`: a process that has torch imported already, for shell loops over many files."""

import os
import subprocess
import sys
import time
from typing import Annotated

import typer

from convtool.cli import messages
from convtool.cli.commands import Command, Group
from convtool.errors import UsageError
from convtool.options.declare import read_value
from convtool.options.values import WholeSeconds

app = typer.Typer(
    cls=Group,
    help="Keep a process with torch imported: `convtool image` and `audio` then start in a tenth "
    "of the time.",
)
IDLE = 600  # seconds
# A worker gets all its memory from the system, page by page: large pages save a sixth of the time
# of a large image.
HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
START_TIMEOUT = 60.0  # seconds


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
    if _is_running():
        messages.say("already warm")
        return
    process = _launch(seconds)
    deadline = time.monotonic() + START_TIMEOUT
    while not _is_running():
        if process.poll() is not None or time.monotonic() > deadline:
            messages.error(
                "the warm process did not start",
                f"`{sys.executable} -m convtool.cli.serving {seconds}` shows the reason",
            )
            raise typer.Exit(1)
        time.sleep(0.02)
    messages.say(f"warm for {seconds} s after each call")


def _launch(idle: int) -> "subprocess.Popen[bytes]":
    """Start the warm process, detached from this one."""
    return subprocess.Popen(  # noqa: S603  # this program itself
        [sys.executable, "-m", "convtool.cli.serving", str(idle)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
        env=os.environ | HUGE_PAGES,
    )


@app.command(cls=Command)
def stop() -> None:
    """Stop the warm process, after the calls that it runs."""
    from convtool.warm import client  # noqa: PLC0415  # on Linux

    connection = client.connect()
    if connection is None:
        messages.say("not warm")
        return
    with connection:
        connection.send(client.STOP)
        connection.recv(1)
    messages.say("stopped")


@app.command(cls=Command)
def status() -> None:
    """Print whether the warm process runs; exit 1 if not."""
    from convtool.warm import client  # noqa: PLC0415  # on Linux

    if not _is_running():
        print("not warm")
        raise typer.Exit(1)
    print(f"warm, {client.address()}")


def _is_running() -> bool:
    from convtool.warm import client  # noqa: PLC0415  # on Linux

    connection = client.connect()
    if connection is None:
        return False
    connection.close()
    return True
