// The explorer of a comparison: a flame graph coloured by what changed, the sandwich of a function,
// functions with their growth, findings, and the trend of three profiles and more.

class ComparisonExplorer extends ProfileView {
  constructor(context) {
    super(context, "Profile comparison explorer");
    this.side = 1; // 0: bars are as wide as before; 1: as after
    this.weightColumns = [
      this.column("base", "Before"),
      this.column("other", "After"),
      this.column("delta", "Change", { signed: true }),
    ];
    this.weightsOf = (tree, node) => {
      const [base, other] = tree.weights.map((weight) => weight[node]);
      return { base, other, delta: other - base };
    };
  }

  column(key, title, more = {}) {
    return { key, title, kind: "amount", width: "96px", write: this.write, unit: this.unit, ...more };
  }

  get whole() {
    return this.side ? this.about.other : this.about.base;
  }

  lay(tree, side = this.side) {
    const flame = tree.leftHeavy(side);
    const [base, other] = tree.weights;
    flame.steps = new Uint8Array(flame.size);
    for (let bar = 0; bar < flame.size; bar++) {
      flame.steps[bar] = changeStep(base[flame.node[bar]], other[flame.node[bar]]);
    }
    return flame;
  }

  // What changed, in few characters, for the label of a bar.
  change(flame, bar) {
    const [base, other] = [flame.weight(bar, 0), flame.weight(bar, 1)];
    if (!base) return "\u25b2 new";
    if (!other) return "\u25bc gone";
    const share = (100 * (other - base)) / base;
    if (Math.abs(share) < 0.5) return "";
    const words = Math.abs(share) >= 1000 ? `\u00d7${count(Math.round(other / base))}` : `${Math.abs(share).toFixed(0)}%`;
    return share > 0 ? `\u25b2 ${words.startsWith("\u00d7") ? words : `+${words}`}` : `\u25bc ${MINUS}${words}`;
  }

  facts(flame, bar) {
    const func = flame.func[bar];
    const [base, other] = [flame.weight(bar, 0), flame.weight(bar, 1)];
    const lines = [
      ["change", `${this.write(other - base, true)} ${this.change(flame, bar)}`],
      ["before", this.part(base, this.about.base)],
      ["after", this.part(other, this.about.other)],
    ];
    const place = this.place(func);
    if (place) lines.push(["in", place]);
    return { title: this.names.at(func), lines };
  }

  part(value, whole) {
    return `${this.write(value)} (${percent(value, whole) || "0%"})`;
  }

  totals(func) {
    const [before, after] = this.sums().map(({ total }) => total[func]);
    return `before ${this.write(before)}, after ${this.write(after)} (${this.write(after - before, true) || "0"})`;
  }

  sums() {
    return (this.summed ??= [0, 1].map((side) => this.tree.leftHeavy(side).sums(this.functions + 1)));
  }

  async start() {
    try {
      await this.learn();
      const { buffers, left_out: leftOut } = await this.kernel.ask("tree");
      const [base, other] = [typed(Float64Array, buffers[2]), typed(Float64Array, buffers[3])];
      this.tree = new FlameTree(typed(Int32Array, buffers[0]), typed(Uint32Array, buffers[1]), [base, other]);
      this.main = this.lay(this.tree);
      this.build(leftOut);
      this.say(`Click a bar for its callers and callees \u00b7 ${FLAME_KEYS}`);
      this.pages.choose("flame");
      await this.tell();
    } catch (error) {
      this.fail(error);
    }
  }

  // -- the page ---------------------------------------------------------------------------------

  build(leftOut) {
    const { about } = this;
    const pages = {
      flame: { title: "Flame graph", ...this.flamePage() },
      sandwich: { title: "Sandwich", ...this.sandwichPage() },
      functions: { title: "Functions", ...this.functionsPage() },
      trend: about.profiles > 2 && { title: "Trend", ...this.trendPage() },
    };
    const shown = Object.entries(pages)
      .filter(([key, page]) => page && (!about.tabs || about.tabs.includes(key)))
      .map(([key, page]) => ({ key, ...page }));
    const sides = [
      [1, "Width: after", `Bars are as wide as in ${about.other_name}; what is gone has none`],
      [0, "before", `Bars are as wide as in ${about.base_name}; what is new has none`],
    ];
    this.sides = choice("Width of the bars", sides, (side) => {
      this.side = side;
      this.main = this.lay(this.tree);
      this.find();
      this.refill();
    });
    this.tabs("Views of the comparison", shown, ({ key }) => {
      this.sides.element.hidden = key === "functions" || key === "trend";
      return key === "sandwich" || key === "trend";
    });
    const facts = make("span", { class: "pf-soft pf-facts-line" });
    facts.textContent = `${about.value}: ${this.write(about.base)} \u2192 ${this.write(about.other)}${about.normalised ? " (normalised)" : ""}`;
    facts.title = `${about.base_name} \u2192 ${about.other_name}`;
    if (leftOut) facts.title += `\nCalls below ${percent(leftOut, 1)} of the whole are left out.`;
    this.found = make("div", { class: "pf-found", hidden: true });
    this.frame.bar.append(this.pages.list, facts);
    this.frame.body.append(
      this.found,
      tools(this.sides.element, this.search, this.matched),
      this.stack,
      this.split,
      this.pane.element,
    );
  }

