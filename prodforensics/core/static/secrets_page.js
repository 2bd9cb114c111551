// What memory tells: what looks like a secret, the environment, printable strings; all of it masked.

class SecretsPage {
  constructor(view) {
    const tables = {
      secrets: {
        title: "Looks like a secret",
        label: "Secrets",
        placeholder: "Kind or place",
        empty: "\u2713 Nothing in memory looks like a secret.",
        columns: [
          { key: "pattern", title: "Looks like", kind: "tree", sort: "pattern", render: plainText("pattern") },
          words("value", "Masked", "24%"),
          { key: "length", title: "Length", kind: "count", sort: "length", width: "70px" },
          words("segment", "Where", "110px"),
          words("address", "Address", "150px"),
          { key: "offset", title: "Offset in the file", kind: "count", sort: "offset", width: "130px" },
        ],
      },
      environment: {
        title: "Environment",
        label: "Environment",
        placeholder: "Name or value",
        empty: "The core holds no environment.",
        columns: [
          { key: "name", title: "Name", kind: "tree", sort: "name", width: "26%", render: plainText("name") },
          words("value", "Value"),
          words("masked", "Masked because", "22%"),
        ],
      },
      strings: {
        title: "Strings",
        label: "Strings",
        placeholder: "Part of a string, or /a regular expression/",
        empty: "No string is like that.",
        columns: [
          { key: "text", title: "Text", kind: "tree", sort: "text", render: plainText("text") },
          { key: "length", title: "Length", kind: "count", sort: "length", width: "80px" },
          words("encoding", "Encoding", "80px"),
          words("segment", "Where", "110px"),
          words("address", "Address", "150px"),
        ],
      },
    };
    this.parts = {};
    for (const [question, given] of Object.entries(tables)) {
      const table = new PagedTable({ view, question, ...given });
      this.parts[question] = { table, box: panel(...table.parts), filled: false };
    }
    const options = Object.entries(tables).map(([key, { title }]) => [key, title, title]);
    this.kinds = choice("What to look for", options, (key) => this.choose(key).catch(view.fail));
    this.panel = panel(tools(this.kinds.element), ...Object.values(this.parts).map(({ box }) => box));
    this.current = "secrets";
  }

  async choose(key) {
    this.current = key;
    this.kinds.mark(key);
    for (const [name, { box }] of Object.entries(this.parts)) box.hidden = name !== key;
    const part = this.parts[key];
    if (part.filled) return;
    part.filled = await part.table.fill();
  }

  fill() {
    return this.choose(this.current);
  }
}
