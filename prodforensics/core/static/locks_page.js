// Who waits for which lock, and who holds it: a graph, and every wait as a row.

class LocksPage {
  constructor(view) {
    const { kernel, say, fail, signal } = view;
    this.drawn = new Drawn({
      label: "Who waits for whom",
      load: (width) => kernel.ask("graph", { width }),
      pick: (key) => (typeof key === "number" ? view.open(key, null) : this.seek(key)),
      at: ({ title }) => say(title),
      fail,
      signal,
    });
    const lock = (row) =>
      make(
        "span",
        { class: "pf-node", title: `${row.kind} ${row.name} ${row.lock}` },
        row.cycle && make("span", { class: "pf-mark-bad" }, "\u2716 deadlock "),
        row.name || row.lock || "unknown",
      );
    this.table = waitTable(view, lock);
    this.search = filterBox("Search waits", "Thread, lock or kind", (text) => {
      this.table.text = text.trim();
      this.table.reload();
    });
    const above = make("div", { class: "pf-drawn-scroll pf-stack" }, this.drawn.element);
    const below = make("div", { class: "pf-pane" }, tools(this.search), this.table.element);
    this.panel = panel(above, splitter(above, below, "Height of the graph", 60), below);
  }

  async fill() {
    await Promise.all([this.drawn.reload(), this.table.reload()]);
  }

  seek(key) {
    this.search.value = this.table.text = key;
    this.table.reload();
  }
}

function waitTable(view, lock) {
  const grid = new TreeGrid({
    label: "Waits",
    sort: { key: "thread_id", descending: false },
    columns: [
      { key: "name", title: "Waits for", kind: "tree", sort: "lock", render: lock },
      { key: "kind", title: "Kind", kind: "text", sort: "kind", width: "110px" },
      { key: "lock", title: "Address", kind: "text", sort: "lock", width: "150px" },
      { key: "thread", title: "Thread", kind: "count", sort: "thread_id", width: "74px" },
      { key: "tid", title: "LWP", kind: "count", sort: "os_tid", width: "84px" },
      { key: "held_by", title: "Held by", kind: "text", sort: "held_by", width: "110px" },
    ],
    load: (row, offset, limit) => {
      const { key: sort, descending } = grid.sort;
      return view.kernel.ask("waits", { sort, descending, text: grid.text ?? "", offset, limit });
    },
    select: (row) => view.open(row.thread, row.frame),
    announce: view.say,
    fail: view.fail,
    empty: "No thread waits for a lock.",
  });
  return grid;
}