  flamePage() {
    const path = trail(
      () => this.picture,
      () => this.names,
    );
    this.picture = this.flame("Differential flame graph", { zoomed: path.show });
    const scale = Array.from({ length: 9 }, (_, step) => make("i", { style: `background:var(--pf-d${step})` }));
    const key = make(
      "div",
      { class: "pf-key-line" },
      make("span", {}, "\u25bc less than before"),
      make("span", { class: "pf-scale", "aria-hidden": "true" }, scale),
      make("span", {}, "\u25b2 more than before"),
    );
    return {
      panel: panel(path.element, this.picture.element, key),
      fill: () => this.show(this.picture, this.main),
    };
  }

  sandwichPage() {
    const node = ({ func, name }) => make("span", { class: "pf-node", title: `${name}\n${this.place(func)}` }, name);
    const columns = [
      { key: "name", title: "Function", kind: "tree", sort: "name", render: node },
      this.column("own", "Self change", { sort: "own", signed: true, width: "104px" }),
      this.column("delta", "Total change", { sort: "delta", signed: true, width: "110px" }),
      this.column("after", "Total after", { sort: "after", width: "96px" }),
    ];
    const rows = () => {
      const [before, after] = this.sums();
      return Array.from({ length: this.functions }, (_, func) => func)
        .filter((func) => before.total[func] || after.total[func])
        .map((func) => ({
          func,
          name: this.names.at(func),
          own: after.own[func] - before.own[func],
          delta: after.total[func] - before.total[func],
          after: after.total[func],
        }));
    };
    this.both = new Sandwich(this, columns, rows, { key: "own", descending: true });
    this.sandwich = (func) => {
      this.both.func = func;
      this.pages.pages.find(({ key }) => key === "sandwich").filled = false;
      this.pages.choose("sandwich");
    };
    return { panel: panel(this.both.element), fill: () => this.both.fill() };
  }

  functionsPage() {
    const name = (row) => make("span", { class: "pf-node", title: `${row.name}\n${row.place}` }, row.name);
    const grid = new TreeGrid({
      label: "Functions by change",
      columns: [
        { key: "name", title: "Function", kind: "tree", sort: "name", render: name },
        this.column("self_base", "Self before", { sort: "self_base" }),
        this.column("self_other", "Self after", { sort: "self_other" }),
        this.column("self_delta", "Self change", { sort: "self_delta", signed: true, width: "104px" }),
        this.column("total_base", "Total before", { sort: "total_base" }),
        this.column("total_other", "Total after", { sort: "total_other" }),
        this.column("total_delta", "Total change", { sort: "total_delta", signed: true, width: "104px" }),
        { key: "place", title: "File", kind: "text", width: "18%" },
      ],
      sort: { key: "self_delta", descending: true },
      load: (row, offset, limit) => {
        const { key: sort, descending } = grid.sort;
        const text = this.search.value.trim();
        return this.kernel.ask("functions", { text, sort, descending, offset, limit });
      },
      select: (row) => this.choose(row.function),
      announce: this.say,
      fail: this.fail,
      empty: "No function has a name like that.",
    });
    this.table = grid;
    return { panel: panel(grid.element), fill: () => grid.reload() };
  }

  trendPage() {
    const box = make("div", { class: "pf-scroll-box" });
    const fill = async () => {
      const { marks, lines } = await this.kernel.ask("trend");
      const write = (value) => `${value.toFixed(1)}%`;
      box.replaceChildren(
        make("h4", {}, "Share of each profile that functions take themselves"),
        lineChart({ label: "Trend of functions", marks, lines, write }),
      );
    };
    return { panel: panel(box), fill };
  }
}

function render(context) {
  new ComparisonExplorer(context).start();
}

export default { render };
