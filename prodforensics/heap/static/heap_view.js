// What the explorers of a heap have in common: a frame, views in tabs, below them the pane of one
// object, and tables of classes that open to their objects.

class HeapView {
  constructor(context, label) {
    this.frame = new Frame(context, label);
    this.kernel = this.frame.kernel;
    this.about = { total: 0 };
    this.total = () => this.about.total;
    this.say = (text) => this.frame.say(text);
    this.fail = (error) => this.frame.fail(error);
    this.pane = new ObjectPane(this.frame, this.total);
    // What every table does with its rows.
    this.common = {
      select: (row) => row.node != null && this.pane.show(row),
      announce: this.say,
      fail: this.fail,
    };
  }

  // A page of a table in the order that it shows.
  ask(question, grid, values) {
    const { key, descending } = grid.sort;
    return this.kernel.ask(question, { ...values, sort: key, descending });
  }

  children(row, offset, limit) {
    return this.kernel.ask("children", { node: row.node, gone: row.gone, offset, limit });
  }

  // Tabs that are filled when they are first shown; `arrange` hides what a tab has no use for.
  views(label, pages, arrange) {
    this.tabs = new Tabs(label, pages);
    this.stack = make(
      "div",
      { class: "pf-stack" },
      this.tabs.pages.map(({ panel: each }) => each),
    );
    this.bar = splitter(this.stack, this.pane.element, "Height of the upper pane");
    this.tabs.onchange = async (tab) => {
      arrange(tab);
      if (!tab.first || tab.filled) return;
      tab.filled = true;
      await Promise.resolve(tab.first()).catch((error) => {
        tab.filled = false;
        this.fail(error);
      });
    };
  }

  // The box that filters the classes of a table, which stands in the first tab.
  classFilter(grid, act) {
    return filterBox("Filter classes", "Filter classes  ( / )", async (text) => {
      act(text.trim());
      if (await grid().reload()) this.say(`${count(grid().root.total)} of the classes`);
    });
  }

  // Show the first tab, once the kernel has told what the heap is.
  async start(search, describe) {
    const [first] = this.tabs.pages;
    const facts = make("span", { class: "pf-soft pf-facts-line" });
    this.tabs.list.after(facts);
    heapKeys(this.frame, this.pane, () => {
      if (this.tabs.current !== first) this.tabs.choose(first);
      return search;
    });
    try {
      this.about = await this.kernel.ask("about");
      facts.textContent = describe(this.about);
      facts.title = this.about.name;
      this.say(KEYS);
      this.tabs.choose(first);
    } catch (error) {
      this.fail(error);
    }
  }
}

const KEYS =
  "Arrows move and open \u00b7 Enter selects \u00b7 / filters \u00b7 Alt+\u2190 goes back \u00b7 Delete ignores a retainer";

// Keys that work anywhere in a heap widget: / to the filter, Alt+Left to the object before.
function heapKeys(frame, pane, filter) {
  frame.element.addEventListener("keydown", (event) => {
    if (event.key === "/" && !isTyping(event)) {
      event.preventDefault();
      filter().focus();
    } else if (event.key === "ArrowLeft" && event.altKey) {
      event.preventDefault();
      pane.back();
    } else return;
    event.stopPropagation();
  });
}

// The classes of a table and below them their objects and the objects' fields.
const classLabel = (row) =>
  row.class_index === undefined
    ? nodeLabel(row)
    : make(
        "span",
        { class: "pf-node", title: row.name },
        make("span", { class: "pf-k-class" }, row.name || "(no name)"),
      );
