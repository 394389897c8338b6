"""The warm process starts by itself: once, where it may, with nothing of the call before it."""

import fcntl
import os
import pty
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import LONG, ROOT, SAMPLES, eventually
from ptys import Screen

from convtool.cli import warm
from convtool.warm import automatic, client, surroundings, worker
from convtool.warm.launch import MODULE

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it needs Linux")
CALLS, LOOPS = (1000, 8) if LONG else (8, 2)
KILLED = 12 if LONG else 6  # calls during which it is killed
PROCESSES = 8 if LONG else 4
CONVTOOL = [sys.executable, "-m", "convtool"]
LEAVES_CI = {name: value for name, value in os.environ.items() if name != "CI"}


def servers(runtime):
    """Return the warm processes with sockets in a folder, without their workers."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes()
            parent = (path / "stat").read_text().rsplit(") ", 1)[1].split()[1]
        except OSError:  # it has ended
            continue
        if MODULE.encode() in command and os.fsencode(runtime) in command:
            found[int(path.name)] = int(parent)
    return [pid for pid, parent in found.items() if parent not in found]


@pytest.fixture
def own(tmp_path):
    """Return an environment in which a warm process may start by itself; stop it at the end."""
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    environment = {**LEAVES_CI, "XDG_RUNTIME_DIR": str(runtime), "CONVTOOL_WARM": "auto"}
    shutil.copy(SAMPLES / "cross.png", tmp_path / "in.png")
    yield environment
    subprocess.run([*CONVTOOL, "warm", "stop"], env=environment, check=True, capture_output=True)
    eventually(lambda: not servers(runtime))


@pytest.fixture
def short(tmp_path, own):
    """Return such an environment, in which the warm process ends after two seconds."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "from convtool.warm import launch; launch.launch.__defaults__ = (2,)\n"
    )
    return {**own, "PYTHONPATH": f"{tmp_path / 'site'}:{ROOT}"}


def status(environment):
    """Return what `convtool warm status` prints."""
    done = subprocess.run(
        [*CONVTOOL, "warm", "status"], env=environment, capture_output=True, check=False
    )
    return done.stdout.decode().partition(",")[0].strip()


# --- the process ---


def on_terminal(line, environment, folder):
    """Run a line of a shell on a terminal that closes right behind it; return what it showed."""
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(folder)
        os.execvpe("sh", ["sh", "-c", line], environment)  # noqa: S606
    shown = b""
    while True:
        assert select.select([terminal], [], [], 120)[0], shown
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the last process has closed it
            break
        shown += part
    os.close(terminal)
    assert os.waitpid(pid, 0)[1] == 0, shown
    return shown.decode()


def test_the_third_call_starts_it_with_nothing_of_its_own(tmp_path, own):
    """It is started once, says so once, and has no stream, terminal, folder or variable."""
    program = shlex.join(CONVTOOL)
    line = f"for i in 1 2 3; do {program} image in.png $i.png -k blur; echo done $i; done"
    shown = on_terminal(line, {**own, "SECRET": "yes"}, tmp_path)
    said = "note: started a process that keeps PyTorch loaded"
    assert shown.count(said) == 1
    assert shown.index("done 2") < shown.index(said) < shown.index("done 3")
    (server,) = servers(own["XDG_RUNTIME_DIR"])
    eventually(lambda: status(own) == "warm")
    home = Path(f"/proc/{server}")
    assert (home / "cwd").readlink() == Path("/")
    state = (home / "stat").read_text().rsplit(") ", 1)[1].split()
    assert (int(state[3]), int(state[4])) == (server, 0)  # the session, and no terminal
    opened = {str(path.readlink()).partition(":")[0] for path in (home / "fd").iterdir()}
    assert opened <= {"/dev/null", "socket", "anon_inode"}
    assert b"SECRET" not in (home / "environ").read_bytes()
    warm_call = on_terminal(f"{program} image in.png 4.png -k blur", own, tmp_path)
    assert "wrote 4.png" in warm_call
    assert "PyTorch" not in warm_call  # neither loaded nor told about
    assert servers(own["XDG_RUNTIME_DIR"]) == [server]
    images = [(tmp_path / f"{number}.png").read_bytes() for number in range(1, 5)]
    assert len(set(images)) == 1


