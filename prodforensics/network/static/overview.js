// Throughput, errors and round trips over time; a stretch of time is chosen with the pointer (drag) or
// with keys (Shift with the arrows, Enter), and everything else is then shown for it alone.

class Overview extends Drawn {
  constructor({ brush, say, ...more }) {
    super({
      ...more,
      label: "Capture over time. Arrows move, Shift with arrows chooses a stretch of time, Enter shows it, Escape shows all.",
      at: (part) => this.held || say(part.title),
    });
    Object.assign(this, { brush, chosen: null, dragged: null });
    this.svg.classList.add("pf-brushed");
    const on = (name, act) => this.svg.addEventListener(name, act);
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", () => this.up());
    this.svg.addEventListener("keydown", (event) => this.extend(event), { capture: true });
    this.band = draw("rect", { class: "pf-band", y: 0, "pointer-events": "none" });
  }

  show(answer, focus) {
    super.show(answer, focus);
    this.svg.prepend(this.band);
    this.paint();
  }

  // The place of the span below the pointer.
  place(event) {
    const { left, right, spans, width } = this.answer;
    const box = this.svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) * width) / box.width;
    const place = Math.floor(((x - left) * spans) / (width - left - right));
    return Math.max(0, Math.min(spans - 1, place));
  }

  down(event) {
    if (event.button || !this.answer) return;
    event.preventDefault();
    this.anchor = this.place(event);
    this.held = true;
    this.svg.setPointerCapture(event.pointerId);
    this.parts[this.anchor]?.shape.focus({ preventScroll: true });
  }

  move(event) {
    if (!this.held) return;
    const here = this.place(event);
    this.dragged = [Math.min(here, this.anchor), Math.max(here, this.anchor)];
    this.paint();
  }

  up() {
    if (!this.held) return;
    this.held = false;
    if (this.dragged && this.dragged[1] > this.dragged[0]) this.choose(this.dragged);
    this.dragged = null;
    this.paint();
  }

  press() {}

  extend(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const here = this.parts.indexOf(this.focused);
    if (here < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (step && event.shiftKey) {
      this.anchor = this.dragged ? this.anchor : here;
      const next = Math.max(0, Math.min(this.parts.length - 1, here + step));
      this.dragged = [Math.min(this.anchor, next), Math.max(this.anchor, next)];
      this.parts[next].shape.focus();
      this.paint();
    } else if (event.key === "Enter") {
      this.choose(this.dragged ?? [here, here]);
      this.dragged = null;
    } else if (event.key === "Escape") this.clear();
    else {
      if (step) this.dragged = null;
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  choose([from, to]) {
    const { start, span } = this.answer;
    this.chosen = { start: start + from * span, end: start + (to + 1) * span };
    this.paint();
    this.brush(this.chosen);
  }

  clear() {
    this.dragged = this.chosen = null;
    this.paint();
    this.brush(null);
  }

  paint() {
    if (!this.answer) return;
    const { start, span, spans, left, right, width, height } = this.answer;
    const wide = (width - left - right) / spans;
    const [from, to] = this.dragged
      ? [this.dragged[0], this.dragged[1] + 1]
      : this.chosen
        ? [(this.chosen.start - start) / span, (this.chosen.end - start) / span]
        : [0, 0];
    const [begin, end] = [Math.max(0, from), Math.min(spans, to)];
    fill(this.band, { x: left + begin * wide, width: Math.max(0, (end - begin) * wide), height: height - 18 }, []);
  }
}
