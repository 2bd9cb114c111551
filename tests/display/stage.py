"""A widget in a real browser without Jupyter: its page, and a model that asks this process."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

from tests.conftest import require_tool


@contextmanager
def chromium():
    """Start the system's Chromium, headless."""
    path = require_tool("chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


# The page of a notebook as far as a widget sees it. `theme` is JupyterLab's mark of its theme, or
# empty for a page of its own.
_PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>stage</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'
 blob:; style-src 'unsafe-inline'; img-src data:">
</head><body {theme}><div id="twin">{twin}</div><div id="root"></div></body></html>"""

_MOUNT = """async ({source, css, state}) => {
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  const url = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  const widget = (await import(url)).default;
  const heard = [];
  window.asked = [];
  const model = {
    get: (name) => state[name],
    set() {}, save_changes() {},
    on: (event, act) => heard.push(act),
    off: (event, act) => heard.splice(heard.indexOf(act), 1),
    send: async (message) => {
      window.asked.push(message);
      if (window.silent) return;
      const reply = JSON.parse(await window.toKernel(JSON.stringify(message)));
      if (!reply) return;
      // Jupyter hands buffers over as views of one large message.
      const buffers = (reply.buffers ?? []).map((text) => {
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        const message = new Uint8Array(bytes.length + 3);
        message.set(bytes, 3);
        return new DataView(message.buffer, 3, bytes.length);
      });
      delete reply.buffers;
      for (const act of heard) act(reply, buffers);
    },
  };
  const stop = new AbortController();
  window.stop = () => stop.abort();
  await widget.render({model, el: document.getElementById("root"), signal: stop.signal});
}"""


@contextmanager
def staged(browser, widget, *, dark=False, jupyter=False, width=1200, height=760, silent=False):
    """Mount a widget in a fresh page; every script error fails the test."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    )
    context.set_default_timeout(8000)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda line: errors.append(line.text) if line.type == "error" else None,
    )
    page.expose_function("toKernel", lambda text: _wire(widget.answer(json.loads(text))))
    theme = f'data-jp-theme-light="{str(not dark).lower()}"' if jupyter else ""
    twin = f'<div data-pf-twin="{widget.twin}">{widget.static_html()}</div>'
    page.set_content(_PAGE.format(theme=theme, twin=twin))
    if dark:
        page.add_style_tag(content="body{background:#15181d}")
    page.evaluate("(silent) => { window.silent = silent; }", silent)
    page.evaluate(
        _MOUNT, {"source": widget._esm, "css": widget._css, "state": {"twin": widget.twin}}
    )
    yield page
    context.close()
    assert not errors, errors


def _wire(answer):
    if answer and "buffers" in answer:
        texts = [base64.b64encode(buffer).decode() for buffer in answer["buffers"]]
        answer = {**answer, "buffers": texts}
    return json.dumps(answer, allow_nan=False)


# Contrast of each text colour of the palette with the grounds that it stands on.
CONTRAST = """() => {
  const style = getComputedStyle(document.querySelector('#root'));
  const canvas = document.createElement('canvas').getContext('2d');
  const light = (name) => {
    canvas.fillStyle = style.getPropertyValue(name).trim();
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const pairs = {};
  const check = (front, back) => {
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
    pairs[`${front} on ${back}`] = (a + 0.05) / (b + 0.05);
  };
  for (const front of ['ink', 'soft', 'name', 'text', 'number', 'bad', 'warn', 'good'])
    for (const back of ['ground', 'raised', 'hover', 'chosen'])
      check(`--pf-${front}`, `--pf-${back}`);
  check('--pf-accent', '--pf-ground');
  for (const kind of ['bad', 'warn', 'good']) check(`--pf-${kind}`, `--pf-${kind}-ground`);
  for (let place = 1; place <= 8; place++) check('--pf-on-series', `--pf-c${place}`);
  return pairs;
}"""
