// The explorer of one profile: flame graph, sandwich, functions, heat map, threads.

const ORDERS = [
  ["left-heavy", "Left heavy", "Equal stacks joined, the widest first"],
  ["time", "Time order", "As it was recorded, from left to right"],
  ["inverted", "Inverted", "The innermost function first: where the time was spent, by whom it was called"],
  ["alphabetical", "By name", "Equal stacks joined, in the order of the alphabet"],
];

class ProfileExplorer extends ProfileView {
  constructor(context) {
    super(context, "Profile explorer");
    this.state = { value: -1, thread: -1, start: null, end: null };
    this.order = "left-heavy";
    this.unit = () => this.about.values[Math.max(0, this.state.value)].unit;
    this.weightColumns = [this.column("total", "Total")];
    this.weightsOf = (tree, node) => ({ total: tree.weights[0][node] });
  }

  column(key, title, more = {}) {
    const { write, unit } = this;
    return { key, title, kind: "amount", width: "176px", write, unit, total: () => this.whole, ...more };
  }

  lay(tree) {
    return tree.leftHeavy();
  }

  totals(func) {
    const { own, total } = this.sums();
    return `total ${this.share(total[func])}, self ${this.share(own[func])}`;
  }

  sums() {
    return (this.summed ??= this.main.sums(this.functions + 1));
  }

  async start() {
    try {
      await this.learn();
      this.state.value = this.about.value;
      this.build();
      await this.change({});
      // Only now: there is nothing that a tab could show before.
      this.frame.bar.append(this.pages.list, this.facts_line);
      this.say(`Click a bar for its callers and callees \u00b7 ${FLAME_KEYS}`);
      this.pages.choose("flame");
      await this.tell();
    } catch (error) {
      this.fail(error);
    }
  }

  // Other samples: the bars that all views are made of are asked for again.
  async change(wanted) {
    const state = { ...this.state, ...wanted };
    const answer = await this.kernel.ask("bars", { order: "left-heavy", ...state });
    this.state = state;
    this.main = flameOf(answer);
    this.whole = this.main.value(0);
    this.summed = null;
    this.find();
    this.pane.refresh();
    this.range.hidden = state.start == null;
    if (state.start != null) {
      this.range.textContent = `${duration(state.start)} \u2013 ${duration(state.end)}  \u2715`;
      this.range.title = "Only this stretch of time is shown. Press to show all.";
    }
    if (answer.left_out) {
      this.facts_line.title = `Bars below ${percent(answer.left_out, 1)} of the whole are left out.`;
    }
    this.refill();
  }

  attempt(wanted) {
    return this.change(wanted).catch(this.fail);
  }

  // -- the page ---------------------------------------------------------------------------------

  build() {
    const { about } = this;
    const pages = {
      flame: { title: "Flame graph", ...this.flamePage() },
      sandwich: { title: "Sandwich", ...this.sandwichPage() },
      functions: { title: "Functions", ...this.functionsPage() },
      heat: about.timed && { title: "Heat map", ...this.heatPage() },
      threads: about.threads.length > 0 && { title: "Threads", ...this.threadsPage() },
    };
    const shown = Object.entries(pages)
      .filter(([key, page]) => page && (!about.tabs || about.tabs.includes(key)))
      .map(([key, page]) => ({ key, ...page }));
    this.values = selection(
      "What is counted",
      about.values.map(({ name, unit }, place) => [place, unit === "count" ? name : `${name} (${unit})`]),
      (value) => this.attempt({ value }),
    );
    this.values.value = this.state.value;
    this.threads = selection(
      "Threads",
      [
        [-1, "All threads"],
        ...about.threads.map(({ thread, name, percent: part }) => [thread, `${shorten(name, 40)}  ${part.toFixed(1)}%`]),
      ],
      (thread) => this.attempt({ thread }),
    );
    this.range = make("button", {
      type: "button",
      class: "pf-chip pf-range",
      hidden: true,
      onclick: () => this.map?.choose(null) ?? this.attempt({ start: null, end: null }),
    });
    this.tabs("Views of the profile", shown, ({ key }) => {
      this.orders.element.hidden = key !== "flame";
      return key === "sandwich" || key === "threads";
    });
    this.found = make("div", { class: "pf-found", hidden: true });
    const [facts, one] = [make("span", { class: "pf-soft pf-facts-line" }), about.values[about.value]];
    this.facts_line = facts;
    facts.textContent = `${count(about.samples)} samples \u00b7 ${count(about.functions)} functions \u00b7 ${one.name}`;
    this.frame.body.append(
      this.found,
      tools(this.orders.element, this.search, this.matched, this.range, this.values, this.threads),
      this.stack,
      this.split,
      this.pane.element,
    );
  }

