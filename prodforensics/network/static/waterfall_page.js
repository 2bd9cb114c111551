// A tab of one protocol: what was asked, in time or the slowest first, a page at a time.

const WATERFALL_ROWS = 100;

class WaterfallPage {
  constructor({ view, protocol, placeholder, grouped }) {
    Object.assign(this, { view, protocol, offset: 0, order: "time", text: "" });
    const { kernel, say, fail, signal } = view;
    this.drawn = new Drawn({
      label: `${protocol.toUpperCase()} waterfall`,
      load: async (width) => {
        const { order, text, offset } = this;
        const values = { protocol, order, text, offset, limit: WATERFALL_ROWS, width, ...view.state };
        const answer = await kernel.ask("waterfall", values);
        this.told(answer);
        return answer;
      },
      pick: ({ connection, frame }) => view.open(connection, frame),
      at: ({ title }) => say(title),
      beyond: (step) => this.turn(step, true),
      fail,
      signal,
    });
    const again = () => {
      this.offset = 0;
      return this.drawn.reload();
    };
    this.orders = choice(
      "Order of the rows",
      [
        ["time", grouped ? "By connection" : "In time", grouped ? "Requests of each connection below each other" : "As they were asked"],
        ["slowest", "Slowest first", "All begin at 0: the longest on top"],
        ["failed", "Failed first", "All begin at 0: what failed on top"],
      ],
      (order) => {
        this.order = order;
        again();
      },
    );
    const search = filterBox(`Search ${protocol}`, placeholder, async (text) => {
      this.text = text.trim();
      if (await again()) say(`${count(this.total)} found`);
    });
    const button = (label, title, act) => make("button", { type: "button", class: "pf-tool", title, onclick: act }, label);
    this.before = button("\u2039 Before", "Rows before (Page Up)", () => this.turn(-1));
    this.after = button("Next \u203a", "Rows behind (Page Down)", () => this.turn(1));
    this.range = make("span", { class: "pf-soft pf-matched" });
    this.box = make("div", { class: "pf-drawn-scroll" }, this.drawn.element);
    this.none = make("p", { class: "pf-note pf-empty-note", hidden: true }, "Nothing was asked that is like that.");
    this.panel = panel(tools(this.orders.element, search, this.before, this.after, this.range), this.none, this.box);
    this.fill = again;
  }

  told({ offset, total }) {
    this.offset = offset;
    this.total = total;
    const last = Math.min(offset + WATERFALL_ROWS, total);
    this.range.textContent = total ? `${count(offset + 1)}\u2013${count(last)} of ${count(total)}` : "";
    this.before.disabled = offset === 0;
    this.after.disabled = last >= total;
    this.none.hidden = total > 0;
    this.box.hidden = total === 0;
  }

  async turn(step, walking = false) {
    if ((step > 0 ? this.after : this.before).disabled) return;
    this.offset = Math.max(0, this.offset + step * WATERFALL_ROWS);
    if (!(await this.drawn.reload())) return;
    this.box.scrollTop = 0;
    const part = this.drawn.parts.at(walking && step < 0 ? -1 : 0);
    if (!walking) return;
    part?.shape.focus();
    part?.shape.scrollIntoView({ block: "nearest" });
  }
}
