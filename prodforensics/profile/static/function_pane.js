// The pane of one function: what it took, and who calls it and what it calls, as deep as one likes.

class FunctionPane {
  constructor(view) {
    this.view = view;
    this.past = [];
    this.func = -1;
    this.head = make("div", { class: "pf-object", tabindex: -1 });
    this.open = make(
      "button",
      { type: "button", class: "pf-tool", hidden: true, title: "Flame graphs of all its callers and callees", onclick: () => this.view.sandwich?.(this.func) },
      "Sandwich",
    );
    this.seek = make(
      "button",
      { type: "button", class: "pf-tool", hidden: true, title: "Mark it in the flame graphs", onclick: () => this.mark() },
      "Mark",
    );
    this.tables = make("div", { class: "pf-columns" });
    this.element = make(
      "div",
      { class: "pf-pane pf-short" },
      make("div", { class: "pf-pane-bar" }, this.head, this.open, this.seek),
      this.tables,
    );
  }

  mark() {
    const name = this.view.names.at(this.func);
    this.view.search.value = `/^${name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")}$/`;
    this.view.find();
  }

  back() {
    const func = this.past.pop();
    if (func !== undefined) this.show(func, true);
  }

  show(func, again = false) {
    if (!again && this.func >= 0 && this.func !== func) this.past.push(this.func);
    this.func = func;
    const { view } = this;
    const place = view.place(func);
    this.head.replaceChildren(
      make("span", { class: "pf-node", title: view.names.at(func) }, view.names.at(func)),
      make("span", { class: "pf-soft pf-place" }, [view.totals(func), place].filter(Boolean).join(" \u00b7 ")),
    );
    this.head.title = `${view.names.at(func)}\n${place}`;
    this.open.hidden = !view.sandwich;
    this.seek.hidden = false;
    // The picture first: in a profile of a million bars the trees take a moment.
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fill(), 0);
  }

  // After another thread or value type was chosen.
  refresh() {
    if (this.func >= 0) this.show(this.func, true);
  }

  fill() {
    const { view, func } = this;
    const tree = view.main.asTree();
    const boxes = [
      ["Called by", tree.callers(func), "Nothing calls it."],
      ["Calls", tree.callees(func), "It calls nothing."],
    ].map(([title, found, empty]) => {
      const grid = treeTable(view, `${title}: ${view.names.at(func)}`, title, found, empty);
      grid.reload();
      return make("div", {}, grid.element);
    });
    // Whoever came here from a row of a table that goes away keeps the keys.
    const held = this.tables.contains(document.activeElement);
    this.tables.replaceChildren(...boxes);
    if (held) this.head.focus({ preventScroll: true });
  }
}

// Nodes of a tree as rows that open; the children of its top node come first, the heaviest on top.
function treeTable(view, label, title, tree, empty) {
  const heavier = (one, other) => weigh(tree, other) - weigh(tree, one);
  return new TreeGrid({
    label,
    columns: [
      {
        key: "name",
        title,
        kind: "tree",
        render: (row) => make("span", { class: "pf-node", title: `${row.name}\n${view.place(row.func)}` }, row.name),
      },
      ...view.weightColumns,
    ],
    load: async (row, offset, limit) => {
      const nodes = tree.size ? [...tree.children(row ? row.node : 0)].sort(heavier) : [];
      // The whole is no caller.
      const real = nodes.filter((node) => tree.func[node] < view.functions);
      const rows = real.slice(offset, offset + limit).map((node) => ({
        node,
        func: tree.func[node],
        name: view.names.at(tree.func[node]),
        more: tree.children(node).some((child) => tree.func[child] < view.functions),
        ...view.weightsOf(tree, node),
      }));
      return { rows, total: real.length };
    },
    select: (row) => view.choose(row.func),
    announce: view.say,
    fail: view.fail,
    empty,
  });
}

const weigh = (tree, node) => Math.max(...tree.weights.map((weight) => weight[node]));
