// The heat map of sub-second offsets: a column is a second (or another stretch), a cell a fiftieth
// of it. A stretch of time is chosen with the pointer or with keys.

class HeatMap {
  constructor({ brush, say, write, signal }) {
    Object.assign(this, { brush, say, write });
    this.canvas = make("canvas", {
      tabindex: 0,
      role: "application",
      "aria-roledescription": "heat map",
      "aria-label":
        "Heat map of the recording. Arrows move, Shift with arrows chooses a stretch of time, Enter shows it, Escape shows all.",
    });
    this.words = make("div", { class: "pf-soft" });
    this.element = make("div", { class: "pf-heat" }, this.canvas, this.words);
    this.canvas.heat = this;
    const on = (name, act) => this.canvas.addEventListener(name, act);
    on("pointerdown", (event) => this.press(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", () => this.release());
    on("pointerleave", () => this.held || this.tell(-1));
    on("keydown", (event) => this.key(event));
    const sizes = new ResizeObserver(() => this.paint());
    sizes.observe(this.element);
    const themes = new MutationObserver(() => this.paint());
    themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => this.paint();
    dark.addEventListener("change", repaint);
    signal?.addEventListener("abort", () => {
      sizes.disconnect();
      themes.disconnect();
      dark.removeEventListener("change", repaint);
    });
  }

  show({ columns, lines, column_ns: wide, peak, buffers }) {
    Object.assign(this, { columns, lines, wide, peak, cells: typed(Float64Array, buffers[0]) });
    this.cursor = 0;
    this.chosen ??= null;
    this.paint();
    this.tell(-1);
  }

  // Cells are numbered in the order of time: down a column, then the next column.
  at(event) {
    const column = Math.floor(event.offsetX / this.cellWidth);
    const line = Math.floor(event.offsetY / this.cellHeight);
    if (column < 0 || column >= this.columns || line < 0 || line >= this.lines) return -1;
    return column * this.lines + line;
  }

  get step() {
    return this.wide / this.lines;
  }

  paint() {
    const room = this.element.clientWidth - 20;
    if (!this.cells || room <= 0) return;
    const style = getComputedStyle(this.element);
    const ratio = window.devicePixelRatio || 1;
    this.cellWidth = Math.max(2 / ratio, Math.min(36, room / this.columns));
    this.cellHeight = 4;
    const { canvas } = this;
    const [width, height] = [this.cellWidth * this.columns, this.cellHeight * this.lines];
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.fillStyle = style.getPropertyValue("--pf-raised");
    pen.fillRect(0, 0, width, height);
    const gap = this.cellWidth > 5 ? 1 : 0;
    pen.fillStyle = style.getPropertyValue("--pf-d8");
    for (let cell = 0; cell < this.cells.length; cell++) {
      if (!this.cells[cell]) continue;
      // The root keeps the few samples of a quiet moment visible.
      pen.globalAlpha = 0.12 + 0.88 * Math.sqrt(this.cells[cell] / this.peak);
      pen.fillRect(...this.corner(cell), this.cellWidth - gap, this.cellHeight - (gap && 0.5));
    }
    pen.globalAlpha = 1;
    const range = this.dragged ?? this.chosen;
    if (range) {
      pen.fillStyle = style.getPropertyValue("--pf-accent");
      pen.globalAlpha = 0.38;
      const [from, to] = range;
      for (let column = Math.floor(from / this.lines); column <= Math.floor(to / this.lines); column++) {
        const first = Math.max(from, column * this.lines);
        const last = Math.min(to, column * this.lines + this.lines - 1);
        const [x, y] = this.corner(first);
        pen.fillRect(x, y, this.cellWidth, (last - first + 1) * this.cellHeight);
      }
      pen.globalAlpha = 1;
    }
    if (document.activeElement === canvas) {
      pen.strokeStyle = style.getPropertyValue("--pf-ink");
      pen.strokeRect(...this.corner(this.cursor).map((place) => place + 0.5), this.cellWidth - 1, this.cellHeight - 1);
    }
  }

  corner(cell) {
    return [Math.floor(cell / this.lines) * this.cellWidth, (cell % this.lines) * this.cellHeight];
  }

  tell(cell) {
    const column = duration(this.wide);
    this.words.textContent =
      cell < 0
        ? `A column is ${column}, a cell ${duration(this.step)}; a stronger colour is more. Drag over a stretch of time to see its flame graph.`
        : `${duration(cell * this.step)} \u2013 ${duration((cell + 1) * this.step)} from the start: ${this.write(this.cells[cell])}`;
  }

  press(event) {
    const cell = this.at(event);
    if (event.button || cell < 0) return;
    this.held = { cell };
    this.canvas.setPointerCapture(event.pointerId);
    this.dragged = [cell, cell];
    this.paint();
  }

  move(event) {
    const cell = this.at(event);
    this.tell(cell);
    if (!this.held || cell < 0) return;
    this.dragged = [Math.min(cell, this.held.cell), Math.max(cell, this.held.cell)];
    this.paint();
  }

  release() {
    if (!this.held) return;
    this.held = null;
    this.choose(this.dragged);
  }

  choose(range) {
    this.dragged = null;
    this.chosen = range;
    this.paint();
    this.brush(range && { start: range[0] * this.step, end: (range[1] + 1) * this.step });
  }

  key(event) {
    const by = { ArrowDown: 1, ArrowUp: -1, ArrowRight: this.lines, ArrowLeft: -this.lines }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (by) {
      const from = this.dragged ? this.anchor : this.cursor;
      this.cursor = Math.max(0, Math.min(this.cells.length - 1, this.cursor + by));
      if (event.shiftKey) {
        this.anchor = from;
        this.dragged = [Math.min(from, this.cursor), Math.max(from, this.cursor)];
      } else this.dragged = null;
      this.tell(this.cursor);
      this.say(this.words.textContent);
      this.paint();
    } else if (event.key === "Enter") this.choose(this.dragged ?? [this.cursor, this.cursor]);
    else if (event.key === "Escape") this.choose(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