  flamePage() {
    const offered = ORDERS.filter(([key]) => this.about.orders.includes(key));
    this.orders = choice("Order of the bars", offered, (order) => {
      this.order = order;
      this.showOrder().catch(this.fail);
    });
    const path = trail(
      () => this.picture,
      () => this.names,
    );
    this.picture = this.flame("Flame graph", { zoomed: path.show });
    const groups = this.named.groups.map((name, place) =>
      make("span", {}, make("i", { style: `background:var(--pf-f${place})` }), name),
    );
    if (groups.length > 6) groups.push(make("span", {}, make("i", { style: "background:var(--pf-f7)" }), "other"));
    const key = make("div", { class: "pf-key-line", "aria-label": "Colours: modules, packages or files" }, groups);
    return { panel: panel(path.element, this.picture.element, key), fill: () => this.showOrder() };
  }

  async showOrder() {
    const { order, state } = this;
    const flame =
      order === "left-heavy" ? this.main : flameOf(await this.kernel.ask("bars", { ...state, order }));
    if (order === this.order && state === this.state) this.show(this.picture, flame);
  }

  sandwichPage() {
    const columns = [
      {
        key: "name",
        title: "Function",
        kind: "tree",
        sort: "name",
        render: ({ func, name }) => make("span", { class: "pf-node", title: `${name}\n${this.place(func)}` }, name),
      },
      this.column("own", "Self", { sort: "own" }),
      this.column("total", "Total", { sort: "total" }),
    ];
    const rows = () => {
      const { own, total } = this.sums();
      return Array.from({ length: this.functions }, (_, func) => func)
        .filter((func) => total[func])
        .map((func) => ({ func, name: this.names.at(func), own: own[func], total: total[func] }));
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
    const name = {
      key: "name",
      title: "Function",
      kind: "tree",
      sort: "name",
      render: (row) => make("span", { class: "pf-node", title: `${row.name}\n${row.place}` }, row.name),
    };
    const grid = new TreeGrid({
      label: "Functions",
      columns: [
        name,
        this.column("self", "Self", { sort: "self" }),
        this.column("total", "Total", { sort: "total" }),
        { key: "place", title: "File", kind: "text", width: "26%" },
        { key: "module", title: "Module", kind: "text", width: "14%" },
      ],
      sort: { key: "self", descending: true },
      load: (row, offset, limit) => {
        if (row) return this.kernel.ask("lines", { ...this.state, function: row.function, offset, limit });
        const { key: sort, descending } = grid.sort;
        const text = this.search.value.trim();
        return this.kernel.ask("functions", { ...this.state, text, sort, descending, offset, limit });
      },
      select: (row) => row.function !== undefined && this.choose(row.function),
      announce: this.say,
      fail: this.fail,
      empty: "No function has a name like that.",
    });
    this.table = grid;
    return { panel: panel(grid.element), fill: () => grid.reload() };
  }

  heatPage() {
    const { say, write, signal } = this;
    const brush = (range) => this.attempt(range ?? { start: null, end: null });
    this.map = new HeatMap({ brush, say, write, signal });
    const below = this.flame("Flame graph of the chosen stretch of time");
    const fill = async () => {
      const { value, thread } = this.state;
      this.map.show(await this.kernel.ask("heat", { value, thread }));
      this.show(below, this.main);
    };
    return { panel: panel(this.map.element, below.element), fill };
  }

  threadsPage() {
    const grid = new TreeGrid({
      label: "Threads",
      columns: [
        {
          key: "name",
          title: "Thread",
          kind: "tree",
          render: (row) => make("span", { class: "pf-node", title: row.name }, row.name || "(no name)"),
        },
        { key: "thread_id", title: "Id", kind: "count", width: "100px" },
        { key: "process", title: "Process", kind: "text", width: "24%" },
        { key: "samples", title: "Samples", kind: "count", width: "110px" },
        this.column("total", "Total", { total: () => this.everything }),
      ],
      load: async (row, offset, limit) => {
        const answer = await this.kernel.ask("threads", { offset, limit });
        this.everything = answer.whole;
        return answer;
      },
      select: (row) => {
        this.threads.value = row.thread;
        this.attempt({ thread: row.thread }).then(() => this.pages.choose("flame"));
      },
      announce: this.say,
      fail: this.fail,
      empty: "No thread was recorded.",
    });
    return { panel: panel(grid.element), fill: () => grid.reload() };
  }
}

const flameOf = ({ buffers, scale }) => {
  const [x0, x1, func, rows] = buffers.map((bytes) => typed(Uint32Array, bytes));
  return new Flame({ x0, x1, func, rows, scale });
};

function render(context) {
  new ProfileExplorer(context).start();
}

export default { render };
