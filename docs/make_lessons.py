"""Make the lessons true: run their commands, and write what they print and their pictures.

`make docs` puts what a command prints into the block below it, in `docs/lessons.md`, and keeps the
pictures that commands write as `out/NAME` and the page shows as `lessons/NAME`.
"""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from temporary import temporary_folder

HERE = Path(__file__).parent
PAGE, PICTURES = HERE / "lessons.md", HERE / "lessons"
COMMAND = re.compile(
    r"^```sh\n(?P<command>convtool (?:.*\\\n)*.*)\n```\n"
    r"(?:\n```\n(?P<printed>(?:.*\n)*?)```\n)?",
    re.MULTILINE,
)


def commands(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield each command of a page, and what it is said to print; None where nothing is said."""
    for found in COMMAND.finditer(text):
        yield found["command"].replace("\\\n", " "), found["printed"]


def pictures(text: str) -> list[str]:
    """Return the names of the pictures that a page shows."""
    return re.findall(r"\]\(lessons/([^)]+\.\w+)\)", text)


def with_output(found: re.Match[str], folder: Path) -> str:
    """Run a command, and return its block with what it prints."""
    line = found["command"]
    program = f"{shlex.quote(sys.executable)} -m convtool"
    shell = re.sub(r"(^|\| )convtool ", rf"\1{program} ", line)
    run = subprocess.run(["bash", "-c", shell], cwd=folder, check=True, stdout=subprocess.PIPE)  # noqa: S603, S607  # the page's own commands
    block = f"```sh\n{line}\n```\n"
    if found["printed"] is not None:
        block += f"\n```\n{run.stdout.decode()}```\n"
    return block


def main() -> None:
    """Write the page and its pictures."""
    with temporary_folder() as folder:
        text = COMMAND.sub(lambda found: with_output(found, folder), PAGE.read_text())
        PAGE.write_text(text)
        PICTURES.mkdir(exist_ok=True)
        for picture in pictures(text):
            shutil.copy(folder / "out" / picture, PICTURES / picture)


if __name__ == "__main__":
    main()
