// What the explorers of a profile and of a comparison have in common: names, the search, tabs, and
// below them the pane of one function.

// A flame graph of a profile has one weight; one of a comparison two, before and after.
class ProfileView {
  constructor(context, label) {
    this.frame = new Frame(context, label);
    this.frame.element.classList.add("pf-tall");
    this.kernel = this.frame.kernel;
    this.signal = context.signal;
    this.say = (text) => this.frame.say(text);
    this.fail = (error) => this.frame.fail(error);
    this.flames = [];
    this.marks = null;
    this.unit = () => this.about.unit;
    this.write = (value, signed) => writer(this.unit())(value, signed);
    this.pane = new FunctionPane(this);
    this.search = make("input", {
      type: "search",
      class: "pf-filter",
      "aria-label": "Search functions",
      placeholder: "Search functions  ( / )",
      title: "Part of a name, or /a regular expression/",
      spellcheck: "false",
    });
    this.search.addEventListener("input", debounce(() => this.find(), 150));
    this.matched = make("span", { class: "pf-matched", role: "status" });
    this.frame.element.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.key === "/" && !isTyping(event)) this.search.focus();
    else if (event.key === "ArrowLeft" && event.altKey) this.pane.back();
    else if (event.key === "Escape" && event.target === this.search) {
      this.search.value = "";
      this.find();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Names, files, lines and colours of the functions; the last name is that of the whole.
  async learn() {
    [this.about, this.named] = await Promise.all([this.kernel.ask("about"), this.kernel.ask("names")]);
    const [first, text, fileFirst, fileText, fileOf, lines, tints] = this.named.buffers;
    this.names = new Texts(first, text);
    this.files = new Texts(fileFirst, fileText);
    this.fileOf = typed(Uint32Array, fileOf);
    this.lines = typed(Uint32Array, lines);
    this.tints = typed(Uint8Array, tints);
    this.functions = this.names.length - 1;
  }

  place(func) {
    if (func >= this.functions) return "";
    const file = this.files.at(this.fileOf[func]);
    return file && this.lines[func] ? `${file}:${this.lines[func]}` : file;
  }

  share(value) {
    return `${this.write(value)} (${percent(value, this.whole) || "0%"})`;
  }

  // A flame graph on a tab; all of them follow the search.
  flame(label, more = {}) {
    const view = new FlameView({
      label,
      signal: this.signal,
      say: this.say,
      facts: (flame, bar) => this.facts(flame, bar),
      pick: (bar, flame) => flame.func[bar] < this.functions && this.choose(flame.func[bar]),
      ...more,
    });
    this.flames.push(view);
    return view;
  }

  show(view, flame) {
    view.show(flame, this.names, this.tints, flame.steps && ((bar) => this.change(flame, bar)));
    view.mark(this.marks);
  }

  facts(flame, bar) {
    const func = flame.func[bar];
    const place = this.place(func);
    const lines = [
      ["total", this.share(flame.value(bar))],
      ["self", this.share(flame.own(bar))],
    ];
    if (place) lines.push(["in", place]);
    return { title: this.names.at(func), lines };
  }

  choose(func) {
    this.pane.show(func);
    this.arrange();
  }

  // -- search -----------------------------------------------------------------------------------

  find() {
    const text = this.search.value.trim();
    this.marks = null;
    this.matched.textContent = "";
    try {
      if (text && this.names) {
        this.marks = this.names.matching(searchTest(text));
        this.marks[this.functions] = 0;
        const found = this.marks.reduce((sum, mark) => sum + mark, 0);
        const { value } = this.main.covered(this.marks);
        this.matched.textContent = `${percent(value, this.whole) || "0%"} matched`;
        this.matched.title = `${this.write(value)} in ${count(found)} function${found === 1 ? "" : "s"}`;
        this.say(
          `${count(found)} function${found === 1 ? "" : "s"} named so: ${this.share(value)} \u00b7 n and N walk the matches`,
        );
      }
    } catch (error) {
      this.fail({ message: `${text} is no regular expression: ${error.message}`, hint: "write part of a name" });
    }
    for (const view of this.flames) view.mark(this.marks);
    const current = this.pages?.current?.key;
    for (const page of this.pages?.pages ?? []) {
      if (page.key === "functions" || page.key === "sandwich") page.filled = page.key === current;
    }
    if (current === "functions") this.table.reload();
    if (current === "sandwich") this.both.table.reload();
  }

  async tell() {
    const { rows } = await this.kernel.ask("findings");
    const proof = ({ function: func }) =>
      func != null && { label: `Show ${shorten(this.names.at(func), 60)}`, act: () => this.choose(func) };
    this.found.replaceChildren(...findingsList(rows, proof));
    this.found.hidden = !rows.length;
  }

  // -- tabs -------------------------------------------------------------------------------------

  // Tabs that are filled when they are first shown, and again when what is shown has changed.
  // `arrange` tells whether a tab has no use for the pane.
  tabs(label, pages, arrange) {
    this.pages = new Tabs(label, pages);
    this.stack = make(
      "div",
      { class: "pf-stack" },
      pages.map(({ panel: each }) => each),
    );
    this.split = splitter(this.stack, this.pane.element, "Height of the upper pane", 66);
    this.arrange = () => {
      const hidden = arrange(this.pages.current) || this.pane.func < 0;
      this.split.hidden = this.pane.element.hidden = hidden;
    };
    this.pages.onchange = async (page) => {
      this.arrange();
      if (!page.fill || page.filled) return;
      page.filled = true;
      await Promise.resolve(page.fill()).catch((error) => {
        page.filled = false;
        this.fail(error);
      });
    };
  }

  // What is shown has changed: every tab is filled again when it is next seen.
  refill() {
    for (const page of this.pages.pages) page.filled = false;
    if (this.pages.current) this.pages.choose(this.pages.current);
  }
}

// The bars from the whole to the one that fills the view, as buttons that zoom.
function trail(view, names) {
  const element = make("nav", { class: "pf-crumbs pf-trail", "aria-label": "Zoom" });
  const show = (bar, flame) => {
    if (!flame.size) return element.replaceChildren();
    element.replaceChildren(
      ...flame.path(bar).map((each, place, all) =>
        make(
          "button",
          {
            type: "button",
            class: "pf-chip",
            disabled: place === all.length - 1,
            title: names().at(flame.func[each]),
            onclick: () => view().zoomTo(each),
          },
          shorten(names().at(flame.func[each]), 36),
        ),
      ),
    );
    element.scrollLeft = element.scrollWidth;
  };
  return { element, show };
}
