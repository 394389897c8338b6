"""A real browser for tests of pages: Debian's chromium, driven by Playwright."""

import os
import shutil
import time
from contextlib import contextmanager

import pytest


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

    Errors on its console, and requests for anything but the file itself, fail the test.
    """
    context = browser.new_context(**options)
    page, faults = context.new_page(), []
    page.on("console", lambda told: faults.append(told.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    own = path.as_uri()
    inside = (own, "data:", "blob:")
    page.on(
        "request",
        lambda asked: None if asked.url.startswith(inside) else faults.append(asked.url),
    )
    page.goto(own)
    page.wait_for_selector("html[data-ready]", timeout=20_000)
    yield page
    context.close()
    assert faults == []


def until(page, expression, patience=20.0):
    """Wait until an expression is true; pages forbid the polling that Playwright would do."""
    deadline = time.monotonic() + patience
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"{expression} is still false after {patience} s"
        page.wait_for_timeout(20)
