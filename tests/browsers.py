"""A real browser for tests of pages: Debian's chromium, driven by Playwright."""

import os
import shutil
import time
from contextlib import contextmanager

import pytest

BLANK = "about:blank"


@contextmanager
def chromium():
    """Yield a browser; tests that need one are skipped where there is none."""
    program = os.environ.get("CONVTOOL_CHROMIUM") or shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def visited(browser, path, **options):
    """Yield a page from disk once its script has started.

    Errors on its console, and requests for anything but the file itself, fail the test. One tab
    shows all pages one after the other, unless a page needs a context with options of its own.
    """
    idle = [] if options else [c.pages[0] for c in browser.contexts if c.pages[0].url == BLANK]
    page = idle[0] if idle else browser.new_context(**options).new_page()
    faults, inside = [], (path.as_uri(), "data:", "blob:")
    listeners = {
        "console": lambda told: faults.append(told.text),
        "pageerror": lambda error: faults.append(str(error)),
        "request": lambda asked: faults.extend([asked.url] * (not asked.url.startswith(inside))),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    try:
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]", timeout=20_000)
        yield page
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
        if options:
            page.context.close()
        else:
            page.mouse.move(0, 0)
            page.goto(BLANK)
    assert faults == []


def until(page, expression, patience=20.0):
    """Wait until an expression is true; pages forbid the polling that Playwright would do."""
    deadline = time.monotonic() + patience
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"{expression} is still false after {patience} s"
        page.wait_for_timeout(20)
