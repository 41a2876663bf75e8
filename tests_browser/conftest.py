"""The browser and the JupyterLab that all browser tests share, and where screenshots go."""

import os
import re
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from chromium import find
from lab import Lab, running_lab
from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE = 120_000  # milliseconds that a click may wait on a busy machine
SCREEN = {"width": 1440, "height": 900}  # a lecturer's laptop
ROOM = Path(os.environ.get("GAN_UTILS_SCREENSHOTS") or tempfile.mkdtemp(prefix="screenshots-"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"screenshots: {ROOM}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Of a test that fails, keep what was on the screen."""
    report = yield
    if report.when == "call" and report.failed and "page" in item.funcargs:
        path = ROOM / f"failed-{re.sub(r'[^A-Za-z0-9_.-]+', '-', item.name)}.png"
        item.funcargs["page"].screenshot(path=path)
    return report


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """The folder GAN_UTILS_SCREENSHOTS, or a temporary one; it is named at the end."""
    ROOM.mkdir(parents=True, exist_ok=True)
    return ROOM


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def shared_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def lab(shared_lab: Lab) -> Iterator[Lab]:
    """The running server; the kernels that a test starts end with the test."""
    yield shared_lab
    shared_lab.end_kernels()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page that reaches nothing but this computer."""
    context = browser.new_context(viewport=SCREEN)
    context.set_default_timeout(PATIENCE)
    context.route(lambda url: not url.startswith("http://127.0.0.1"), lambda route: route.abort())
    yield context.new_page()
    context.close()
