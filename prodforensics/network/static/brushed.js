// Pictures over an axis of time in which a stretch is chosen by dragging.

class Brushed extends Drawn {
  constructor({ brush, ...more }) {
    super(more);
    Object.assign(this, { brush, chosen: null, dragged: null });
    this.svg.classList.add("pf-brushed");
    const on = (name, act) => this.svg.addEventListener(name, act);
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    this.band = draw("rect", { class: "pf-band", y: 0, "pointer-events": "none" });
  }

  show(answer, focus) {
    super.show(answer, focus);
    this.svg.prepend(this.band);
    this.paint();
  }

  // Where the pointer is, as a share of the axis.
  share(event) {
    const { left, right, width } = this.answer;
    const box = this.svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) * width) / box.width;
    return Math.max(0, Math.min(1, (x - left) / (width - left - right)));
  }

  // Begin and end of what is dragged over; a picture may round them.
  between(one, other) {
    return [Math.min(one, other), Math.max(one, other)];
  }

  down(event) {
    if (event.button || !this.answer) return;
    event.preventDefault();
    this.anchor = this.share(event);
    this.held = true;
    this.svg.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (!this.held) return;
    const here = this.share(event);
    const { width, left, right } = this.answer;
    const far = Math.abs(here - this.anchor) * (width - left - right) > 4;
    this.dragged = far || this.dragged ? this.between(this.anchor, here) : null;
    this.paint();
  }

  up(event) {
    if (!this.held) return;
    this.held = false;
    if (this.dragged) this.choose(...this.dragged);
    else {
      // The capture of the pointer keeps clicks from the parts.
      const part = document.elementFromPoint(event.clientX, event.clientY)?.closest?.(".pf-part");
      const found = this.parts.find(({ shape }) => shape === part);
      if (found) this.press(found);
    }
    this.dragged = null;
    this.paint();
  }

  choose(from, to) {
    const { start, end } = this.answer;
    this.chosen = { start: start + from * (end - start), end: start + to * (end - start) };
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
    const { start, end, left, right, width, height } = this.answer;
    const shares = this.chosen ? [this.chosen.start, this.chosen.end].map((time) => (time - start) / (end - start)) : [0, 0];
    const [from, to] = (this.dragged ?? shares).map((share) => Math.max(0, Math.min(1, share)));
    const across = width - left - right;
    fill(this.band, { x: left + from * across, width: Math.max(0, (to - from) * across), height: height - 18 }, []);
  }
}
