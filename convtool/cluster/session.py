"""Connect to a Ray cluster, or start Ray on this machine for as long as a run takes.

What Ray itself has to say stays away from the streams of the command.
"""

import importlib
import logging
import os
import re
import secrets
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

from convtool.errors import ConvtoolError, UsageError

EXTRA = "pip install 'torch-convtool[ray]'"
STORE = 80 * 2**20  # bytes of Ray's object store, which holds no samples; it wants 75 MB at least
OURS: dict[str, str] = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # else its C++ writes errors to standard error
    "RAY_NUM_REDIS_GET_RETRIES": "1",  # of half a minute each
    # Below `uv run`, Ray would send the working folder to the nodes, and install it there anew.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
ANSWER = 10.0  # seconds in which a cluster must answer
PATIENCE = 30.0  # seconds for which it may be gone meanwhile; after 60, Ray ends the process
# What a worker prints, as Ray's client shows it: with its process, its node and colours.
_THROUGH_CLIENT = re.compile(r"(?:\x1b\[\d+m)?\(\S+ pid=\d+(?:, ip=(\S+))?\)(?:\x1b\[0m)? (.*)")
Log = Callable[[str, str], None]  # takes a node, and a line that a worker has printed there


class ClusterGoneError(ConvtoolError):
    """A cluster no longer answers."""


def is_alone(address: str | None) -> bool:
    """Return whether Ray is started on this machine alone."""
    return address is None and not os.environ.get("RAY_ADDRESS")


@contextmanager
def session(address: str | None, log: Log | None) -> Iterator[ModuleType]:
    """Yield Ray, connected; disconnect at the end, and stop what was started.

    Args:
        address: of a cluster, as `ray.init` takes it; None for that of the environment
            (RAY_ADDRESS), or else Ray on this machine.
        log: called with what workers print, in a thread; None to leave it to Ray's logs.

    Raises:
        UsageError: Ray is not installed, or no cluster answers.
    """
    os.environ.update({name: os.environ.get(name, value) for name, value in OURS.items()})
    local = is_alone(address)
    if local:  # the ports of Ray are open to the network: nobody else shall use them
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    try:
        ray = importlib.import_module("ray")
    except ImportError as exc:
        raise UsageError("--engine ray needs Ray, which is not installed", hint=EXTRA) from exc
    _divert(log)
    if (address or os.environ.get("RAY_ADDRESS", "")).startswith("ray://"):
        _divert_client(log)
    with tempfile.TemporaryDirectory(prefix="convtool-", ignore_cleanup_errors=True) as folder:
        options: dict[str, Any] = {"address": address}
        if local:
            options = {
                "address": "local",
                "include_dashboard": False,
                "object_store_memory": STORE,
                "_temp_dir": folder,
            }
        _check_answers(address or os.environ.get("RAY_ADDRESS", ""))
        try:
            with _signals_kept(), _quiet():
                _connect(ray, options, log)
            yield ray
        except ClusterGoneError:
            raise  # Ray would wait for it, and end the process in the middle of its own words
        except BaseException:
            _leave(ray)
            raise
        else:
            _leave(ray)


def _leave(ray: ModuleType) -> None:
    with suppress(Exception):
        ray.shutdown()


def _check_answers(address: str) -> None:
    """Check that somebody listens at an address: Ray itself would try again for minutes.

    Args:
        address: HOST:PORT or ray://HOST:PORT; others are left to Ray.

    Raises:
        UsageError: nobody does.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        try:
            socket.create_connection((host.strip("[]"), int(port)), ANSWER).close()
        except OSError as exc:
            raise _no_cluster(address, exc.strerror or str(exc)) from exc


def check_is_there(address: str, since: float) -> float:
    """Check that a cluster still answers, some time.

    Args:
        address: HOST:PORT of its head.
        since: when it last did, by the monotonic clock.

    Returns:
        When it last did, from now on.

    Raises:
        ClusterGoneError: it has not for a while.
    """
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER).close()
    except OSError as exc:
        if time.monotonic() - since < PATIENCE:
            return since
        raise ClusterGoneError(
            f"the Ray cluster at {address} no longer answers", hint="--skip-existing continues"
        ) from exc
    return time.monotonic()


def _no_cluster(where: str, reason: str) -> UsageError:
    return UsageError(
        f"no Ray cluster at {where}: {reason}",
        hint="`ray status` shows whether it runs; without --address, Ray runs on this machine",
    )


def _connect(ray: ModuleType, options: dict[str, Any], log: Log | None) -> None:
    try:
        ray.init(
            **options,
            log_to_driver=log is not None,
            logging_level=logging.CRITICAL,
            configure_logging=True,
        )
    except (ConnectionError, RuntimeError, ValueError, TimeoutError, OSError) as exc:
        where = options["address"] or os.environ.get("RAY_ADDRESS")
        first, *others = str(exc).strip().splitlines() or [type(exc).__name__]
        reason = f"{first} {others[-1]}" if others and first.endswith(":") else first
        raise _no_cluster(str(where), reason) from exc


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Keep the handlers of signals: Ray sets one of its own."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let nothing reach standard error: while Ray's C++ connects, it knows no other place."""
    try:
        kept = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


def _divert(log: Log | None) -> None:
    """Let Ray print nothing: no setting of it keeps its messages off standard output.

    Args:
        log: takes what workers have printed.
    """

    def take(data: dict[str, Any], *_: Any, **__: Any) -> None:
        if log is not None and str(data.get("pid")).isdecimal():  # a worker, no part of Ray
            for line in data.get("lines", ()):
                log(str(data.get("ip")), line)

    vars(importlib.import_module("ray._private.worker"))["print_worker_logs"] = take


def _divert_client(log: Log | None) -> None:
    """Do the same for what comes through Ray's client.

    Raises:
        UsageError: what it needs is not installed.
    """

    def take(_: Any, *, level: int, msg: str) -> None:
        del level
        for line in msg.splitlines():
            if log is not None and (match := _THROUGH_CLIENT.match(line)):
                log(match[1] or "the head node", match[2])

    try:
        logs = importlib.import_module("ray.util.client.logsclient")
    except ImportError as exc:
        hint = "pip install 'ray[client]'"
        raise UsageError("ray:// needs Ray's client, which is not installed", hint=hint) from exc
    logs.LogstreamClient.stdstream = take
