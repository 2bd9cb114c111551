"""A large profile in Chromium: ``python -m benchmarks.profile.flame_ours explore N``.

The page asks over HTTP, as a page of Jupyter asks over a socket, and measures with plain marks:
what drives the browser would inflate them. The last line printed is JSON.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import sync_playwright

from prodforensics import tools
from prodforensics.display.widget import STYLE, ExplorerWidget
from prodforensics.profile.views import explorer
from tests.profile.big import big_profile

_PAGE = """<!doctype html><meta charset="utf-8"><style>%s</style><div id="root"></div>
<script type="module">
import widget from "./widget.js";
const heard = [];
const model = {
  get: () => "", on: (event, act) => heard.push(act), off() {},
  async send(message) {
    const answer = await fetch("ask", {method: "POST", body: JSON.stringify(message)});
    const bytes = await answer.arrayBuffer();
    const [size] = new Uint32Array(bytes, 0, 1);
    const {sizes, ...reply} = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, size)));
    let at = 4 + size;
    const buffers = sizes.map((each) => new DataView(bytes, (at += each) - each, each));
    for (const act of heard) act(reply, buffers);
  },
};
window.open_ms = new Promise((resolve) => {
  const start = performance.now();
  const look = () => {
    const view = document.querySelector("canvas")?.flame;
    if (view?.art.drawn?.bars) resolve(performance.now() - start);
    else requestAnimationFrame(look);
  };
  widget.render({model, el: document.getElementById("root")});
  look();
});
</script>"""

# A hundred frames: into the densest places and out again, each drawn at once.
_ZOOM = """() => {
  const view = document.querySelector("canvas").flame;
  const {art} = view;
  const frames = [];
  const {rows, x0} = art.flame;
  let row = 0;
  for (let at = 0; at < art.flame.depth; at++) {
    if (rows[at + 1] - rows[at] > rows[row + 1] - rows[row]) row = at;
  }
  const middle = x0[(rows[row] + rows[row + 1]) >> 1];
  view.scroll.scrollTop = row * art.rowHeight - 200;
  art.top = view.scroll.scrollTop;
  for (let step = 0; step < 100; step++) {
    const wide = art.flame.total * 0.86 ** (step < 50 ? step : 100 - step);
    const start = performance.now();
    view.window(middle - wide / 2, wide);
    view.paint();
    frames.push(performance.now() - start);
  }
  return frames;
}"""
_ASK = """() => {
  const view = document.querySelector("canvas").flame;
  const {flame, names} = view.art;
  const timed = (act) => {
    const start = performance.now();
    act();
    return performance.now() - start;
  };
  let own;
  return {
    bars: flame.size,
    sums_ms: timed(() => ({own} = flame.sums(names.length))),
    search_ms: timed(() => flame.covered(names.matching((name) => /work_1.*7/.test(name)))),
    sandwich_ms: timed(() => {
      const busiest = own.indexOf(Math.max(...own));
      const tree = flame.asTree();
      tree.callers(busiest).leftHeavy();
      tree.callees(busiest).leftHeavy();
    }),
  };
}"""


class _Kernel:
    """Answers as a widget does, and adds up the time that it takes."""

    def __init__(self, widget: ExplorerWidget) -> None:
        self.widget = widget
        self.busy_s = 0.0

    def answer(self, body: bytes) -> bytes:
        start = time.perf_counter()
        reply = self.widget.answer(json.loads(body)) or {}
        buffers = reply.pop("buffers", [])
        text = json.dumps(reply | {"sizes": [len(buffer) for buffer in buffers]})
        text += " " * (-len(text.encode()) % 4)
        self.busy_s += time.perf_counter() - start
        head = text.encode()
        return b"".join([len(head).to_bytes(4, "little"), head, *buffers])


def _serve(kernel: _Kernel) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def _send(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            if self.path.endswith("widget.js"):
                self._send("text/javascript", kernel.widget._esm.encode())
            else:
                self._send("text/html", (_PAGE % STYLE).encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._send("application/octet-stream", kernel.answer(body))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def explore(nodes: str) -> dict[str, object]:
    """Open, zoom, search and take apart a profile of so many nodes."""
    # Kernels are compiled once, when a user first sees a profile.
    explorer(big_profile(2000)).answer({"id": 0, "ask": "bars"})
    profile = big_profile(int(nodes), functions=20_000, samples=2 * int(nodes))
    profile.findings()  # the card, which comes first, has told them
    start = time.perf_counter()
    kernel = _Kernel(explorer(profile))
    show_ms = 1000 * (time.perf_counter() - start)
    server = _serve(kernel)
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=str(tools.find("chromium")), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1240, "height": 1000})
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        opened = page.evaluate("() => window.open_ms")
        kernel_ms = 1000 * kernel.busy_s
        page.wait_for_timeout(500)
        frames = page.evaluate(_ZOOM)
        said = page.evaluate(_ASK)
        browser.close()
    server.shutdown()
    return {
        "show_ms": show_ms,
        "opened_ms": opened,
        "kernel_ms": kernel_ms,
        "frames_ms": frames,
        **said,
    }


TASKS = {"explore": explore}

if __name__ == "__main__":
    task, *given = sys.argv[1:]
    print(json.dumps(TASKS[task](*given)))
