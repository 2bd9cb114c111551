// Throughput, errors and round trips over time; a stretch of time is chosen with the pointer (drag) or
// with keys (Shift with the arrows, Enter), and everything else is then shown for it alone.

class Overview extends Brushed {
  constructor({ say, ...more }) {
    super({
      ...more,
      label: "Capture over time",
      at: (part) => this.held || say(part.title),
    });
    this.svg.addEventListener("keydown", (event) => this.extend(event), { capture: true });
  }

  // Whole spans.
  between(one, other) {
    const { spans } = this.answer;
    return [Math.floor(Math.min(one, other) * spans) / spans, Math.ceil(Math.max(one, other) * spans) / spans];
  }

  // A click tells what the span holds.
  press(part) {
    part.shape.focus({ preventScroll: true });
  }

  extend(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const here = this.parts.indexOf(this.focused);
    if (here < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const { spans } = this.answer;
    const range = (one, other) => [Math.min(one, other) / spans, (Math.max(one, other) + 1) / spans];
    if (step && event.shiftKey) {
      this.from = this.dragged ? this.from : here;
      const next = Math.max(0, Math.min(this.parts.length - 1, here + step));
      this.dragged = range(this.from, next);
      this.parts[next].shape.focus();
      this.paint();
    } else if (event.key === "Enter") {
      this.choose(...(this.dragged ?? range(here, here)));
      this.dragged = null;
    } else if (event.key === "Escape") this.clear();
    else {
      if (step) this.dragged = null;
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
