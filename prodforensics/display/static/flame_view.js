// A flame graph that is read with the pointer and with keys: hover, choose, zoom, pan, walk.

const FLAME_KEYS = "Arrows walk \u00b7 Enter zooms \u00b7 Backspace goes out \u00b7 Esc resets \u00b7 / searches \u00b7 n next match";

class FlameView {
  // facts(flame, bar) -> {title, lines: [[label, text]]}; pick(bar, flame); zoomed(bar, flame).
  constructor({ label, facts, pick, zoomed, say, flipped = false, signal }) {
    Object.assign(this, { facts, pick, zoomed, say });
    const canvas = make("canvas", {
      class: "pf-flame-canvas",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "flame graph",
      "aria-label": `${label}. ${FLAME_KEYS}`,
    });
    this.spacer = make("div");
    this.scroll = make("div", { class: "pf-flame-scroll" }, canvas, this.spacer);
    this.tip = make("div", { class: "pf-tip-box", hidden: true });
    this.note = make("p", { class: "pf-note pf-flame-note", hidden: true });
    this.element = make("div", { class: "pf-flame" }, this.scroll, this.tip, this.note);
    this.canvas = canvas;
    this.art = new FlameCanvas(canvas, flipped);
    canvas.flame = this;
    this.listen(signal);
  }

  listen(signal) {
    const { canvas } = this;
    const on = (name, act, more) => canvas.addEventListener(name, act, more);
    on("pointermove", (event) => this.move(event));
    on("pointerleave", () => this.hover(-1));
    on("pointerdown", (event) => this.press(event));
    on("pointerup", (event) => this.release(event));
    on("dblclick", (event) => this.zoomTo(this.under(event)));
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("keydown", (event) => this.key(event));
    on("focus", () => this.tell(this.art.chosen));
    this.scroll.addEventListener("scroll", () => {
      this.art.top = this.scroll.scrollTop;
      this.ask();
    });
    const sizes = new ResizeObserver(() => this.fit());
    sizes.observe(this.scroll);
    const repaint = () => {
      this.art.palette = null;
      this.fit();
    };
    const themes = new MutationObserver(repaint);
    const attributeFilter = ["data-jp-theme-light", "data-jp-theme-name", "class"];
    themes.observe(document.body, { attributes: true, attributeFilter });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", repaint);
    const watchPixels = () => {
      this.pixels?.removeEventListener("change", watchPixels);
      this.pixels = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
      this.pixels.addEventListener("change", watchPixels);
      repaint();
    };
    watchPixels();
    signal?.addEventListener("abort", () => {
      sizes.disconnect();
      themes.disconnect();
      dark.removeEventListener("change", repaint);
      this.pixels.removeEventListener("change", watchPixels);
      cancelAnimationFrame(this.frame);
    });
  }

  show(flame, names, tints, change = null) {
    this.art.show(flame, names, tints);
    this.art.change = change;
    this.art.marks = null;
    this.note.hidden = flame.size > 0;
    this.note.textContent = flame.size ? "" : "Nothing was recorded here.";
    this.tip.hidden = true;
    this.fit();
    this.scroll.scrollTop = this.art.flipped ? this.art.height : 0;
    this.art.top = this.scroll.scrollTop;
    this.zoomed?.(0, flame);
  }

  // Marks of functions to stand out, or null.
  mark(marks) {
    this.art.marks = marks;
    this.ask();
  }

  fit() {
    const height = this.scroll.clientHeight;
    if (!height) return;
    this.canvas.style.height = `${height}px`;
    this.spacer.style.height = `${Math.max(0, this.art.height - height)}px`;
    this.art.top = this.scroll.scrollTop;
    this.ask();
  }

  ask() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  paint() {
    this.art.palette ??= new FlamePalette(this.element);
    this.art.draw();
  }

  under(event) {
    return this.art.at(event.offsetX, event.offsetY);
  }

  // -- pointer ----------------------------------------------------------------------------------

  move(event) {
    if (this.held && event.buttons) {
      const [across, down] = [event.clientX - this.held.x, event.clientY - this.held.y];
      if (!this.held.dragged && Math.hypot(across, down) < 4) return;
      this.held.dragged = true;
      this.hover(-1);
      const { art } = this;
      const wide = this.held.to - this.held.from;
      this.window(this.held.from - (across / this.canvas.clientWidth) * wide, wide);
      this.scroll.scrollTop = this.held.top - down;
      art.top = this.scroll.scrollTop;
      return;
    }
    this.hover(this.under(event), event);
  }

  press(event) {
    if (event.button) return;
    const { from, to, top } = this.art;
    this.held = { x: event.clientX, y: event.clientY, from, to, top, dragged: false };
    this.canvas.setPointerCapture(event.pointerId);
  }

  release(event) {
    const dragged = this.held?.dragged;
    this.held = null;
    if (dragged || event.button) return;
    const bar = this.under(event);
    if (bar >= 0) this.choose(bar);
  }

