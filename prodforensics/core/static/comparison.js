// The explorer of compared cores: the crashes that they are, and every core.

class ComparisonExplorer extends TabbedExplorer {
  constructor(context) {
    super(context, "Core comparison explorer");
  }

  async start() {
    try {
      this.build(await this.kernel.ask("about"));
      this.say("arrows walk, \u2192 opens a crash to its cores");
      this.pages.choose("crashes");
    } catch (error) {
      this.fail(error);
    }
  }

  build({ headline, cores, crashes }) {
    const first = new CrashesPage(this);
    const second = this.coresTable();
    const pages = [
      { key: "crashes", title: `Crashes (${count(crashes)})`, panel: first.panel, fill: () => first.fill() },
      { key: "cores", title: `Cores (${count(cores)})`, panel: panel(...second.parts), fill: () => second.fill() },
    ];
    this.openPages("Views of the comparison", pages, headline, headline);
  }

  coresTable() {
    return new PagedTable({
      view: this,
      question: "cores",
      label: "Cores",
      placeholder: "Name, program, function or build-id",
      empty: "No core is like that.",
      columns: [
        { key: "title", title: "Core", kind: "tree", sort: "title", render: plainText("title") },
        words("time", "Died", "164px"),
        words("program", "Program", "12%"),
        words("signal", "Signal", "84px"),
        words("top", "In", "20%"),
        { key: "threads", title: "Threads", kind: "count", sort: "threads", width: "72px" },
        words("bucket", "Crash", "110px"),
        words("build_id", "Build-id", "14%"),
      ],
    });
  }
}

function render(context) {
  new ComparisonExplorer(context).start();
}

export default { render };
