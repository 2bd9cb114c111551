// A tree of calls: parent (before its children; -1 for the outermost), function and, for each
// thing that is counted, the total of every node: one weight, or base and other of a comparison.
class FlameTree {
  constructor(parent, func, weights) {
    Object.assign(this, { parent, func, weights });
    this.size = parent.length;
  }

  // What was called by a function, from its outermost calls down: a tree with the function on top.
  callees(wanted) {
    const { parent, func, size } = this;
    const place = new Int32Array(size).fill(-1);
    const nodes = new Int32Array(size);
    const parents = new Int32Array(size);
    let used = 0;
    for (let node = 0; node < size; node++) {
      const holder = parent[node] < 0 ? -1 : place[parent[node]];
      if (holder < 0 && func[node] !== wanted) continue;
      parents[used] = holder;
      nodes[used] = node;
      place[node] = used++;
    }
    const kept = nodes.subarray(0, used);
    const weights = this.weights.map((weight) => picked(weight, kept, Float64Array));
    return new FlameTree(parents.subarray(0, used), picked(func, kept, Uint32Array), weights).merged();
  }

  // Who called a function: a tree with the function on top and its callers below.
  callers(wanted) {
    const { parent, func, size } = this;
    const inside = new Uint8Array(size);
    const known = new Map();
    const [parents, funcs] = [[], []];
    const weights = this.weights.map(() => []);
    for (let node = 0; node < size; node++) {
      const held = parent[node] >= 0 && inside[parent[node]];
      inside[node] = held || func[node] === wanted ? 1 : 0;
      if (held || func[node] !== wanted) continue;
      for (let at = node, below = -1; at >= 0; at = parent[at]) {
        const key = (below + 1) * 4294967296 + func[at];
        let found = known.get(key);
        if (found === undefined) {
          found = parents.length;
          known.set(key, found);
          parents.push(below);
          funcs.push(func[at]);
          for (const weight of weights) weight.push(0);
        }
        weights.forEach((weight, which) => (weight[found] += this.weights[which][node]));
        below = found;
      }
    }
    return new FlameTree(
      Int32Array.from(parents),
      Uint32Array.from(funcs),
      weights.map((weight) => Float64Array.from(weight)),
    );
  }

  // Children of one parent with one function become one.
  merged() {
    const { parent, func, size } = this;
    let slots = 16;
    while (slots < 2 * size) slots *= 2;
    const table = new Int32Array(slots).fill(-1);
    const place = new Int32Array(size);
    const parents = new Int32Array(size);
    const funcs = new Uint32Array(size);
    const weights = this.weights.map(() => new Float64Array(size));
    let used = 0;
    for (let node = 0; node < size; node++) {
      const holder = parent[node] < 0 ? -1 : place[parent[node]];
      let hash = Math.imul(holder + 1, 0x9e3779b1) ^ Math.imul(func[node], 0x85ebca6b);
      let slot = (hash ^ (hash >>> 15)) & (slots - 1);
      while (table[slot] >= 0 && !(parents[table[slot]] === holder && funcs[table[slot]] === func[node])) {
        slot = (slot + 1) & (slots - 1);
      }
      let found = table[slot];
      if (found < 0) {
        found = table[slot] = used++;
        parents[found] = holder;
        funcs[found] = func[node];
      }
      place[node] = found;
      for (let which = 0; which < weights.length; which++) weights[which][found] += this.weights[which][node];
    }
    return new FlameTree(
      parents.slice(0, used),
      funcs.slice(0, used),
      weights.map((weight) => weight.slice(0, used)),
    );
  }

  children(node) {
    if (!this.first) {
      // The first child of each node and the next one of each child; place 0 is for the outermost.
      this.first = new Int32Array(this.size + 1).fill(-1);
      this.next = new Int32Array(this.size);
      for (let child = this.size - 1; child >= 0; child--) {
        const holder = this.parent[child] + 1;
        this.next[child] = this.first[holder];
        this.first[holder] = child;
      }
    }
    const found = [];
    for (let child = this.first[node + 1]; child >= 0; child = this.next[child]) found.push(child);
    return found;
  }

  // Bars with the heaviest child first, as wide as one of the weights; what weighs nothing is out.
  leftHeavy(which = 0) {
    const { parent, func, size } = this;
    const weight = this.weights[which];
    const order = heaviestFirst(weight);
    const first = new Int32Array(size + 2);
    for (let node = 0; node < size; node++) if (weight[node] > 0) first[parent[node] + 2]++;
    for (let node = 0; node <= size; node++) first[node + 1] += first[node];
    const next = first.slice();
    const child = new Int32Array(first[size + 1]);
    for (const node of order) if (weight[node] > 0) child[next[parent[node] + 1]++] = node;
    const bars = child.length;
    const [x0, x1] = [new Float64Array(bars), new Float64Array(bars)];
    const [node, above] = [new Int32Array(bars), new Int32Array(bars).fill(-1)];
    const rows = [0];
    let placed = 0;
    const put = (holder, bar, start) => {
      let x = start;
      for (let at = first[holder + 1]; at < first[holder + 2]; at++) {
        node[placed] = child[at];
        above[placed] = bar;
        x0[placed] = x;
        x += weight[child[at]];
        x1[placed++] = x;
      }
    };
    put(-1, -1, 0);
    for (let done = 0; done < placed; ) {
      rows.push(placed);
      for (const end = placed; done < end; done++) put(node[done], done, x0[done]);
    }
    if (rows.length === 1) rows.push(0);
    const flame = {
      x0: x0.subarray(0, placed),
      x1: x1.subarray(0, placed),
      func: picked(func, node.subarray(0, placed), Uint32Array),
      rows: Uint32Array.from(rows),
      node: node.subarray(0, placed),
      parent: above.subarray(0, placed),
      tree: this,
    };
    return new Flame(flame);
  }
}

// What stands at some places. Loops over typed arrays are ten times as fast as their `from`.
function picked(values, places, Kind) {
  const found = new Kind(places.length);
  for (let at = 0; at < found.length; at++) found[at] = values[places[at]];
  return found;
}

// Places in the order of their weights, by three passes over 11 bits; equal ones keep their order.
function heaviestFirst(weight) {
  const size = weight.length;
  let most = 0;
  for (const value of weight) if (value > most) most = value;
  const keys = new Uint32Array(size);
  let from = new Uint32Array(size);
  let to = new Uint32Array(size);
  for (let place = 0; place < size; place++) {
    keys[place] = most ? 4294967295 * (1 - Math.max(0, weight[place]) / most) : 0;
    from[place] = place;
  }
  for (const shift of [0, 11, 22]) {
    const start = new Uint32Array(2049);
    for (let place = 0; place < size; place++) start[((keys[place] >>> shift) & 2047) + 1]++;
    for (let digit = 0; digit < 2048; digit++) start[digit + 1] += start[digit];
    for (let at = 0; at < size; at++) to[start[(keys[from[at]] >>> shift) & 2047]++] = from[at];
    [from, to] = [to, from];
  }
  return from;
}

// How a bar of a comparison is coloured: nine steps, the middle one for no change. Steps are of
// the relative change, so that a small function that doubled is seen.
function changeStep(base, other) {
  const whole = Math.max(base, other);
  if (!whole) return 4;
  const change = (other - base) / whole;
  const size = Math.abs(change);
  const steps = size < 0.05 ? 0 : size < 0.15 ? 1 : size < 0.35 ? 2 : size < 0.6 ? 3 : 4;
  return 4 + Math.sign(change) * steps;
}
