// The sandwich: all functions on one side; on the other all that calls the chosen one above it, and
// all that it calls below it, as flame graphs.

class Sandwich {
  // columns: of the table; rows() -> all of them, {func, name, ...}.
  constructor(view, columns, rows, sort) {
    this.view = view;
    this.rows = rows;
    this.table = new TreeGrid({
      label: "Functions by self and total",
      columns,
      sort,
      load: async (row, offset, limit) => {
        const found = this.sorted();
        return { rows: found.slice(offset, offset + limit), total: found.length };
      },
      select: (row) => this.show(row.func),
      announce: view.say,
      fail: view.fail,
      empty: "No function has a name like that.",
    });
    this.callers = view.flame("Callers", { flipped: true });
    this.callees = view.flame("Callees");
    this.heads = [make("h4", { class: "pf-head" }), make("h4", { class: "pf-head" })];
    this.element = make(
      "div",
      { class: "pf-columns pf-sandwich" },
      make("div", {}, this.table.element),
      make(
        "div",
        {},
        make("div", { class: "pf-half" }, this.heads[0], this.callers.element),
        make("div", { class: "pf-half" }, this.heads[1], this.callees.element),
      ),
    );
  }

  sorted() {
    const { key, descending } = this.table.sort;
    const marks = this.view.marks;
    const rows = this.rows().filter(({ func }) => !marks || marks[func]);
    const compare =
      key === "name" ? (one, other) => one.name.localeCompare(other.name) : (one, other) => one[key] - other[key];
    return rows.sort((one, other) => (descending ? compare(other, one) : compare(one, other)));
  }

  async fill() {
    await this.table.reload();
    const first = this.sorted()[0];
    const func = this.func ?? first?.func;
    if (func !== undefined) this.show(func);
  }

  show(func) {
    const { view } = this;
    this.func = func;
    const tree = view.main.asTree();
    const name = view.names.at(func);
    this.heads[0].replaceChildren("\u25b2 What calls ", make("b", {}, name));
    this.heads[1].replaceChildren("\u25bc What ", make("b", {}, name), ` calls \u00b7 ${view.totals(func)}`);
    view.show(this.callers, view.lay(tree.callers(func)));
    view.show(this.callees, view.lay(tree.callees(func)));
    view.say(`${name}: ${view.totals(func)}`);
  }
}
