"""`convtool warm`: a process that has torch imported already, for shell loops over many files."""

import os
import subprocess
import sys
import time
from typing import Annotated

import typer

from convtool.cli import messages
from convtool.errors import UsageError
from convtool.warm import client

app = typer.Typer(
    help="Keep a process with torch imported: `convtool image` and `audio` then start in a tenth of the time.",
    no_args_is_help=True,
)
IDLE = 600
# A worker's memory is all new to it, and comes page by page: large ones save a sixth of a large picture's time.
HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
START = 60.0  # seconds that an import may take


@app.command()
def start(
    idle: Annotated[
        int,
        typer.Option("--idle", min=1, metavar="SECONDS", help="End after so long without a call."),
    ] = IDLE,
) -> None:
    """Start it; calls use it from now on."""
    if not sys.platform.startswith("linux"):
        raise UsageError("a warm process needs Linux")
    if _is_running():
        messages.say("warm already")
        return
    command = [sys.executable, "-m", "convtool.warm.server", str(idle)]
    null = subprocess.DEVNULL
    process = subprocess.Popen(  # noqa: S603
        command,
        stdin=null,
        stdout=null,
        stderr=null,
        start_new_session=True,
        cwd="/",
        env=os.environ | HUGE_PAGES,
    )
    deadline = time.monotonic() + START
    while not _is_running():
        if process.poll() is not None or time.monotonic() > deadline:
            messages.error(
                "the warm process did not start",
                f"`{sys.executable} -m convtool.warm.server {idle}` says why",
            )
            raise typer.Exit(1)
        time.sleep(0.02)
    messages.say(f"warm for {idle} s after each call")


@app.command()
def stop() -> None:
    """Stop it, after the calls that it runs."""
    connection = client.connect()
    if connection is None:
        messages.say("not warm")
        return
    with connection:
        connection.send(client.STOP)
        connection.recv(1)
    messages.say("stopped")


@app.command()
def status() -> None:
    """Say whether it runs; exit 1 if not."""
    if not _is_running():
        print("not warm")
        raise typer.Exit(1)
    print(f"warm, {client.address()}")


def _is_running() -> bool:
    connection = client.connect()
    if connection is None:
        return False
    connection.close()
    return True