def test_a_reader_that_waits_for_the_end_of_a_pipe_returns(tmp_path, own):
    """With `on` the first call starts it; a pipe ends with the call, and `stop` ends a start."""
    environment = {**own, "CONVTOOL_WARM": "on"}
    line = f"lines=$({shlex.join(CONVTOOL)} image in.png out.png -k blur --json); echo $lines"
    done = subprocess.run(
        ["sh", "-c", line], env=environment, cwd=tmp_path, capture_output=True, check=True
    )
    assert b'"done"' in done.stdout
    assert b"note" not in done.stderr  # it is no terminal
    assert len(servers(own["XDG_RUNTIME_DIR"])) == 1
    stop = [*CONVTOOL, "warm", "stop"]
    done = subprocess.run(stop, env=environment, capture_output=True, check=True)
    assert done.stderr == b"stopped\n"
    eventually(lambda: not servers(own["XDG_RUNTIME_DIR"]))


def test_many_calls_of_parallel_loops(tmp_path, short):
    """All results are right, there is one warm process, and none behind its idle time."""
    loop = 'for i in $(seq "$2"); do "$0" -m convtool image in.png "$1-$i.png" -k blur -q; done'
    commands = [
        ["sh", "-c", loop, sys.executable, str(n), str(CALLS // LOOPS)] for n in range(LOOPS)
    ]
    running = [subprocess.Popen(command, env=short, cwd=tmp_path) for command in commands]
    most = 0
    while any(process.poll() is None for process in running):
        most = max(most, len(servers(short["XDG_RUNTIME_DIR"])))
        time.sleep(0.2)
    assert [process.returncode for process in running] == [0] * LOOPS
    results = [path.read_bytes() for path in tmp_path.glob("*-*.png")]
    assert (len(results), len(set(results))) == (CALLS // LOOPS * LOOPS, 1)
    assert most == 1
    eventually(lambda: not servers(short["XDG_RUNTIME_DIR"]))


def test_killing_it_only_makes_calls_slower(tmp_path, own):
    """Calls during which it is killed, at any moment, succeed."""
    subprocess.run([*CONVTOOL, "warm", "start"], env=own, check=True, capture_output=True)
    (server,) = servers(own["XDG_RUNTIME_DIR"])

    def call(number):
        command = [*CONVTOOL, "image", "in.png", f"{number}.png", "-k", "blur", "-q"]
        return subprocess.run(command, env=own, cwd=tmp_path, check=False).returncode

    with ThreadPoolExecutor(4) as pool:
        codes = pool.map(call, range(KILLED))
        eventually(lambda: tmp_path.joinpath("0.png").exists())
        os.kill(server, signal.SIGKILL)
        assert set(codes) == {0}
    assert len({path.read_bytes() for path in tmp_path.glob("[0-9]*.png")}) == 1


@pytest.mark.parametrize("name", ["adopt_limits", "take_over"])
def test_a_worker_that_cannot_begin_leaves_the_call_to_its_caller(tmp_path, own, name):
    """A call whose worker may do less than its caller, or ends early, is run by the caller."""
    code = (
        "from convtool.warm import server, worker\n"
        "def fail(*_): raise PermissionError\n"
        "worker.adopt_limits = fail\n"
        "server.serve(server.client.address(), 60, ['image'], lambda *_: None)\n"
    )
    if name == "take_over":
        code = code.replace(
            "def fail(*_): raise PermissionError", "def fail(*_): server.os._exit(9)"
        )
    with subprocess.Popen([sys.executable, "-c", code], env=own) as server:
        eventually(lambda: list((tmp_path / "run").glob("convtool/warm-*")))
        command = [*CONVTOOL, "image", "in.png", "out.png", "-k", "blur"]
        done = subprocess.run(command, env=own, cwd=tmp_path, capture_output=True, check=True)
        assert done.stderr == b"wrote out.png\n"
        if name == "take_over":
            server.kill()
    # one with the rights of this caller can take its place
    assert server.returncode == (0 if name == "adopt_limits" else -signal.SIGKILL)


def test_a_worker_has_the_limits_of_its_caller(tmp_path):
    """Priority, cores and limits are those of the call."""
    line = "ulimit -n 57; exec nice -n 7 taskset -c 0 sleep 60"
    with subprocess.Popen(["sh", "-c", line]) as caller:
        eventually(lambda: Path(f"/proc/{caller.pid}/comm").read_text() == "sleep\n")
        code = (
            "import os, resource; from convtool.warm import worker; "
            f"worker.adopt_limits({caller.pid}); "
            "print(os.getpriority(os.PRIO_PROCESS, 0), os.sched_getaffinity(0), "
            "resource.getrlimit(resource.RLIMIT_NOFILE))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        caller.kill()
    nice = os.getpriority(os.PRIO_PROCESS, 0) + 7
    assert done.stdout.decode() == f"{nice} {{0}} (57, 57)\n"
    with pytest.raises(OSError, match="No such process"):
        worker.adopt_limits(caller.pid)


# --- when it starts ---


@pytest.fixture
def launched(tmp_path, monkeypatch):
    """Count the starts in this process, where all else allows them; none is real."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("CONVTOOL_WARM", "auto")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(surroundings, "available_memory", lambda: surroundings.LEAST_MEMORY)
    starts = []

    class Process:
        pid = 2**22 + 1  # no process has it

    def launch(path):
        starts.append(path)
        return Process

    monkeypatch.setattr(automatic, "launch", launch)
    return starts


def counts_of(calls):
    """Return which of some calls start it."""
    return [automatic.start_where_due() for _ in range(calls)]


def test_three_calls_within_a_minute(launched, monkeypatch):
    """The third call starts it, and no other before a minute has passed; older ones are nothing."""
    now = 5000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    assert counts_of(2) == [False, False]
    now += automatic.WITHIN
    assert counts_of(3) == [False, False, True]
    assert launched == [client.address()]
    assert counts_of(9) == [False] * 9
    now += automatic.WITHIN
    assert counts_of(3) == [False, False, True]
    now = 3.0  # the machine has started anew
    assert counts_of(3) == [False, False, True]


def test_the_first_call_with_on(launched, monkeypatch):
    """CONVTOOL_WARM=on needs one call."""
    monkeypatch.setenv("CONVTOOL_WARM", "on")
    assert counts_of(2) == [True, False]
    assert len(launched) == 1


def refuse_memory(monkeypatch, folder):
    """Let the system have too little memory."""
    monkeypatch.setattr(surroundings, "available_memory", lambda: surroundings.LEAST_MEMORY - 1)


def refuse_folder(monkeypatch, folder):
    """Let others see into the folder."""
    (folder / "convtool").mkdir(mode=0o755)


def refuse_link(monkeypatch, folder):
    """Let the folder be a link to another."""
    (folder / "else").mkdir(mode=0o700)
    (folder / "convtool").symlink_to(folder / "else")


def refuse_container(monkeypatch, folder):
    """Be the root of a container, without a runtime folder."""
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(client, "folder", lambda: str(folder))
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(surroundings, "ROOT", folder)
    (folder / ".dockerenv").touch()


@pytest.mark.parametrize(
    "refuse",
    [
        lambda patch, _: patch.setenv("CI", "true"),
        lambda patch, _: patch.setenv("CONVTOOL_WARM", "off"),
        lambda patch, _: patch.setattr(sys, "platform", "darwin"),
        refuse_memory,
        refuse_folder,
        refuse_link,
        refuse_container,
    ],
    ids=["CI", "off", "no Linux", "memory", "folder", "link", "container"],
)
@pytest.mark.parametrize("mode", ["auto", "on"])
def test_where_it_is_never_started(tmp_path, launched, monkeypatch, refuse, mode):
    """Nothing starts it there, and nothing is an error."""
    monkeypatch.setenv("CONVTOOL_WARM", mode)
    refuse(monkeypatch, tmp_path)
    assert counts_of(4) == [False] * 4
    assert not launched


def test_counts_that_cannot_be_used(launched, monkeypatch):
    """A damaged file counts from zero; one that is in use is not waited for."""
    counts_of(1)
    (path,) = Path(client.folder()).glob("calls-*")
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("nothing of this is a number")
    assert counts_of(2) == [False, False]
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert counts_of(2) == [False, False]
    assert counts_of(1) == [True]


def test_calls_at_the_same_time_start_one(tmp_path):
    """Of a thousand calls of several processes, one starts it."""
    code = (
        "from convtool.warm import automatic, surroundings\n"
        "class Process: pid = 1\n"
        "def launch(_): print('started', flush=True); return Process\n"
        "automatic.launch = launch\n"
        "surroundings.available_memory = lambda: surroundings.LEAST_MEMORY\n"
        f"for _ in range({1000 // PROCESSES}): automatic.start_where_due()\n"
    )
    environment = {**LEAVES_CI, "XDG_RUNTIME_DIR": str(tmp_path), "CONVTOOL_WARM": "auto"}
    with (tmp_path / "out").open("wb") as out:
        running = [
            subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=out)
            for _ in range(PROCESSES)
        ]
        assert [process.wait(60) for process in running] == [0] * PROCESSES
    assert (tmp_path / "out").read_text() == "started\n"


# --- memory ---


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({"proc/self/cgroup": "0::/\n"}, 8 * 2**30),
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/b/memory.max": "max\n",
                "sys/fs/cgroup/a/memory.max": f"{2**30}\n",
                "sys/fs/cgroup/a/memory.current": f"{2**29}\n",
                "sys/fs/cgroup/a/memory.stat": "anon 5\ninactive_file 100\n",
            },
            2**29 + 100,
        ),
        (
            {
                "proc/self/cgroup": "5:cpu:/x\n4:memory:/docker/1\n",  # seen from inside
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2**30}\n",
                "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{2**28}\n",
                "sys/fs/cgroup/memory/memory.stat": "cache 9\ntotal_inactive_file 0\n",
            },
            3 * 2**28,
        ),
        ({"proc/self/cgroup": "nothing\n"}, 0),
    ],
)
def test_memory_that_is_left(tmp_path, monkeypatch, files, left):
    """Control groups may leave less than the system has; what is not understood is nothing."""
    files = {"proc/meminfo": "MemTotal: 9 kB\nMemAvailable: 8388608 kB\n", **files}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(surroundings, "ROOT", tmp_path)
    assert surroundings.available_memory() == left


# --- what is said ---


@pytest.mark.parametrize(
    ("words", "terminal", "code", "said"),
    [
        ([], True, 0, True),
        ([], True, 1, True),
        ([], True, 130, False),
        (["-q"], True, 0, False),
        (["--quiet"], True, 0, False),
        ([], False, 0, False),
    ],
)
def test_it_is_told_on_a_terminal(monkeypatch, words, terminal, code, said):
    """A note and how to stop it, unless nobody reads it or it is not wanted."""
    screen = Screen()
    screen.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(automatic, "start_where_due", lambda: True)
    handlers = {number: signal.getsignal(number) for number in warm.WAITING}
    try:
        warm.after(["image", "in.png", "out.png", *words], code)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert ("`convtool warm stop` ends it" in screen.getvalue()) == said
    assert all(len(line) <= 80 for line in screen.getvalue().splitlines())


@pytest.mark.parametrize("value", ["yes", "0", "ON"])
def test_a_value_that_is_none(convtool, monkeypatch, value):
    """Another value of CONVTOOL_WARM is an error of every command."""
    monkeypatch.setenv("CONVTOOL_WARM", value)
    result = convtool("image", "in.png", "out.png")
    assert result.code == 2
    assert result.err == f"error: CONVTOOL_WARM takes auto, on or off, not '{value}'\n"


def test_nothing_is_started_where_it_would_not_be_used(convtool, monkeypatch):
    """`warm start` is refused with CONVTOOL_WARM=off; an empty value is none."""
    result = convtool("warm", "start")
    assert (result.code, result.err[:24]) == (2, "error: CONVTOOL_WARM=off")
    monkeypatch.setenv("CONVTOOL_WARM", "")
    assert convtool("warm", "status").out == "not warm\n"
