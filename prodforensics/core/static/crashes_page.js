// Many cores as few crashes: how often each was seen, its cores, and a stack beside that of the base.

const CHANGES = { same: ["=", "the same"], line: ["~", "another line"], base: ["\u2212", "of the base alone"], other: ["+", "of the other alone"] };

class CrashesPage {
  constructor(view) {
    Object.assign(this, { view, text: "", core: null });
    const { kernel, say, fail, signal } = view;
    this.found = make("div", { class: "pf-found pf-found-all" });
    this.drawn = new Drawn({
      label: "How often each crash was seen, first and last",
      load: (width) => kernel.ask("drawing", { width }),
      pick: (crash) => this.showCrash(crash).catch(fail),
      at: ({ title }) => say(title),
      fail,
      signal,
    });
    this.crashes = this.crashTable();
    this.search = filterBox("Search crashes", "Function, signal, program", async (text) => {
      this.text = text.trim();
      if (await this.crashes.reload()) say(`${count(this.crashes.root.total)} crashes`);
    });
    this.head = make("h4", { class: "pf-head" }, "Side by side");
    this.stacks = this.stackTable();
    const above = make(
      "div",
      { class: "pf-scroll-box pf-crash pf-stack" },
      this.section("What was found", this.found),
      this.section("Crashes", this.drawn.element),
    );
    const below = make(
      "div",
      { class: "pf-pane" },
      make(
        "div",
        { class: "pf-columns pf-threads" },
        make("div", {}, tools(this.search), this.crashes.element),
        make("div", {}, this.head, this.stacks.element),
      ),
    );
    this.panel = panel(above, splitter(above, below, "Height of the findings", 45), below);
  }

  section(title, ...children) {
    return make("section", { "aria-label": title }, make("h4", {}, title), children);
  }

  async fill() {
    const { rows } = await this.view.kernel.ask("findings");
    const lead = ({ proofs }) => proofs.map(({ core, label }) => ({ label, act: () => this.show(core).catch(this.view.fail) }));
    this.found.replaceChildren(...findingsList(rows, lead));
    await Promise.all([this.drawn.reload(), this.crashes.reload()]);
    const first = this.crashes.root?.children?.[0];
    if (first && this.core == null) this.crashes.choose(first);
  }

  crashTable() {
    const { kernel, say, fail } = this.view;
    const label = (row) => make("span", { class: "pf-node", title: row.title ?? row.summary }, row.title ?? row.top);
    const grid = new TreeGrid({
      label: "Crashes",
      sort: { key: "", descending: false },
      columns: [
        { key: "top", title: "Crash", kind: "tree", render: label },
        { key: "count", title: "Cores", kind: "count", sort: "count", width: "62px" },
        { key: "signal", title: "Signal", kind: "text", sort: "signal", width: "84px" },
        { key: "when", title: "Last seen", kind: "text", sort: "last", width: "164px" },
      ],
      load: async (row, offset, limit) => {
        const answer = row
          ? await kernel.ask("members", { crash: row.row, offset, limit })
          : await kernel.ask("crashes", { sort: grid.sort.key, descending: grid.sort.descending, text: this.text, offset, limit });
        for (const one of answer.rows) one.when = one.last ?? one.time;
        return answer;
      },
      select: (row) => this.show(row.core),
      announce: say,
      fail,
      empty: "No crash is like that.",
    });
    return grid;
  }

  stackTable() {
    const base = (row) =>
      make("span", { class: "pf-node", title: `${row.base}\n${row.base_place}` }, this.sign(row), row.base);
    return new TreeGrid({
      label: "Side by side",
      columns: [
        { key: "base", title: "Base", kind: "tree", render: base },
        { key: "base_place", title: "Line", kind: "text", width: "19%" },
        { key: "other", title: "Other", kind: "text", width: "29%" },
        { key: "other_place", title: "Line", kind: "text", width: "19%" },
      ],
      load: async (row, offset, limit) => {
        if (this.core == null) return { rows: [], total: 0 };
        const answer = await this.view.kernel.ask("stacks", { core: this.core, offset, limit });
        this.head.textContent = this.head.title = answer.title;
        return answer;
      },
      announce: this.view.say,
      fail: this.view.fail,
      empty: "No stack was walked.",
    });
  }

  sign(row) {
    const [sign, words] = CHANGES[row.change] ?? ["", ""];
    return make("span", { class: "pf-kind", title: words, "aria-label": words }, sign);
  }

  async show(core) {
    if (core == null || core === this.core) return;
    this.core = core;
    await this.stacks.reload();
  }

  async showCrash(crash) {
    this.search.value = this.text = "";
    this.crashes.sort = { key: "", descending: false };
    await this.crashes.reload();
    const item = this.crashes.root.children?.find(({ row }) => row.row === crash);
    if (!item) return;
    this.crashes.choose(item);
    item.line.scrollIntoView({ block: "nearest" });
    item.line.focus({ preventScroll: true });
  }
}
