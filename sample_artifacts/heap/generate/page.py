"""A page in headless Chromium that keeps the elements it takes out of the document."""

from __future__ import annotations

import shutil
from pathlib import Path

from node import ROLES, truth
from playwright.sync_api import CDPSession, sync_playwright
from recording import pack

HERE = Path(__file__).parent
URL = "http://desk.example/"
CLICKS = [150, 150]
FACT = {
    "title": "Support desk: closed panels stay, as detached DOM trees",
    "clicks": CLICKS,
    "pattern": "heap.leak.growing_collection",
    "holder": "Array",
    "key_or_variable": "closedPanels",
    "growth": {"TicketPanel": 1, "Detached <section>": 1},
    "verdict": "likely",
}


def record(app: Path, folder: Path) -> list[dict]:
    """Click, take a snapshot, click on, take another."""
    html = (HERE / "page.html").read_text()
    entries = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        tab = browser.new_page()
        tab.route("**/*", lambda route: route.fulfill(body=html, content_type="text/html"))
        tab.goto(URL)
        session = tab.context.new_cdp_session(tab)
        session.send("HeapProfiler.enable")  # once: a restart would give every object a new id
        for number, (role, clicks) in enumerate(zip(ROLES[2], CLICKS, strict=True), start=1):
            button = tab.query_selector("#open")
            for _ in range(clicks):
                button.dispatch_event("click")
            button.dispose()
            snapshot = app / f"detached.{number}.heapsnapshot"
            _take_snapshot(session, snapshot)
            entries.append(_entry(role, pack(snapshot, folder), browser.version))
        browser.close()
    return entries


def _take_snapshot(session: CDPSession, path: Path) -> None:
    chunks = []

    def keep(event: dict) -> None:
        chunks.append(event["chunk"])

    session.on("HeapProfiler.addHeapSnapshotChunk", keep)
    session.send("HeapProfiler.collectGarbage")
    session.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    session.remove_listener("HeapProfiler.addHeapSnapshotChunk", keep)
    path.write_text("".join(chunks), encoding="utf-8")


def _entry(role: str, path: Path, version: str) -> dict:
    return {
        "path": f"{path.parent.name}/{path.name}",
        "format": "v8-heap-snapshot",
        "title": FACT["title"],
        "scenario": "detached",
        "role": role,
        "recorded_with": {
            "command": "chromium --headless, page.html, CDP HeapProfiler.takeHeapSnapshot",
            "versions": {"chromium": version},
        },
        "ground_truth": truth(FACT),
    }
