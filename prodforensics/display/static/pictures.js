// Pictures drawn in the page: donut, icicle, lines. Each can be reached and read with the keyboard,
// and each says its numbers in words.

const CHARACTER = 6.7; // width of one 11 px monospace character
const fits = (text, width) => (width < 3 * CHARACTER ? "" : shorten(text, Math.floor(width / CHARACTER)));
const series = (place) => `var(--pf-c${(place % 8) + 1})`;

// Enter, Space and click do the same.
const pressable = (label, act) => ({
  role: "button",
  tabindex: 0,
  "aria-label": label,
  onclick: act,
  onkeydown: (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    act(event);
  },
});

// parts: [{name, size}]; the ring and its legend, which is a real table.
function donut(parts, whole, label) {
  const ring = draw("svg", {
    viewBox: "0 0 220 220",
    width: 220,
    height: 220,
    role: "img",
    "aria-label": label,
  });
  const around = 2 * Math.PI * 84;
  let turned = 0;
  parts.forEach(({ name, size }, place) => {
    const part = whole ? (around * size) / whole : 0;
    const gap = Math.min(1.5, part / 3);
    ring.append(
      draw(
        "circle",
        {
          cx: 110,
          cy: 110,
          r: 84,
          fill: "none",
          stroke: series(place),
          "stroke-width": 40,
          "stroke-dasharray": `${Math.max(0, part - gap)} ${around}`,
          "stroke-dashoffset": -turned,
          transform: "rotate(-90 110 110)",
        },
        draw("title", {}, `${name}: ${bytes(size)} (${percent(size, whole)})`),
      ),
    );
    turned += part;
  });
  ring.append(
    draw("text", { x: 110, y: 108, "text-anchor": "middle", class: "pf-big" }, bytes(whole)),
    draw("text", { x: 110, y: 128, "text-anchor": "middle", class: "pf-soft" }, "in all"),
  );
  const rows = parts.map(({ name, size }, place) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, make("i", { style: `background:${series(place)}` }), name),
      make("td", { title: `${count(size)} bytes` }, bytes(size)),
      make("td", {}, percent(size, whole)),
      make(
        "td",
        {},
        make(
          "span",
          { class: "pf-share" },
          make("i", { style: `width:${whole ? (100 * size) / whole : 0}%;background:${series(place)}` }),
        ),
      ),
    ),
  );
  const legend = make(
    "table",
    { class: "pf-legend" },
    make(
      "thead",
      {},
      make(
        "tr",
        {},
        ["Category", "Size", "Share", ""].map((title) => make("th", { scope: "col" }, title)),
      ),
    ),
    make("tbody", {}, rows),
  );
  return make("div", { class: "pf-donut" }, ring, legend);
}

// bars: [{key, depth, start, end, name, title, place}] with start and end in 0..1. Arrow keys move to
// the neighbour, the parent or the first child; Enter zooms, Backspace goes back out.
class Icicle {
  constructor({ label, pick, zoom, out }) {
    Object.assign(this, { pick, zoom, out, bars: [] });
    this.svg = draw("svg", { class: "pf-icicle", role: "group", "aria-label": label });
    this.element = make("div", { class: "pf-icicle-box" }, this.svg);
    new ResizeObserver(() => this.paint()).observe(this.element);
    this.svg.addEventListener("keydown", (event) => this.key(event));
  }

  show(bars) {
    this.bars = bars;
    this.focused = bars[0];
    this.paint();
  }

  paint() {
    const width = this.element.clientWidth;
    if (!width) return;
    const height = 20;
    const held = this.svg.contains(document.activeElement);
    const depth = Math.max(0, ...this.bars.map((bar) => bar.depth)) + 1;
    fill(this.svg, { width, height: depth * height }, []);
    this.svg.replaceChildren(
      ...this.bars.map((bar) => {
        const left = bar.start * width;
        const wide = Math.max(1, (bar.end - bar.start) * width - 1);
        bar.shape = draw(
          "g",
          {
            role: "button",
            tabindex: bar === this.focused ? 0 : -1,
            "aria-label": bar.title,
            onclick: () => this.press(bar),
            ondblclick: () => this.zoom(bar),
            onfocus: () => this.at(bar),
          },
          draw("title", {}, bar.title),
          draw("rect", {
            x: left,
            y: bar.depth * height,
            width: wide,
            height: height - 1,
            rx: 1,
            fill: bar.place < 0 ? "var(--pf-line)" : series(bar.place),
          }),
          draw(
            "text",
            { x: left + 4, y: bar.depth * height + 14, class: bar.place < 0 ? "pf-soft" : "pf-on" },
            fits(bar.name, wide - 6),
          ),
        );
        return bar.shape;
      }),
    );
    if (held) this.focused?.shape.focus();
  }

