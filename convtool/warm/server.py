"""The warm process: a loop that forks a worker for each call of a client.

It knows nothing about what a call does: it is given the function that runs one.

A fork copies the calling thread only, so it is safe only while there is no other: a lock that
another thread holds would stay locked in the worker for ever, and a thread pool would wait for
threads that are gone. Libraries start threads with their first operation, so this process runs
none itself; and before each fork the threads of the process are counted.
"""

import contextlib
import os
import selectors
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Collection, Sequence
from typing import NoReturn

from convtool.warm import client, sockets, worker
from convtool.warm.requests import Request, receive

if sys.platform != "linux":
    raise ImportError("the warm process needs Linux")

POLL = 1.0  # seconds between looks at the clock
UNFIT = 75  # exit code of a worker that may do less than its client: EX_TEMPFAIL of sysexits.h

# Takes the arguments of a call, what comes before it, and what takes its exit code.
RunCall = Callable[[Sequence[str], Callable[[], None], Callable[[int], None]], NoReturn]


def serve(path: str, idle: float, commands: Collection[str], run_call: RunCall) -> None:
    """Answer calls until there has been none for a while, or until told to stop.

    Where a warm process answers at this address already, return at once.

    Args:
        path: of the socket, as clients look it up.
        idle: seconds without a call.
        commands: the commands that are run here; clients run all others themselves.
        run_call: runs a call in a worker, and ends the process.

    Raises:
        PermissionError: others can use the folder of the socket.
    """
    _end_threads_of_imports()
    listening = sockets.listen(path)
    if listening is not None:
        Server(listening, idle, commands, run_call).loop()


def _end_threads_of_imports() -> None:
    """Let libraries end the threads that they started when they were imported.

    OpenBLAS, of NumPy and SciPy, ends its threads at every fork and starts them again with its
    next operation. So after a fork whose worker does nothing, this thread is the only one.
    """
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)


def _is_only_thread() -> bool:
    """Return whether the calling thread is the only one of the process, native ones included."""
    return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208  # only their number matters


class Server:
    """The loop of a warm process: new calls, signals for workers, ends of workers.

    Args:
        listening: the socket at which clients call.
        idle: seconds without a call after which it ends.
        commands: the commands that are run here.
        run_call: runs a call in a worker, and ends the process.
    """

    def __init__(
        self,
        listening: socket.socket,
        idle: float,
        commands: Collection[str],
        run_call: RunCall,
    ) -> None:
        self._listening = listening
        self._idle = idle
        self._commands = commands
        self._run_call = run_call
        self._stopped = False
        self._workers: dict[int, socket.socket] = {}  # by process id, the connection of its client
        self._selector = selectors.DefaultSelector()
        self._selector.register(listening, selectors.EVENT_READ, self._accept)

    def loop(self) -> None:
        """Run until idle or stopped, and until all workers have ended."""
        last = time.monotonic()
        try:
            while self._workers or not self._stopped:
                for key, _ in self._selector.select(POLL):
                    key.data()
                    last = time.monotonic()
                if not self._workers and time.monotonic() - last > self._idle:
                    self._stop()
        finally:
            self._stop()

    def _stop(self) -> None:
        """Take no more calls; those that have begun are completed."""
        if self._stopped:
            return
        self._stopped = True
        self._selector.unregister(self._listening)
        sockets.close(self._listening)

    def _accept(self) -> None:
        """Answer a client that calls: run its call, refuse it, or stop."""
        if self._stopped:
            return  # since the events were asked for
        connection, _ = self._listening.accept()
        try:
            request = receive(connection)
        except (OSError, ValueError):
            _refuse(connection)
            return
        if request is None:
            self._stop()
            _refuse(connection)
            return
        if self._can_run(request):
            self._start_worker(request, connection)
        else:
            _refuse(connection)
        request.close()

    def _can_run(self, request: Request) -> bool:
        """Return whether a call can be run here; the server stops where forks are unsafe."""
        if not request.arguments or request.arguments[0] not in self._commands:
            return False
        if not _is_only_thread():
            self._stop()
            return False
        return True

    def _start_worker(self, request: Request, connection: socket.socket) -> None:
        """Fork a worker, which runs the call and ends."""
        try:
            pid = os.fork()
        except OSError:
            _refuse(connection)
            return
        if not pid:
            self._be_worker(request, connection)
        end = os.pidfd_open(pid)
        self._workers[pid] = connection
        self._selector.register(end, selectors.EVENT_READ, lambda: self._end_worker(pid, end))
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._pass_signal(pid))

    def _be_worker(self, request: Request, connection: socket.socket) -> NoReturn:
        try:
            self._listening.close()
            try:
                worker.adopt_limits(request.pid)
            except (OSError, ValueError):
                os._exit(UNFIT)
            connection.send(client.ACCEPTED)  # not where the client has given up: it runs the call
            self._run_call(
                request.arguments,
                lambda: worker.take_over(request),
                lambda code: worker.report(connection, code),
            )
        finally:
            os._exit(1)  # whatever happens: never back into the loop

    def _pass_signal(self, pid: int) -> None:
        """Pass a signal on to a worker, or end the worker where its client is gone."""
        if pid not in self._workers:
            return  # it has ended since the events were asked for
        try:
            data = self._workers[pid].recv(1)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(self._workers[pid])
        is_signal = data and data[0] in client.PASSED
        os.kill(pid, data[0] if is_signal else signal.SIGTERM)

    def _end_worker(self, pid: int, end: int) -> None:
        """Forget a worker that has ended, and tell its client, as it may not have done so."""
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code == UNFIT:
            self._stop()  # so that a process with this client's rights can be the warm one
        self._selector.unregister(end)
        os.close(end)
        with self._workers.pop(pid) as connection:
            with contextlib.suppress(KeyError):  # the client is gone
                self._selector.unregister(connection)
            with contextlib.suppress(OSError):
                connection.send(struct.pack("!i", code))


def _refuse(connection: socket.socket) -> None:
    """Let a client run its call itself."""
    with connection, contextlib.suppress(OSError):
        connection.send(client.REFUSED)
