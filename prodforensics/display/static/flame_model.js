// A flame graph as arrays, and what a page asks of it without a kernel: parents, search, sums by
// function, callers and callees. A million bars take milliseconds, so no bar is ever an object.

// The bytes of a message as a typed array; copied only where they do not start on its boundary.
function typed(Kind, bytes) {
  const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes);
  if (byteOffset % Kind.BYTES_PER_ELEMENT) return new Kind(buffer.slice(byteOffset, byteOffset + byteLength));
  return new Kind(buffer, byteOffset, byteLength / Kind.BYTES_PER_ELEMENT);
}

// First place in a sorted stretch whose number is above a value.
function above(numbers, low, high, value) {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

// First place in a sorted stretch whose number is not below a value.
function aboveOrAt(numbers, low, high, value) {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle] >= value) high = middle;
    else low = middle + 1;
  }
  return low;
}

// `above` for a place that is near: steps that double, then halves.
function aboveFrom(numbers, low, high, value) {
  let step = 1;
  let place = low;
  while (place + step < high && numbers[place + step] <= value) {
    place += step;
    step *= 2;
  }
  return above(numbers, place, Math.min(high, place + step + 1), value);
}

// Many strings as one UTF-8 text with bounds, read on use.
class Texts {
  constructor(first, bytes) {
    this.first = typed(Uint32Array, first);
    this.bytes = typed(Uint8Array, bytes);
    this.known = new Array(this.first.length - 1);
    this.decoder = new TextDecoder();
  }

  get length() {
    return this.known.length;
  }

  at(place) {
    return (this.known[place] ??= this.decoder.decode(
      this.bytes.subarray(this.first[place], this.first[place + 1]),
    ));
  }

  // A mark for each text that passes a test.
  matching(test) {
    const marks = new Uint8Array(this.length);
    for (let place = 0; place < marks.length; place++) marks[place] = test(this.at(place)) ? 1 : 0;
    return marks;
  }
}

// Bars in rows from the outermost: `x0`, `x1` and `func` of each; those of row d are
// rows[d]..rows[d + 1], from left to right. Row 0 is one bar, the whole. A bar of a tree knows its
// `node` there, and a bar of a comparison has values of its own (see FlameTree).
class Flame {
  constructor({ x0, x1, func, rows, scale = 1, node = null, tree = null, parent = null, steps = null }) {
    Object.assign(this, { x0, x1, func, rows, scale, node, tree, steps });
    this.above = parent;
    this.size = x0.length;
    this.depth = rows.length - 1;
    this.total = this.size ? x1[0] - x0[0] : 0;
  }

  row(bar) {
    return above(this.rows, 0, this.depth + 1, bar) - 1;
  }

  width(bar) {
    return this.x1[bar] - this.x0[bar];
  }

  value(bar) {
    return this.width(bar) * this.scale;
  }

  // Value of one of the weights of a comparison's bar.
  weight(bar, which) {
    return this.tree.weights[which][this.node[bar]];
  }

  // The bars that stand on this one, as the bounds of a stretch of the next row.
  within(bar) {
    const row = this.row(bar);
    if (row + 1 >= this.depth) return [0, 0];
    const end = this.rows[row + 2];
    const low = above(this.x1, this.rows[row + 1], end, this.x0[bar]);
    return [low, aboveOrAt(this.x0, low, end, this.x1[bar])];
  }

  own(bar) {
    const [low, high] = this.within(bar);
    let rest = this.width(bar);
    for (let child = low; child < high; child++) rest -= this.width(child);
    return rest * this.scale;
  }

  // The bar at a place, or -1.
  at(row, x) {
    if (row < 0 || row >= this.depth) return -1;
    const bar = above(this.x1, this.rows[row], this.rows[row + 1], x);
    return bar < this.rows[row + 1] && this.x0[bar] <= x ? bar : -1;
  }

  // Parent of each bar, by a walk along neighbouring rows.
  parents() {
    if (this.above) return this.above;
    const { x0, x1, rows } = this;
    const parent = new Int32Array(this.size);
    parent.fill(-1, 0, rows[1]);
    for (let row = 1; row < this.depth; row++) {
      let holder = rows[row - 1];
      for (let bar = rows[row]; bar < rows[row + 1]; bar++) {
        while (x1[holder] <= x0[bar]) holder++;
        parent[bar] = holder;
      }
    }
    return (this.above = parent);
  }

  path(bar) {
    const parent = this.parents();
    const bars = [];
    for (let at = bar; at >= 0; at = parent[at]) bars.push(at);
    return bars.reverse();
  }

  // What the bars of marked functions cover; one within another counts once.
  covered(marks) {
    const parent = this.parents();
    const inside = new Uint8Array(this.size);
    let width = 0;
    let bars = 0;
    for (let bar = 0; bar < this.size; bar++) {
      const held = parent[bar] >= 0 && inside[parent[bar]];
      inside[bar] = held;
      if (!marks[this.func[bar]]) continue;
      bars++;
      if (!held) width += this.width(bar);
      inside[bar] = 1;
    }
    return { bars, value: width * this.scale };
  }

  // Self and total of every function; a function that calls itself counts once in a stack.
  sums(functions) {
    const { x0, x1, func, rows, depth, scale } = this;
    const own = new Float64Array(functions);
    const total = new Float64Array(functions);
    const onPath = new Uint32Array(functions);
    const next = Uint32Array.from(rows);
    const open = new Uint32Array(depth + 1);
    for (let row = 0; row >= 0; ) {
      const bar = row < depth ? next[row] : -1;
      if (bar >= 0 && bar < rows[row + 1] && (!row || x0[bar] < x1[open[row - 1]])) {
        const width = (x1[bar] - x0[bar]) * scale;
        own[func[bar]] += width;
        if (row) own[func[open[row - 1]]] -= width;
        if (!onPath[func[bar]]++) total[func[bar]] += width;
        next[row]++;
        open[row++] = bar;
      } else if (--row >= 0) onPath[func[open[row]]]--;
    }
    return { own, total };
  }

  asTree() {
    if (!this.tree) {
      const weight = new Float64Array(this.size);
      for (let bar = 0; bar < this.size; bar++) weight[bar] = this.value(bar);
      this.tree = new FlameTree(this.parents(), this.func, [weight]);
    }
    return this.tree;
  }
}

// The test behind a search box: part of a name, or /a regular expression/.
function searchTest(text) {
  if (text.length > 2 && text.startsWith("/") && text.endsWith("/")) {
    const expression = new RegExp(text.slice(1, -1), "i");
    // A hostile name must not keep a careless expression busy.
    return (name) => expression.test(name.slice(0, 200));
  }
  const wanted = text.toLowerCase();
  return (name) => name.toLowerCase().includes(wanted);
}