  at(bar) {
    if (this.focused?.shape) this.focused.shape.setAttribute("tabindex", -1);
    this.focused = bar;
    bar.shape.setAttribute("tabindex", 0);
  }

  press(bar) {
    this.at(bar);
    bar.shape.focus();
    this.pick(bar);
  }

  key(event) {
    const { bars, focused: now } = this;
    if (!now || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = (depth) => bars.filter((bar) => bar.depth === depth);
    const beside = (step) => row(now.depth)[row(now.depth).indexOf(now) + step];
    const acts = {
      ArrowRight: () => beside(1),
      ArrowLeft: () => beside(-1),
      ArrowDown: () => row(now.depth + 1).find((bar) => bar.start >= now.start - 1e-9 && bar.start < now.end),
      ArrowUp: () => row(now.depth - 1).find((bar) => bar.start <= now.start + 1e-9 && bar.end > now.start),
      Home: () => bars[0],
      Enter: () => void this.zoom(now),
      " ": () => void this.pick(now),
      Backspace: () => void this.out(),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]()?.shape.focus();
  }
}

// lines: [{name, values}], one value for each of `marks`. Every line has its own dash and its name
// at its end, so that no one has to tell colours apart.
function lineChart({ label, marks, lines, write }) {
  const [width, height, left, right, top, bottom] = [900, 300, 76, 310, 12, 28];
  const all = lines.flatMap(({ values }) => values).filter((value) => value != null);
  const span = Math.max(1, ...all) - Math.min(0, ...all);
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const step = [1, 2, 5, 10].map((times) => power * times).find((each) => each * 5 >= span);
  const most = step * Math.ceil(Math.max(1, ...all) / step);
  const least = step * Math.floor(Math.min(0, ...all) / step);
  const x = (place) => left + ((width - left - right) * place) / Math.max(1, marks.length - 1);
  const y = (value) => top + (height - top - bottom) * (1 - (value - least) / (most - least));
  const svg = draw("svg", {
    viewBox: `0 0 ${width} ${height}`,
    class: "pf-lines",
    role: "group",
    "aria-label": label,
  });
  for (let value = least; value <= most + step / 2; value += step) {
    svg.append(
      draw("line", { x1: left, x2: width - right, y1: y(value), y2: y(value), class: "pf-rule-line" }),
      draw("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end", class: "pf-soft" }, write(value)),
    );
  }
  marks.forEach((mark, place) =>
    svg.append(
      draw(
        "text",
        {
          x: x(place),
          y: height - 8,
          "text-anchor": place ? (place === marks.length - 1 ? "end" : "middle") : "start",
          class: "pf-soft",
        },
        draw("title", {}, mark),
        shorten(mark, Math.max(6, Math.floor((width - left - right) / marks.length / CHARACTER))),
      ),
    ),
  );
  const ends = lines
    .map(({ values }, place) => ({ place, at: y(values.at(-1) ?? 0) }))
    .sort((a, b) => a.at - b.at);
  ends.forEach((end, order) => {
    end.at = Math.max(end.at, order ? ends[order - 1].at + 14 : top + 4);
  });
  // Names pushed below the chart's floor move back up together.
  for (let order = ends.length - 1, floor = height - bottom; order >= 0; order--, floor -= 14) {
    ends[order].at = Math.min(ends[order].at, floor);
  }
  lines.forEach(({ name, values }, place) => {
    const path = values
      .map((value, at) =>
        value == null ? "" : `${at && values[at - 1] != null ? "L" : "M"}${x(at)} ${y(value)}`,
      )
      .join("");
    const words = `${name}: ${values.map((value, at) => `${marks[at]} ${value == null ? "none" : write(value)}`).join(", ")}`;
    const end = ends.find((other) => other.place === place);
    const dash = ["", "7 3", "2 3", "9 3 2 3"][Math.floor(place / 2) % 4];
    svg.append(
      draw(
        "g",
        { class: "pf-line", tabindex: 0, role: "img", "aria-label": words },
        draw("title", {}, words),
        draw("path", {
          d: path,
          fill: "none",
          stroke: series(place),
          "stroke-width": 2,
          "stroke-dasharray": dash || null,
        }),
        values.map(
          (value, at) =>
            value != null &&
            draw(
              "circle",
              { cx: x(at), cy: y(value), r: 3, fill: series(place) },
              draw("title", {}, `${name}, ${marks[at]}: ${write(value)}`),
            ),
        ),
        draw("path", {
          d: `M${x(marks.length - 1) + 4} ${y(values.at(-1) ?? 0)}L${width - right + 14} ${end.at}`,
          fill: "none",
          stroke: series(place),
          "stroke-width": 1,
          opacity: 0.6,
        }),
        draw("text", { x: width - right + 18, y: end.at + 4 }, fits(name, right - 24)),
      ),
    );
  });
  return svg;
}
