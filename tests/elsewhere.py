"""Run the program without what another system lacks: `python elsewhere.py win32 '[["image", …]]'`.

The arguments are a system, and a list of calls as JSON. All are made twice. The first time imports
all libraries, which have their own tests on other systems; then the names that the system lacks are
deleted, and convtool is imported anew for each call. Behind each, a mark and its exit code are
printed on both streams.
"""

import json
import mmap
import os
import runpy
import select
import signal
import socket
import sys
import time

# Names by module, or their beginnings with a star.
LACKING = {
    "win32": {
        os: "O_CLOEXEC O_DIRECT* O_DSYNC O_NDELAY O_NOCTTY O_NOFOLLOW O_NONBLOCK O_SYNC SCHED_* "
        "chown ctermid fchdir fchmod fchown fdatasync fork forkpty fstatvfs getegid geteuid getgid "
        "getgroups getloadavg getpgid getpgrp getpriority getsid getuid killpg lchown lockf "
        "memfd_create mkfifo mknod nice openpty pathconf pidfd_open posix_* pread* pwrite* readv "
        "register_at_fork sched_* sendfile setpgid setpriority setsid setuid statvfs sync sysconf "
        "tcgetpgrp tcsetpgrp ttyname uname wait wait3 wait4 waitid writev",
        signal: "SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTSTP SIGTTIN "
        "SIGTTOU SIGUSR1 SIGUSR2 SIGWINCH alarm pause pthread_* setitimer siginterrupt sigpending "
        "sigtimedwait sigwait*",
        socket: "AF_UNIX CMSG_* SCM_* SO_PEERCRED SO_REUSEPORT recv_fds send_fds",
        select: "epoll poll",
        time: "clock_* pthread_getcpuclockid",
        mmap: "MAP_* PROT_*",
    },
    "darwin": {
        os: "O_DIRECT O_LARGEFILE O_NOATIME O_PATH O_TMPFILE SCHED_* copy_file_range eventfd* "
        "fdatasync getrandom memfd_create pidfd_open posix_fadvise posix_fallocate sched_get* "
        "sched_set* sched_param setns splice unshare",
        signal: "SIGPWR SIGRTM* SIGSTKFLT sigtimedwait sigwaitinfo",
        socket: "AF_NETLINK AF_PACKET SO_PEERCRED SO_DOMAIN SO_PROTOCOL",
        select: "epoll",
        mmap: "MAP_POPULATE MAP_STACK",
    },
}
MODULES = {"win32": ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"), "darwin": ()}


MARK = "\n--- elsewhere"


def main() -> None:
    """Make some calls here, and again as if on the system that the first argument names."""
    system, calls = sys.argv[1], json.loads(sys.argv[2])
    from convtool.cli.app import run  # noqa: PLC0415  # imported again below

    for words in calls:
        run(words)
    mark(0)
    move_to(system)
    os._exit = sys.exit  # with which a call ends, and here the next one follows
    for words in calls:
        for name in [name for name in sys.modules if name.split(".")[0] == "convtool"]:
            del sys.modules[name]
        if system == "win32":
            for stream in (sys.stdout, sys.stderr):
                stream.reconfigure(encoding="cp1252")  # as pipes have it there
        sys.argv[1:] = words
        try:
            runpy.run_module("convtool", run_name="__main__")
        except SystemExit as end:
            mark(end.code)


def mark(code: object) -> None:
    """Print where a call ends on both streams."""
    for stream in (sys.stdout, sys.stderr):
        stream.write(f"{MARK} {code or 0}\n")
        stream.flush()


def move_to(system: str) -> None:
    """Take away what a system lacks."""
    for module, names in LACKING[system].items():
        for name in names.split():
            whole, beginning = not name.endswith("*"), name.rstrip("*")
            for each in dir(module):
                if each == name or (not whole and each.startswith(beginning)):
                    delattr(module, each)
    for name in MODULES[system]:
        sys.modules[name] = None
    sys.platform = system
    sys.addaudithook(without_proc)


def without_proc(event: str, arguments: tuple) -> None:
    """Let no file of Linux's /proc be read."""
    if event in {"open", "os.listdir", "os.scandir"} and str(arguments[0]).startswith("/proc"):
        raise FileNotFoundError(arguments[0])


if __name__ == "__main__":
    main()
