// Tables that the kernel pages, and how their columns are written.

// A table of the kernel that is searched and sorted; `fill` asks only when it is first seen.
class PagedTable {
  constructor({ view, question, label, columns, empty, placeholder, select, sort }) {
    this.text = "";
    const grid = new TreeGrid({
      label,
      columns,
      sort: sort ?? { key: "", descending: false },
      load: (row, offset, limit) => {
        const { key, descending } = grid.sort;
        return view.kernel.ask(question, { sort: key, descending, text: this.text, offset, limit });
      },
      select: (row) => select?.(row),
      announce: view.say,
      fail: view.fail,
      empty,
    });
    this.grid = grid;
    this.search = filterBox(`Search ${label.toLowerCase()}`, placeholder, (text) => this.seek(text.trim()));
    this.seek = async (text) => {
      this.text = this.search.value = text;
      if (await grid.reload()) view.say(`${count(grid.root.total)} ${label.toLowerCase()}`);
    };
    this.parts = [tools(this.search), grid.element];
    this.fill = () => grid.reload();
  }
}

const plainText = (key) => (row) => make("span", { class: "pf-node", title: row[key] }, row[key]);
const amount = (key, title, sort, width = "96px") => ({ key, title, kind: "amount", sort, width });
const words = (key, title, width, sort = key) => ({ key, title, kind: "text", sort, width });
const bad = (words) => make("span", { class: "pf-mark-bad" }, words);
