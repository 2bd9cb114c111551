// Draws a flame on a canvas. Each row is first one line of pixels, whatever the number of its bars:
// of the bars within one pixel one is drawn and the others are leapt over. The lines are then
// stretched to the height of a row, and labels are written on top.

const FLAME_ROW = 18;
const GROUND = 0;
const TINTS = 1; // 16 colours of functions, by group and shade
const STEPS = 17; // 9 colours of change
const WHOLE = 26;
const HIT = 27;
const PALE = 28; // the same colours again, for what a search did not find

// Colours as the style sheet has them where an element stands.
class FlamePalette {
  constructor(element) {
    const style = getComputedStyle(element);
    const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const read = (name) => {
      pen.fillStyle = "#888888";
      pen.fillStyle = style.getPropertyValue(`--pf-${name}`).trim();
      pen.fillRect(0, 0, 1, 1);
      return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const mix = (one, two, share) => one.map((value, place) => value + (two[place] - value) * share);
    const ground = read("ground");
    const ink = read("ink");
    const tints = Array.from({ length: 8 }, (_, place) => read(`f${place}`)).flatMap((colour) => [
      colour,
      mix(colour, ground, 0.22),
    ]);
    const steps = Array.from({ length: 9 }, (_, place) => read(`d${place}`));
    const grey = mix(ground, ink, 0.16);
    const colours = [ground, ...tints, ...steps, grey, read("hit")];
    const all = [...colours, ...colours.map((colour) => mix(colour, grey, 0.85))];
    this.pixels = Uint32Array.from(all, ([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r);
    this.onDark = all.map((colour) => luminance(colour) < 0.33);
    this.css = { ground: css(ground), ink: css(ink), accent: css(read("accent")) };
    this.font = `${style.getPropertyValue("--pf-mono").trim() || "monospace"}`;
  }
}

const css = (colour) => `rgb(${colour.map(Math.round).join(",")})`;

function luminance(colour) {
  const [r, g, b] = colour.map((value) => (value / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

class FlameCanvas {
  constructor(canvas, flipped = false) {
    Object.assign(this, { canvas, flipped, top: 0, marks: null, chosen: -1, hovered: -1 });
    this.pen = canvas.getContext("2d", { alpha: false });
    this.widths = new Map();
  }

  // names: Texts; tints: a colour 0..15 of each function.
  show(flame, names, tints) {
    Object.assign(this, { flame, names, tints, from: 0, to: flame.total, chosen: flame.size ? 0 : -1 });
    this.hovered = -1;
  }

  get ratio() {
    return window.devicePixelRatio || 1;
  }

  get rowHeight() {
    return Math.max(1, Math.round(FLAME_ROW * this.ratio)) / this.ratio;
  }

  get height() {
    return this.flame ? this.flame.depth * this.rowHeight : 0;
  }

  // Callers stand on the floor of their box.
  get shift() {
    return this.flipped ? Math.max(0, this.canvas.clientHeight - this.height) : 0;
  }

  line(row) {
    return this.flipped ? this.flame.depth - 1 - row : row;
  }

  y(row) {
    return this.line(row) * this.rowHeight - this.top + this.shift;
  }

  at(x, y) {
    if (!this.flame?.size) return -1;
    const row = this.line(Math.floor((y + this.top - this.shift) / this.rowHeight));
    return this.flame.at(row, this.from + (x / this.canvas.clientWidth) * (this.to - this.from));
  }

  colour(bar) {
    const { func, steps } = this.flame;
    const kind = func[bar];
    if (this.marks?.[kind]) return HIT;
    const plain = steps ? STEPS + steps[bar] : bar ? TINTS + (this.tints[kind] & 15) : WHOLE;
    return this.marks ? PALE + plain : plain;
  }

  draw() {
    const { canvas, pen, palette, ratio } = this;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    pen.fillStyle = palette.css.ground;
    pen.fillRect(0, 0, width, height);
    this.drawn = { bars: 0, labels: 0 };
    if (!this.flame?.size) return;
    const tall = Math.round(this.rowHeight * ratio);
    const first = Math.max(0, Math.floor(this.top / this.rowHeight));
    const last = Math.min(this.flame.depth, first + Math.ceil(height / tall) + 1);
    if (last <= first) return;
    const up = Math.round((first * this.rowHeight - this.top + this.shift) * ratio);
    const labels = this.raster(width, first, last);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(this.sheet, 0, 0, width, last - first, 0, up, width, (last - first) * tall);
    pen.fillStyle = palette.css.ground;
    for (let line = 1; line <= last - first; line++) pen.fillRect(0, up + line * tall - 1, width, 1);
    this.write(labels, up, tall);
    if (this.hovered >= 0 && this.hovered !== this.chosen) this.outline(this.hovered, palette.css.ink, 1);
    if (this.chosen >= 0) this.outline(this.chosen, palette.css.ink, 2);
  }

  // Fill one line of pixels for each visible row; return the bars that have room for a label.
  raster(width, first, last) {
    const lines = last - first;
    if (!this.image || this.image.width !== width || this.image.height < lines) {
      this.image = new ImageData(width, lines);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.sheet = new OffscreenCanvas(width, lines);
      this.sheetPen = this.sheet.getContext("2d", { alpha: false, willReadFrequently: true });
    }
    const { flame, pixels, from, marks } = this;
    const { x0, x1, rows, func } = flame;
    const colours = this.palette.pixels;
    const hit = colours[HIT];
    const scale = width / (this.to - from);
    const room = 26 * this.ratio;
    const labels = [];
    pixels.fill(colours[GROUND]);
    for (let line = first; line < last; line++) {
      const row = this.line(line);
      const end = rows[row + 1];
      const base = (line - first) * width;
      let bar = above(x1, rows[row], end, from);
      while (bar < end) {
        const left = Math.max(0, (x0[bar] - from) * scale);
        if (left >= width) break;
        const right = Math.min(width, (x1[bar] - from) * scale);
        const pixel = left | 0;
        let colour = colours[this.colour(bar)];
        this.drawn.bars++;
        if (right - left < 1.5) {
          // The next bar that reaches beyond this pixel; always the next one at least.
          const next = Math.max(bar + 1, aboveFrom(x1, bar, end, from + (pixel + 1) / scale));
          if (marks && colour !== hit) {
            for (let other = bar; other < next && other < bar + 64; other++) {
              if (marks[func[other]]) colour = hit;
            }
          }
          pixels[base + pixel] = colour;
          bar = next;
          continue;
        }
        const stop = Math.max(pixel + 1, Math.round(right));
        pixels.fill(colour, base + pixel, base + (stop - pixel >= 3 ? stop - 1 : stop));
        if (right - left >= room) labels.push(bar, left, right, line - first);
        bar++;
      }
    }
    this.sheetPen.putImageData(this.image, 0, 0, 0, 0, width, lines);
    return labels;
  }

  write(labels, up, tall) {
    const { pen, ratio, palette } = this;
    const size = Math.round(11.5 * ratio);
    pen.font = `${size}px ${palette.font}`;
    pen.textBaseline = "middle";
    if (!this.widths.has(pen.font)) this.widths.set(pen.font, pen.measureText("M").width);
    const character = this.widths.get(pen.font);
    const inset = 4 * ratio;
    let ink = "";
    for (let at = 0; at < labels.length; at += 4) {
      const [bar, left, right, line] = [labels[at], labels[at + 1], labels[at + 2], labels[at + 3]];
      const space = right - left - 2 * inset;
      const most = Math.floor(space / character);
      if (most < 2) continue;
      const text = this.label(bar, most);
      const wanted = palette.onDark[this.colour(bar)] ? "#ffffff" : "#101418";
      if (ink !== wanted) pen.fillStyle = ink = wanted;
      const y = up + line * tall + tall / 2;
      // Only the letters of ASCII are sure to be as wide as an M.
      if (/^[ -~\u2026\u2212\u25b2\u25bc]*$/.test(text)) pen.fillText(text, left + inset, y);
      else pen.fillText(text, left + inset, y, space);
      this.drawn.labels++;
    }
  }

  label(bar, most) {
    const name = this.names.at(this.flame.func[bar]);
    const change = this.change?.(bar);
    return shorten(change && most > name.length + change.length ? `${name}  ${change}` : name, most);
  }

  outline(bar, colour, wide) {
    const { pen, ratio, flame } = this;
    const scale = this.canvas.width / (this.to - this.from);
    const left = Math.max(-4, (flame.x0[bar] - this.from) * scale);
    const right = Math.min(this.canvas.width + 4, (flame.x1[bar] - this.from) * scale);
    if (right < 0 || left > this.canvas.width) return;
    const stroke = Math.round(wide * ratio);
    pen.strokeStyle = colour;
    pen.lineWidth = stroke;
    pen.strokeRect(
      left + stroke / 2,
      Math.round(this.y(flame.row(bar)) * ratio) + stroke / 2,
      Math.max(1, right - left - stroke - 1),
      Math.round(this.rowHeight * ratio) - stroke - 1,
    );
  }
}
