// Threads by what they do: equal stacks are one row, which opens to its threads; right of it the frames.

class ThreadsPage {
  constructor(view) {
    Object.assign(this, { view, text: "", thread: null });
    const { kernel, say, fail } = view;
    this.pane = new FramePane({ kernel, say, fail });
    this.groups = this.groupTable();
    this.frames = this.frameTable();
    this.head = make("h4", { class: "pf-head" }, "Frames");
    this.search = filterBox("Search threads", "Function, thread name or number  ( / )", async (text) => {
      this.text = text.trim();
      if (await this.groups.reload()) say(`${count(this.groups.root.total)} different stacks`);
    });
    const above = make(
      "div",
      { class: "pf-stack" },
      make(
        "div",
        { class: "pf-columns pf-threads" },
        make("div", {}, tools(this.search), this.groups.element),
        make("div", {}, this.head, this.frames.element),
      ),
    );
    this.split = splitter(above, this.pane.element, "Height of the upper pane", 55);
    this.split.hidden = true;
    this.panel = panel(above, this.split, this.pane.element);
  }

  async fill() {
    await this.groups.reload();
    if (this.thread == null) await this.first();
  }

  // The thread that crashed, to begin with.
  async first() {
    const item = this.groups.root?.children?.[0];
    if (item) this.groups.choose(item);
  }

  groupTable() {
    const { kernel, say, fail } = this.view;
    const label = (row) => {
      if (row.thread != null) {
        const name = [`thread ${row.thread}`, row.name, `LWP ${row.tid}`].filter(Boolean).join(" \u00b7 ");
        return make("span", { class: "pf-node", title: name }, row.crashed && bad("\u2716 "), name);
      }
      const title = `${row.count} threads: ${row.summary}`;
      return make("span", { class: "pf-node", title }, row.crashed && bad("\u2716 "), row.top);
    };
    const grid = new TreeGrid({
      label: "Stacks",
      columns: [
        { key: "top", title: "Stack", kind: "tree", render: label },
        { key: "count", title: "Threads", kind: "count", sort: "count", width: "70px" },
        { key: "state", title: "State", kind: "text", width: "76px" },
        { key: "depth", title: "Frames", kind: "count", sort: "depth", width: "66px" },
      ],
      load: (row, offset, limit) => {
        if (row) return kernel.ask("group_threads", { group: row.group, offset, limit });
        const { key: sort, descending } = grid.sort;
        return kernel.ask("groups", { sort, descending, text: this.text, offset, limit });
      },
      select: (row) => this.show(row.thread ?? row.threads[0]),
      announce: say,
      fail,
      empty: "No thread is like that.",
    });
    return grid;
  }

  frameTable() {
    const { kernel, say, fail } = this.view;
    const label = (row) =>
      make(
        "span",
        { class: row.known ? "pf-node" : "pf-node pf-soft", title: [row.function, row.path, row.module].filter(Boolean).join("\n") },
        make("span", { class: `pf-kind pf-kind-${row.kind}` }, row.kind),
        row.waits_on && bad("\u25f7 "),
        row.function,
      );
    return new TreeGrid({
      label: "Frames",
      columns: [
        { key: "index", title: "#", kind: "count", width: "46px" },
        { key: "function", title: "Function", kind: "tree", render: label },
        { key: "place", title: "Line", kind: "text", width: "22%" },
        { key: "module", title: "Module", kind: "text", width: "20%" },
        { key: "trust", title: "Symbols", kind: "text", width: "92px" },
      ],
      load: async (row, offset, limit) => {
        if (this.thread == null) return { rows: [], total: 0 };
        const answer = await kernel.ask("frames", { thread: this.thread, offset, limit });
        this.head.textContent = answer.thread;
        this.head.title = answer.thread;
        return answer;
      },
      select: (row) => this.choose(row),
      announce: say,
      fail,
      empty: "No frames were found for this thread.",
      marks: (row) => (row.trusted ? [] : ["pf-doubtful"]),
    });
  }

  // A thread, and one of its frames; a frame far down a stack brings the pages before it.
  async show(thread, frame = 0, focus = false) {
    if (thread == null) return;
    if (this.thread !== thread || !this.frames.root) {
      this.thread = thread;
      if (!(await this.frames.reload()) || thread !== this.thread) return;
    }
    const { root } = this.frames;
    const there = () => root.children?.find(({ row }) => row.index === frame);
    while (!there() && root.children?.length < Math.min(root.total, MOST_FRAMES)) {
      const before = root.children.length;
      await this.frames.more(root);
      if (root.children.length === before) break;
    }
    const item = there() ?? root.children?.[0];
    if (!item) return;
    this.frames.choose(item);
    item.line.scrollIntoView({ block: "nearest" });
    if (focus) item.line.focus({ preventScroll: true });
  }

  async showGroup(group) {
    const { rows } = await this.view.kernel.ask("groups", { offset: group, limit: 1 });
    if (rows[0]) await this.show(rows[0].threads[0], 0, true);
  }

  choose(row) {
    this.pane.element.hidden = this.split.hidden = false;
    this.pane.show(this.thread, row);
  }
}

const MOST_FRAMES = 2000;
