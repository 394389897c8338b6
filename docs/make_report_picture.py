"""Make the picture of a report in the README: its stage, with the sum of one pixel.

`make docs` writes it into `docs/pictures/`. It takes a browser, Debian's chromium, which
`CONVTOOL_CHROMIUM` may name; where none is found, the old picture stays.
"""

import os
import shutil
import sys
from pathlib import Path

from temporary import temporary_folder

from convtool.cli.app import run

PICTURE = Path(__file__).parent / "pictures" / "report.png"
COMMAND = "image samples/chart.jpg edges.png -k sobel-x --report page.html"
PLACE = (70, 295)  # row and column that are selected: the edge of the red disk
WIDTH, ROOM = 1180, 10  # pixels of the page, and above and below the picture


def main() -> None:
    """Make the picture, or say why it stays as it is."""
    program = os.environ.get("CONVTOOL_CHROMIUM") or shutil.which("chromium")
    if program is None:
        sys.stderr.write("chromium is not installed: docs/pictures/report.png stays as it is\n")
        return
    with temporary_folder() as folder:
        code = run(COMMAND.split())
        if code:
            sys.exit(code)
        _photograph(program, folder / "page.html")


def _photograph(program: str, page: Path) -> None:
    """Take the picture of the stage, from its heading to the stored value."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # where there is a browser

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        shown = browser.new_page(viewport={"width": WIDTH, "height": 1000}, color_scheme="light")
        shown.goto(page.as_uri())
        shown.wait_for_selector("html[data-ready]")
        for axis, number in zip(("row", "column"), PLACE, strict=True):
            shown.fill(f"#stage-{axis}", str(number))
            shown.press(f"#stage-{axis}", "Enter")
        shown.click("#stage-window")
        shown.evaluate("document.activeElement.blur()")
        top, bottom = (
            shown.evaluate(f"document.querySelector('{name}').getBoundingClientRect().{side}")
            for name, side in ((".pair", "top"), ("#stage-sum", "bottom"))
        )
        clip = {"x": 0, "y": top - ROOM, "width": WIDTH, "height": bottom - top + 2 * ROOM}
        shown.screenshot(path=PICTURE, full_page=True, clip=clip)
        browser.close()


if __name__ == "__main__":
    main()
