// Memory: the map of the address space, and tables of what stands in it.

class MemoryPage {
  constructor(view) {
    const { kernel, say, fail, signal } = view;
    this.drawn = new Drawn({
      label: "Memory map",
      load: (width) => kernel.ask("memory", { width }),
      pick: (row, { title }) => this.table.seek(title.split(",")[0]),
      at: ({ title }) => say(title),
      fail,
      signal,
    });
    this.table = new PagedTable({
      view,
      question: "mappings",
      label: "Mappings",
      placeholder: "File, kind or permissions",
      empty: "No mapping is like that.",
      columns: [
        { key: "path", title: "File or kind", kind: "tree", sort: "path", render: mappingName },
        words("segment", "Kind", "90px"),
        words("permissions", "Rights", "70px"),
        words("start", "From", "140px"),
        words("end", "To", "140px"),
        amount("size", "Size", "size_bytes"),
        amount("resident", "In the core", "resident_bytes"),
        amount("missing", "Cut off", "missing_bytes", "84px"),
      ],
      sort: { key: "start", descending: false },
    });
    const above = make("div", { class: "pf-drawn-scroll pf-stack" }, this.drawn.element);
    const below = make("div", { class: "pf-pane" }, this.table.parts);
    this.panel = panel(above, splitter(above, below, "Height of the map", 34), below);
  }

  async fill() {
    await Promise.all([this.drawn.reload(), this.table.fill()]);
  }
}

const mappingName = (row) =>
  make("span", { class: "pf-node", title: row.path || row.segment }, row.missing > 0 && make("span", { class: "pf-mark-bad" }, "\u2716 "), row.path || row.segment);

class ModulesPage {
  constructor(view) {
    const name = (row) =>
      make(
        "span",
        { class: "pf-node", title: row.found ? `${row.path}\nread from ${row.found}` : row.path },
        row.executable && make("span", { class: "pf-kind" }, "program"),
        row.path,
      );
    const table = new PagedTable({
      view,
      question: "modules",
      label: "Modules",
      placeholder: "Path, build-id or match",
      empty: "No module is like that.",
      columns: [
        { key: "path", title: "Path in the process", kind: "tree", sort: "path", render: name },
        words("matched", "Build-id fits", "120px"),
        words("debug_info", "Debug information", "130px"),
        words("build_id", "Build-id", "28%"),
        words("start", "Address", "140px"),
      ],
    });
    this.panel = panel(...table.parts);
    this.fill = table.fill;
  }
}
