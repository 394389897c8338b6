"""A Ray cluster of two nodes on this machine, for tests; whose workers meet what names ask for.

It runs in a process of its own, as Ray reads the environment once per process; that process is this
file as a program: it prints the address, then takes `add NAME` and `kill NAME`.
"""

import contextlib
import importlib.util
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

# Read by each worker as it starts: opening an input does what its name says.
HOOKS = """
import os, signal, sys, time
held = []
def watch(event, args):
    if event == "pickle.find_class" and args[1] == "Parcel":
        held.clear()
    if event == "open" and isinstance(args[0], str) and "/in/" in args[0]:
        if "slow" in args[0]:
            time.sleep(0.1)
        if "loud" in args[0]:
            os.write(1, b"a library says so\\n")
            os.write(2, b"a library complains\\n")
        if "hungry" in args[0]:
            held.append(bytearray(os.urandom(1) * (300 * 2**20)))
            time.sleep(0.2)
        raylet = "." + str(os.getppid())
        if "watched" in args[0] and not args[0].endswith(raylet):
            os.close(os.open(args[0] + raylet, os.O_CREAT | os.O_WRONLY))
        if "poison" in args[0]:
            os.kill(os.getpid(), signal.SIGKILL)
if any("default_worker" in word for word in sys.orig_argv):
    sys.addaudithook(watch)
"""
ROOT = str(Path(__file__).parent.parent)


class TwoNodes:
    """A running cluster, of nodes with one core each.

    Args:
        process: the program below.
        environment: of the commands that use it.
    """

    def __init__(self, process, environment):
        self.process, self.environment = process, environment
        self.address = process.stdout.readline().strip()

    def ask(self, *words):
        """Add or kill a node."""
        print(*words, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "done\n"

    @staticmethod
    def workers():
        """Return the processes that run tasks, or wait for them, on any node."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if path.read_bytes().startswith(b"ray::convtool"):
                    found.append(path.parent.name)
        return found

    def begin(self, *arguments, **options):
        """Begin a command that filters on it, its streams piped."""
        words = [sys.executable, "-m", "convtool", *map(str, arguments), "--engine", "ray"]
        return subprocess.Popen(
            [*words, "--address", self.address],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, *arguments, **options):
        """Run a command to its end."""
        with self.begin(*arguments, **options) as process:
            out, err = process.communicate(timeout=120)
        return process.returncode, out, err


@contextlib.contextmanager
def two_nodes(client=None, **settings):
    """Run a cluster, or skip the test where Ray is missing.

    Args:
        client: the port for Ray's client; None for none.
        settings: further environment variables.
    """
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed: uv sync --extra ray")
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        Path(folder, "sitecustomize.py").write_text(HOOKS)
        environment = os.environ | {
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
            **settings,
        }
        with (
            Path(folder, "log").open("w") as log,
            subprocess.Popen(
                [sys.executable, __file__, folder, *([] if client is None else [str(client)])],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            ) as process,
        ):
            yield TwoNodes(process, environment)
            process.stdin.close()


def main():
    """Be the cluster, until standard input ends."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415  # in this process only

    usual = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    usual["temp_dir"] = sys.argv[1]
    head = usual | {"node_name": "first"}
    if len(sys.argv) > 2:
        head["ray_client_server_port"] = int(sys.argv[2])
    cluster = Cluster(initialize_head=True, head_node_args=head)
    nodes = {"second": cluster.add_node(**usual, node_name="second")}
    print(cluster.address, flush=True)  # noqa: T201  # to the test
    for line in sys.stdin:
        act, name = line.split()
        if act == "add":
            nodes[name] = cluster.add_node(**usual, node_name=name)
        else:
            cluster.remove_node(nodes.pop(name), allow_graceful=False)
        print("done", flush=True)  # noqa: T201  # the same
    cluster.shutdown()


if __name__ == "__main__":
    main()
