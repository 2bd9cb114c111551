"""Take the pictures of the documentation from the real things: ``python docs/take_pictures.py``.

The card is what Jupyter shows of a comparison; the explorers are cells of the memory-leak template
in a running JupyterLab. Needs Chromium.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

import prodforensics as pf
from prodforensics.display.theme import styled
from prodforensics.evidence import Evidence
from prodforensics.notebooks import new
from prodforensics.tools import find
from tests.notebooks.lab import Opened, jupyterlab, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

PICTURES = Path(__file__).parent / "pages" / "pictures"
MOST_BYTES = 300_000
SCALE = {"device_scale_factor": 1.5}


def main() -> None:
    """Take every picture."""
    from playwright.sync_api import sync_playwright

    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(find("chromium")), args=["--no-sandbox"]
        )
        card(browser)
        captures(browser)
        connection(browser)
        crash(browser)
        flames(browser)
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as home:
            new("memory_leak", [], Path(folder) / "memory_leak.ipynb")
            with (
                jupyterlab(Path(folder), Path(home)) as lab,
                opened(lab, browser, "memory_leak.ipynb", **SCALE) as notebook,
            ):
                comparison(notebook)
                explorer(notebook)
        browser.close()


def flames(browser: Browser) -> None:
    """The flame graph of a profile, and what a release changed, as a report shows them."""
    files = [pf.samples.path(f"profile/go/{name}.cpu.pb.gz") for name in ("healthy", "quadratic")]
    healthy, slow = map(pf.load, files)
    shown = {
        "flame": pf.load(pf.samples.path("profile/java/healthy.async-profiler.jfr.zst")),
        "regression": pf.compare(healthy, slow),
    }
    for name, evidence in shown.items():
        with tempfile.TemporaryDirectory() as folder:
            page = browser.new_page(viewport={"width": 1100, "height": 900}, **SCALE)
            page.goto(evidence.report(Path(folder) / "report.html").as_uri())
            page.locator("canvas").first.wait_for()
            page.wait_for_timeout(1000)
            keep(page.get_by_role("region", name="explorer").first, name)
            page.close()


def card(browser: Browser) -> None:
    """What a cell shows that ends with a comparison."""
    growth = compared("heap/listeners.1.heapsnapshot", "heap/listeners.2.heapsnapshot")
    keep_html(browser, growth._repr_mimebundle_()["text/html"], "card")


def captures(browser: Browser) -> None:
    """What changed in an incident, and what a path did to the packets, as a report shows them."""
    change = compared("network/compare.baseline.pcap", "network/compare.incident.pcap")
    both = compared("network/lossy_path.client.pcap", "network/lossy_path.server.pcap")
    for evidence, name in ((change, "network-comparison"), (both, "network-both-ends")):
        pictures = "<style>table{display:none}</style>" + evidence.sections()[0].html
        keep_html(browser, styled(pictures), name, 1060)


def connection(browser: Browser) -> None:
    """The packets of a connection that a proxy broke off, in the explorer of a capture."""
    from tests.display.stage import staged

    widget = pf.load(pf.samples.path("network/resets.proxy.pcap.zst")).show()
    with staged(browser, widget, width=1160, height=860) as page:
        page.get_by_role("tab", name=re.compile("^Findings")).click()
        page.get_by_role("button", name="Show frame").nth(1).click()
        page.locator(".pf-part:focus").wait_for()
        view = page.get_by_role("region", name="Capture explorer")
        view.evaluate("view => { view.style.height = '820px'; }")
        page.wait_for_timeout(1000)
        keep(view, "network-explorer")


def crash(browser: Browser) -> None:
    """A crash on one page, in the explorer of a core dump."""
    from tests.display.stage import staged

    with tempfile.TemporaryDirectory() as folder:
        found = pf.samples.files("core/exception.core.zst", folder)
        folders = (found["debug"], folder)
        with (
            pf.load(found["artifact"], executable=found["executable"], debug_dirs=folders) as core,
            staged(browser, core.show(), width=1160, height=760) as page,
        ):
            view = page.get_by_role("region", name="Core dump explorer")
            view.evaluate("view => { view.style.height = '720px'; }")
            page.wait_for_timeout(1500)
            keep(view, "core-explorer")


def compared(*files: str) -> Evidence:
    """Compare two packed samples."""
    return pf.compare(*[pf.load(pf.samples.path(f"{file}.zst")) for file in files])


def keep_html(browser: Browser, text: str, name: str, width: int = 900) -> None:
    """Take a picture of HTML on a page of its own."""
    page = browser.new_page(viewport={"width": width, "height": 600}, **SCALE)
    page.set_content(f'<body style="margin:0"><main style="padding:12px">{text}</main>')
    keep(page.locator("main"), name)
    page.close()


def comparison(notebook: Opened) -> None:
    """The finding, the classes that grew, and the path that retains a new object."""
    view = notebook.page.get_by_role("region", name="Heap comparison explorer")
    view.evaluate("view => { view.style.height = '820px'; }")
    classes = view.locator("tbody tr[aria-level='1']:visible")
    watch = classes.filter(has_text=re.compile(r"^\W*Watch"))
    watch.locator(".pf-twist").click()
    view.locator("tbody tr[aria-level='2']").first.click()
    view.get_by_role("tabpanel", name="Retaining path").locator("svg").first.wait_for()
    notebook.page.wait_for_timeout(1000)
    keep(view, "comparison")


def explorer(notebook: Opened) -> None:
    """The dominator tree of a snapshot."""
    view = notebook.page.get_by_role("region", name="Heap snapshot explorer")
    view.evaluate("view => { view.style.height = '720px'; }")
    view.get_by_role("tab", name="Dominators").click()
    view.get_by_role("tabpanel", name="Dominators").locator("tbody tr").first.wait_for()
    view.locator("tbody tr[aria-level='1']:visible").nth(1).click()
    notebook.page.wait_for_timeout(1000)
    keep(view, "explorer")


def keep(what: Locator, name: str) -> None:
    """Write a picture, small enough for a page."""
    path = PICTURES / f"{name}.png"
    what.screenshot(path=path)
    size = path.stat().st_size
    print(f"{path.name}: {size:,} bytes")
    if size > MOST_BYTES:
        raise SystemExit(f"{path} is larger than {MOST_BYTES:,} bytes")


if __name__ == "__main__":
    main()
