"""Make the pictures of animations.md from the commands that the page shows above them."""

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from convtool.cli.app import run

HERE = Path(__file__).parent
PAGE, PICTURES = HERE / "animations.md", HERE / "pictures"


def commands() -> Iterator[list[str]]:
    """Yield the words of the commands that draw pictures of the page."""
    text = PAGE.read_text(encoding="utf-8")
    shown = set(re.findall(r"\]\(pictures/([\w-]+\.svg)\)", text))
    for block in re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line)[1:]
            if words[-1] in shown:
                yield words


def make(folder: Path) -> list[Path]:
    """Draw the pictures into a folder, and return their paths.

    Args:
        folder: where they are written; existing ones are replaced.
    """
    made = []
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
        for words in commands():
            if run([*words, "--overwrite"]) != 0:
                raise SystemExit(shlex.join(words))
            made.append(folder / words[-1])
    return made


if __name__ == "__main__":
    make(PICTURES)
