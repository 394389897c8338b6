"""Connect to a Ray cluster, or start Ray on this machine for as long as a run takes.

What Ray itself has to say stays away from the streams of the command.
"""

import importlib
import logging
import os
import secrets
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

from convtool.errors import UsageError

EXTRA = "pip install 'torch-convtool[ray]'"
STORE = 80 * 2**20  # bytes of Ray's object store, which holds no samples; it wants 75 MB at least
OURS: dict[str, str] = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_COLOR_PREFIX": "0",
}
Log = Callable[[str, str], None]  # takes a node, and a line that a worker has printed there


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
    local = address is None and not os.environ.get("RAY_ADDRESS")
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
        try:
            with _signals_kept():
                _connect(ray, options, log)
            yield ray
        finally:
            with suppress(Exception):  # it is gone already
                ray.shutdown()


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
        reason = (str(exc).strip() or type(exc).__name__).splitlines()[0]
        raise UsageError(
            f"no Ray cluster to be used at {where}: {reason}",
            hint="`ray status` shows whether it runs; without --address, Ray runs on this machine",
        ) from exc


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Keep the handlers of signals: Ray sets one of its own."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _divert(log: Log | None) -> None:
    """Let Ray print nothing: no setting of it keeps its messages off standard output.

    Args:
        log: takes what workers have printed.
    """

    def take(data: dict[str, Any], *_: Any, **__: Any) -> None:
        if log is not None and data.get("pid") != "raylet":  # whose state is for its developers
            for line in data.get("lines", ()):
                log(str(data.get("ip") or data.get("pid")), line)

    vars(importlib.import_module("ray._private.worker"))["print_worker_logs"] = take


def _divert_client(log: Log | None) -> None:
    """Do the same for what comes through Ray's client.

    Raises:
        UsageError: what it needs is not installed.
    """

    def take(_: Any, *, level: int, msg: str) -> None:
        del level
        if log is not None:
            for line in msg.splitlines():
                log("ray", line)

    try:
        logs = importlib.import_module("ray.util.client.logsclient")
    except ImportError as exc:
        raise UsageError("ray:// needs Ray's client, which is not installed", hint=EXTRA) from exc
    logs.LogstreamClient.stdstream = take
