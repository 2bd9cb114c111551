"""A real JupyterLab on a folder, and a notebook opened and run in it as a person would."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

__all__ = ["Lab", "Opened", "choose_theme", "jupyterlab", "opened", "template"]

_STARTUP_SECONDS = 90
_RUN_SECONDS = 240

_SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    # Every cell stays in the page, also the ones out of sight.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}
_PROMPTS = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(e => e.textContent)"


@dataclass(frozen=True)
class Lab:
    """A running server."""

    url: str
    folder: Path

    def get(self, path: str) -> Any:
        """Ask the server's REST interface."""
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return json.load(answer)


@dataclass
class Opened:
    """A notebook in the browser, and what went wrong there."""

    page: Page
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    """Addresses of requests that left the machine."""


@contextmanager
def jupyterlab(folder: Path, home: Path) -> Iterator[Lab]:
    """Start JupyterLab on a folder, with its settings and state in ``home``."""
    for name, value in _SETTINGS.items():
        file = home / "settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    places = {"CONFIG_DIR": "config", "DATA_DIR": "data", "RUNTIME_DIR": "runtime"}
    environment = os.environ | {
        **{f"JUPYTER_{name}": str(home / place) for name, place in places.items()},
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    command += ["--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"]
    command += [f"--ServerApp.root_dir={folder}", "--LabApp.news_url="]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += ["--LabApp.extension_manager=readonly"]
    log = home / "lab.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command, stdout=output, stderr=output, env=environment, start_new_session=True
        )
    lab = Lab(f"http://127.0.0.1:{port}", folder)
    try:
        _wait(lambda: lab.get("/api"), lambda: server.poll() is None, log)
        yield lab
    finally:
        # Its kernels are in the same process group.
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def _wait(ready: Any, alive: Any, log: Path) -> None:
    until = time.monotonic() + _STARTUP_SECONDS
    while True:
        try:
            ready()
        except OSError:
            if not alive() or time.monotonic() > until:
                raise AssertionError(f"JupyterLab did not start: {log.read_text()}") from None
            time.sleep(0.2)
        else:
            return


@contextmanager
def opened(lab: Lab, browser: Browser, notebook: str, **context: Any) -> Iterator[Opened]:
    """Open a notebook of the lab's folder and run it from top to bottom."""
    tab = browser.new_context(**{"viewport": {"width": 1360, "height": 1400}, **context})
    page = tab.new_page()
    page.set_default_timeout(15_000)
    here = Opened(page)
    page.on("pageerror", lambda error: here.errors.append(str(error)))
    local = (lab.url, lab.url.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda r: r.url.startswith(local) or here.strangers.append(r.url))
    page.goto(f"{lab.url}/lab/tree/{notebook}?reset", wait_until="domcontentloaded")
    page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell", timeout=60_000)
    _wait_for_kernel(lab, page)
    _run_all(page)
    yield here
    tab.close()


@contextmanager
def template(name: str, folder: Path, home: Path) -> Iterator[Opened]:
    """Write a template into a folder and run it there on its samples."""
    from playwright.sync_api import sync_playwright

    from prodforensics.notebooks import new
    from tests.conftest import require_tool

    chromium = require_tool("chromium")
    new(name, [], folder / f"{name}.ipynb")
    with jupyterlab(folder, home) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        with opened(lab, browser, f"{name}.ipynb") as here:
            yield here
        browser.close()


def choose_theme(page: Page, theme: str) -> bool:
    """Choose a theme in the menu, and return whether it is a light one."""
    page.locator(".lm-MenuBar-itemLabel", has_text="Settings").first.click()
    page.locator(".lm-Menu-itemLabel", has_text="Theme").first.hover()
    page.locator(".lm-Menu-itemLabel", has_text=theme).first.click()
    light = theme.endswith("Light")
    page.wait_for_selector(f'body[data-jp-theme-light="{str(light).lower()}"]', state="attached")
    return light


def _wait_for_kernel(lab: Lab, page: Page) -> None:
    """Wait until the server has an idle kernel with this page connected, and the page knows."""
    until = time.monotonic() + _STARTUP_SECONDS
    while time.monotonic() < until:
        kernels = [session["kernel"] for session in lab.get("/api/sessions")]
        if any(k["execution_state"] == "idle" and k["connections"] for k in kernels):
            break
        time.sleep(0.25)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)


def _run_all(page: Page) -> None:
    from playwright.sync_api import TimeoutError as TooLate

    # The page's own connection may come up after its idle sign; a command given before is dropped.
    for _attempt in range(6):
        page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
        page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
        try:
            page.wait_for_function(rf"() => {_PROMPTS}.some(t => /\[[*\d]/.test(t))", timeout=4_000)
            break
        except TooLate:
            continue
    page.wait_for_function(
        rf"() => {_PROMPTS}.every(t => /\[\d+\]/.test(t))", timeout=_RUN_SECONDS * 1000
    )


def assert_follows(view: Locator, light: bool, picture: Path) -> None:
    """Fail unless a view has dark ink on light ground, or the other way round, and is drawn."""
    ground, ink = view.evaluate(
        "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
    )
    assert (_lightness(ink) < _lightness(ground)) == light, (ground, ink)
    view.screenshot(path=picture)
    assert picture.stat().st_size > 10_000


def _lightness(colour: str) -> float:
    """Mean of the channels of ``rgb(…)``; a transparent ground is that of the theme's page."""
    numbers = [float(part) for part in colour[colour.index("(") + 1 : -1].split(",")]
    return sum(numbers[:3]) / 3
