"""Heap snapshots recorded for the tests: every Node since 12, and a page in Chromium."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.oracle.worker import HERE, install

__all__ = ["NODE_VERSIONS", "chromium_page", "node_binary", "node_program"]

NODE_VERSIONS = (12, 14, 16, 18, 22, 24)

# A page that keeps what it has removed, and listeners on it, with a second realm in a frame.
PAGE = """
<!doctype html><title>a leaking page</title><iframe srcdoc="<p>inside</p>"></iframe>
<main id="main"></main>
<script>
  class Panel {
    constructor(i) {
      this.element = document.createElement('section');
      this.element.className = `panel number-${i}`;
      this.element.innerHTML = `<h2>Panel ${i}</h2><ul>${'<li>row</li>'.repeat(20)}</ul>`;
      this.element.addEventListener('click', () => this.clicked(i));
    }
    clicked(i) { return i; }
  }
  const removed = [];
  function turn() {
    for (let i = 0; i < 50; i++) {
      const panel = new Panel(i);
      document.getElementById('main').append(panel.element);
      if (i % 2) { panel.element.remove(); removed.push(panel.element.firstChild); }
    }
  }
  window.inner = document.querySelector('iframe');
  turn();
</script>
"""


def node_binary(version: int) -> Path:
    """Return the Node binary of this major version, from the npm registry (x86-64 Linux)."""
    return install(HERE / "nodes") / "node_modules" / f"node-{version}" / "bin" / "node"


def node_program(node: str | Path, folder: Path, *flags: str) -> tuple[Path, Path]:
    """Run ``programs/everything.js`` (its flags stand there) and return its two snapshots."""
    before, after = folder / "before.heapsnapshot", folder / "after.heapsnapshot"
    program = HERE / "programs" / "everything.js"
    command = [str(node), str(program), str(before), str(after), *flags]
    subprocess.run(command, check=True, timeout=120)
    return before, after


def chromium_page(chromium: str, folder: Path, *, track: bool = False) -> tuple[Path, Path]:
    """Open the page, take a snapshot, leak some more, take another.

    With ``track``, what leaks between them is recorded with its allocation stacks.
    """
    from playwright.sync_api import sync_playwright

    before, after = folder / "before.heapsnapshot", folder / "after.heapsnapshot"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_content(PAGE)
        session = page.context.new_cdp_session(page)
        for path, last in ((before, False), (after, True)):
            tracked = track and last
            if tracked:
                session.send("HeapProfiler.startTrackingHeapObjects", {"trackAllocations": True})
            if last:
                page.evaluate("turn()")
                page.wait_for_timeout(200)  # a sample every 50 ms
            chunks: list[str] = []

            def keep(message: dict[str, str], chunks: list[str] = chunks) -> None:
                chunks.append(message["chunk"])

            session.on("HeapProfiler.addHeapSnapshotChunk", keep)
            take = "stopTrackingHeapObjects" if tracked else "takeHeapSnapshot"
            session.send(f"HeapProfiler.{take}", {"reportProgress": False})
            session.remove_listener("HeapProfiler.addHeapSnapshotChunk", keep)
            # V8 writes half surrogate pairs as they are; keep them as DevTools would read them.
            path.write_text("".join(chunks), encoding="utf-8", errors="surrogatepass")
        browser.close()
    return before, after