  wheel(event) {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoomAt(event.offsetX / this.canvas.clientWidth, Math.exp(event.deltaY * 0.002));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const { from, to, flame } = this.art;
      if (!flame || to - from >= flame.total) return;
      event.preventDefault();
      const wide = to - from;
      this.window(from + ((event.deltaX || event.deltaY) / this.canvas.clientWidth) * wide, wide);
    }
  }

  hover(bar, event) {
    if (bar !== this.art.hovered) {
      this.art.hovered = bar;
      this.canvas.style.cursor = bar < 0 ? "default" : "pointer";
      if (bar >= 0) this.tip.replaceChildren(...this.words(bar));
      this.ask();
    }
    this.tip.hidden = bar < 0;
    if (bar < 0) return;
    const box = this.element.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const { offsetWidth: wide, offsetHeight: tall } = this.tip;
    this.tip.style.left = `${Math.max(4, Math.min(x + 14, box.width - wide - 8))}px`;
    this.tip.style.top = `${y + 18 + tall > box.height ? Math.max(4, y - tall - 12) : y + 18}px`;
  }

  words(bar) {
    const { title, lines } = this.facts(this.art.flame, bar);
    return [
      make("strong", {}, shorten(title, 400)),
      make(
        "dl",
        {},
        lines.flatMap(([label, text]) => [make("dt", {}, label), make("dd", {}, text)]),
      ),
    ];
  }

  // -- choosing and zooming ---------------------------------------------------------------------

  choose(bar) {
    this.art.chosen = bar;
    this.tell(bar);
    this.ask();
    this.pick?.(bar, this.art.flame);
  }

  tell(bar) {
    if (bar < 0 || !this.art.flame) return;
    const { flame } = this.art;
    const { title, lines } = this.facts(flame, bar);
    const level = `level ${flame.row(bar) + 1} of ${flame.depth}`;
    this.say([shorten(title, 120), level, ...lines.slice(0, 3).map((line) => line.join(" "))].join(" \u00b7 "));
  }

  window(from, wide) {
    const { art } = this;
    const most = art.flame.total;
    const width = Math.min(most, Math.max(most * 1e-9, wide));
    art.from = Math.max(0, Math.min(most - width, from));
    art.to = art.from + width;
    this.ask();
  }

  zoomAt(share, factor) {
    const { from, to, flame } = this.art;
    if (!flame?.size) return;
    const wide = Math.min(flame.total, (to - from) * factor);
    this.window(from + share * (to - from) - share * wide, wide);
  }

  zoomTo(bar) {
    const { flame } = this.art;
    if (bar < 0 || !flame) return;
    this.art.chosen = bar;
    this.window(flame.x0[bar], flame.width(bar));
    this.reveal(bar);
    this.zoomed?.(bar, flame);
    this.tell(bar);
  }

  // Out to the nearest caller that is wider than what is shown.
  out() {
    const { flame, from, to } = this.art;
    const parent = flame.parents();
    let bar = flame.at(flame.row(this.art.chosen), (from + to) / 2);
    if (bar < 0) bar = this.art.chosen;
    while (bar > 0 && flame.width(bar) <= (to - from) * 1.000001) bar = parent[bar];
    this.zoomTo(Math.max(0, bar));
  }

  reset() {
    if (this.art.flame?.size) this.zoomTo(0);
  }

  // Bring a bar into sight without changing the zoom.
  reveal(bar) {
    const { art, scroll } = this;
    const { x0, x1 } = art.flame;
    const wide = art.to - art.from;
    if (x1[bar] <= art.from || x0[bar] >= art.to) this.window((x0[bar] + x1[bar] - wide) / 2, wide);
    const y = art.y(art.flame.row(bar));
    const tall = art.rowHeight;
    if (y < 0) scroll.scrollTop += y - tall;
    else if (y + 2 * tall > scroll.clientHeight) scroll.scrollTop += y + 2 * tall - scroll.clientHeight;
    art.top = scroll.scrollTop;
    this.ask();
  }

  // -- keys -------------------------------------------------------------------------------------

  step(key) {
    const { flame, chosen, flipped } = this.art;
    const row = flame.row(chosen);
    const inward = flipped ? "ArrowUp" : "ArrowDown";
    if (key === "ArrowLeft") return chosen > flame.rows[row] ? chosen - 1 : chosen;
    if (key === "ArrowRight") return chosen + 1 < flame.rows[row + 1] ? chosen + 1 : chosen;
    if (key !== inward) return Math.max(0, flame.parents()[chosen]);
    const [low, high] = flame.within(chosen);
    let widest = low;
    for (let bar = low; bar < high; bar++) if (flame.width(bar) > flame.width(widest)) widest = bar;
    return high > low ? widest : chosen;
  }

  nextMatch(direction) {
    const { flame, marks, chosen } = this.art;
    if (!marks) return chosen;
    for (let away = 1; away <= flame.size; away++) {
      const bar = (chosen + direction * away + flame.size * 2) % flame.size;
      if (marks[flame.func[bar]]) return bar;
    }
    return chosen;
  }

  key(event) {
    const { flame, chosen } = this.art;
    if (!flame?.size || event.ctrlKey || event.metaKey || event.altKey) return;
    const walk = (bar) => {
      this.reveal(bar);
      this.art.chosen = bar;
      this.tell(bar);
      this.ask();
    };
    const acts = {
      Enter: () => this.zoomTo(chosen),
      " ": () => this.choose(chosen),
      Backspace: () => this.out(),
      Escape: () => this.reset(),
      Home: () => walk(0),
      "+": () => this.zoomAt(0.5, 0.7),
      "-": () => this.zoomAt(0.5, 1 / 0.7),
      n: () => walk(this.nextMatch(1)),
      N: () => walk(this.nextMatch(-1)),
    };
    const act = event.key.startsWith("Arrow") ? () => walk(this.step(event.key)) : acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    this.tip.hidden = true;
    act();
  }
}
