// Pictures that the kernel lays out (prodforensics.display.drawing): shapes, words that say what they
// are, and keys that lead on. What can be pressed is reached with the arrows, in the order of drawing.

const SHAPES = new Set(["rect", "line", "path", "text", "circle"]);

class Drawn {
  // load(width) brings the picture; pick(key, part) is called when a part is pressed; at(part) when one
  // gets the focus; beyond(step) when the arrows leave the picture.
  constructor({ label, load, pick, at, beyond, fail, signal, least = 560 }) {
    Object.assign(this, { load, pick, at, beyond, fail, least, parts: [], generation: 0 });
    this.svg = draw("svg", { class: "pf-drawn", role: "group", "aria-label": label });
    this.element = make("div", { class: "pf-drawing" }, this.svg);
    this.svg.addEventListener("keydown", (event) => this.key(event));
    const again = debounce(() => {
      const width = this.width();
      if (this.asked && width && Math.abs(width - this.asked) > 24) this.reload();
    }, 200);
    const sizes = new ResizeObserver(again);
    sizes.observe(this.element);
    signal?.addEventListener("abort", () => sizes.disconnect());
  }

  width() {
    const style = getComputedStyle(this.element);
    const room = this.element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    return room > 0 ? Math.round(Math.min(1600, Math.max(this.least, room))) : 0;
  }

  // Whether the picture came. `focus` is the key of the part that shall have the focus.
  async reload(focus) {
    const generation = ++this.generation;
    this.element.classList.add("pf-loading");
    try {
      this.asked = this.width() || 900;
      const answer = await this.load(this.asked);
      if (generation !== this.generation) return false;
      this.show(answer, focus);
      return true;
    } catch (error) {
      if (generation === this.generation) this.fail(error);
      return false;
    } finally {
      if (generation === this.generation) this.element.classList.remove("pf-loading");
    }
  }

  show(answer, focus) {
    const held = this.svg.contains(document.activeElement);
    const before = held ? this.focused?.key : undefined;
    this.answer = answer;
    const { width, height, label } = answer;
    fill(this.svg, { width, height, viewBox: `0 0 ${width} ${height}`, "aria-label": label }, []);
    this.parts = [];
    this.focused = null;
    this.svg.replaceChildren(...answer.parts.map((part) => this.part(part)));
    const wanted = this.find(focus ?? before) ?? (held ? this.parts[0] : null);
    if (wanted && (held || focus !== undefined)) wanted.shape.focus({ preventScroll: focus === undefined });
    else if (this.parts[0]) this.hold(this.parts[0]);
  }

  find(key) {
    return key === undefined ? undefined : this.parts.find((part) => same(part.key, key));
  }

  part({ title, key, shapes }) {
    const drawn = shapes
      .filter(([tag]) => SHAPES.has(tag))
      .map(([tag, attributes, words]) => draw(tag, attributes, words || null));
    if (key == null) return draw("g", {}, title && draw("title", {}, title), drawn);
    const part = { key, title };
    part.shape = draw(
      "g",
      {
        class: "pf-part",
        role: "button",
        tabindex: -1,
        "aria-label": title,
        onclick: () => this.press(part),
        onfocus: () => this.hold(part, true),
      },
      draw("title", {}, title),
      drawn,
    );
    this.parts.push(part);
    return part.shape;
  }

  hold(part, told = false) {
    this.focused?.shape.setAttribute("tabindex", -1);
    this.focused = part;
    part.shape.setAttribute("tabindex", 0);
    if (told) this.at?.(part);
  }

  press(part) {
    part.shape.focus({ preventScroll: true });
    this.pick?.(part.key, part);
  }

  key(event) {
    const place = this.parts.indexOf(this.focused);
    if (place < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const go = (to, step) => {
      if (to < 0 || to >= this.parts.length) return void this.beyond?.(step);
      this.parts[to].shape.focus();
      this.parts[to].shape.scrollIntoView({ block: "nearest", inline: "nearest" });
    };
    const acts = {
      ArrowDown: () => go(place + 1, 1),
      ArrowRight: () => go(place + 1, 1),
      ArrowUp: () => go(place - 1, -1),
      ArrowLeft: () => go(place - 1, -1),
      PageDown: () => (this.beyond ? this.beyond(1) : go(Math.min(place + 15, this.parts.length - 1))),
      PageUp: () => (this.beyond ? this.beyond(-1) : go(Math.max(place - 15, 0))),
      Home: () => go(0),
      End: () => go(this.parts.length - 1),
      Enter: () => this.press(this.focused),
      " ": () => this.press(this.focused),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
