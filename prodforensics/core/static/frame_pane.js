// The pane of one frame: its source, its variables, the registers of its thread, its instructions.

class FramePane {
  constructor({ kernel, say, fail }) {
    Object.assign(this, { kernel, say, fail, thread: null, frame: null, root: "" });
    this.head = make("div", { class: "pf-object", tabindex: -1 });
    const pages = [
      { key: "source", title: "Source", ...this.sourcePage() },
      { key: "locals", title: "Variables", ...this.localsPage() },
      { key: "registers", title: "Registers", ...this.registersPage() },
      { key: "disassembly", title: "Disassembly", ...this.disassemblyPage() },
    ];
    this.tabs = new Tabs("Views of the frame", pages);
    this.tabs.onchange = async (page) => {
      if (this.thread == null || page.filled) return;
      page.filled = true;
      await Promise.resolve(page.fill()).catch((error) => {
        page.filled = false;
        this.fail(error);
      });
    };
    this.element = make(
      "div",
      { class: "pf-pane", hidden: true },
      make("div", { class: "pf-pane-bar" }, this.tabs.list, this.head),
      pages.map(({ panel: each }) => each),
    );
  }

  show(thread, row) {
    if (this.thread === thread && this.frame === row.index) return;
    Object.assign(this, { thread, frame: row.index });
    const where = row.place || row.module;
    this.head.replaceChildren(
      make("span", { class: "pf-node", title: row.function }, `#${row.index} ${row.function}`),
      make("span", { class: "pf-soft pf-place" }, [where, `thread ${thread}`].filter(Boolean).join(" \u00b7 ")),
    );
    this.head.title = `${row.function}\n${row.path || row.module_path}\n${row.address}`;
    for (const page of this.tabs.pages) page.filled = false;
    this.tabs.choose(this.tabs.current ?? "source");
  }

  hide() {
    this.thread = this.frame = null;
  }

  // An answer of the frame that is still shown.
  async ask(question, values = {}) {
    const { thread, frame } = this;
    const answer = await this.kernel.ask(question, { thread, ...values });
    return thread === this.thread && frame === this.frame ? answer : null;
  }

  // -- source -------------------------------------------------------------------------------------

  sourcePage() {
    const box = make("div", { class: "pf-drawn-scroll", tabindex: 0, role: "region", "aria-label": "Source" });
    const root = make("input", {
      type: "text",
      class: "pf-filter",
      "aria-label": "Folder of the sources",
      placeholder: "Folder of the sources, if not where they were built",
      spellcheck: "false",
    });
    const fill = async () => {
      try {
        const answer = await this.ask("source", { frame: this.frame, root: this.root });
        if (answer) box.replaceChildren(...this.lines(answer));
        box.querySelector(".pf-here")?.scrollIntoView({ block: "center" });
      } catch (error) {
        box.replaceChildren(this.why(error));
      }
    };
    root.addEventListener("change", () => {
      this.root = root.value.trim();
      fill();
    });
    return { panel: panel(tools(root), box), fill };
  }

  lines({ lines }) {
    const rows = lines.map(({ number, text, here }) =>
      make(
        "div",
        { class: here ? "pf-code-line pf-here" : "pf-code-line", "aria-current": here ? "location" : null },
        make("span", { class: "pf-line-number" }, here ? "\u25b6 " : "", number ?? ""),
        make("span", {}, text),
      ),
    );
    return [make("div", { class: "pf-code" }, rows)];
  }

  why(error) {
    const words = error.hint ? `${error.message} \u2192 ${error.hint}` : error.message;
    return make("p", { class: "pf-note pf-empty-note" }, words);
  }

  // -- variables ----------------------------------------------------------------------------------

  localsPage() {
    const name = (row) =>
      make(
        "span",
        { class: "pf-node", title: `${row.kind} ${row.name}: ${row.type}` },
        row.kind === "argument" && make("span", { class: "pf-kind" }, "arg"),
        row.name,
      );
    const grid = new TreeGrid({
      label: "Variables",
      columns: [
        { key: "name", title: "Name", kind: "tree", width: "24%", render: name },
        { key: "type", title: "Type", kind: "text", width: "22%" },
        { key: "value", title: "Value", kind: "text" },
        { key: "masked", title: "Masked because", kind: "text", width: "18%" },
      ],
      load: async (row, offset, limit) => {
        const answer = await this.ask("locals", { frame: this.frame, offset, limit });
        return answer ?? { rows: [], total: 0 };
      },
      announce: this.say,
      fail: this.fail,
      empty: "No variables are known here: the module has no debug information, or the frame no variables.",
    });
    return { panel: panel(grid.element), fill: () => grid.reload() };
  }

  // -- registers and instructions -----------------------------------------------------------------

  registersPage() {
    const box = make("div", { class: "pf-drawn-scroll", tabindex: 0, role: "region", "aria-label": "Registers" });
    const fill = async () => {
      const answer = await this.ask("registers");
      if (!answer) return;
      const rows = answer.rows.map(({ register, value, points }) =>
        make("tr", {}, make("th", { scope: "row" }, register), make("td", {}, value), make("td", { class: "pf-soft" }, points)),
      );
      box.replaceChildren(
        make("p", { class: "pf-note pf-empty-note" }, "Of the innermost frame, as the core holds them; right of each what it points at."),
        make("table", { class: "pf-registers" }, make("tbody", {}, rows)),
      );
    };
    return { panel: panel(box), fill };
  }

  disassemblyPage() {
    const box = make("div", { class: "pf-drawn-scroll", tabindex: 0, role: "region", "aria-label": "Disassembly" });
    const fill = async () => {
      try {
        const answer = await this.ask("disassembly", { frame: this.frame });
        if (!answer) return;
        const rows = answer.lines.map(({ text, here }) =>
          make("div", { class: here ? "pf-code-line pf-here" : "pf-code-line", "aria-current": here ? "location" : null }, text),
        );
        box.replaceChildren(make("div", { class: "pf-code" }, rows));
        box.querySelector(".pf-here")?.scrollIntoView({ block: "center" });
      } catch (error) {
        box.replaceChildren(this.why(error));
      }
    };
    return { panel: panel(box), fill };
  }
}
