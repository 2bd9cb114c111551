// The pane of one connection: its ladder, its time-sequence graph, what was said in it.

const LADDER_ROWS = 100;

class ConnectionPane {
  constructor({ kernel, say, fail, signal, closed }) {
    Object.assign(this, { kernel, say, fail, connection: null, past: [] });
    this.head = make("div", { class: "pf-object", tabindex: -1 });
    this.ladder = new Drawn({
      label: "Packets of the connection",
      load: (width) => this.page(width),
      pick: (frame, part) => this.say(part.title),
      at: ({ key, title }) => {
        this.frame = key;
        this.say(title);
      },
      beyond: (step) => this.turn(step, true),
      fail,
      signal,
    });
    const button = (label, title, act) =>
      make("button", { type: "button", class: "pf-tool", title, onclick: act }, label);
    this.before = button("\u2039 Earlier", "Packets before (Page Up)", () => this.turn(-1));
    this.after = button("Later \u203a", "Packets behind (Page Down)", () => this.turn(1));
    this.flags = [
      button("\u2191 Trouble", "The packet before that something is wrong with (N)", () => this.seek(-1)),
      button("\u2193 Trouble", "The next packet that something is wrong with (n)", () => this.seek(1)),
    ];
    this.range = make("span", { class: "pf-soft pf-matched" });
    const pages = [
      {
        key: "ladder",
        title: "Packets",
        panel: panel(
          tools(this.before, this.after, this.range, ...this.flags),
          make("div", { class: "pf-drawn-scroll" }, this.ladder.element),
        ),
        fill: () => this.ladder.reload(this.frame),
      },
      { key: "sequence", title: "Time-sequence graph", ...this.sequencePage(signal) },
      { key: "follow", title: "Text", ...this.followPage() },
    ];
    this.tabs = new Tabs("Views of the connection", pages);
    this.tabs.onchange = async (page) => {
      if (this.connection == null || page.filled) return;
      page.filled = true;
      await Promise.resolve(page.fill()).catch((error) => {
        page.filled = false;
        this.fail(error);
      });
    };
    const close = button("\u2715", "Close the connection", () => {
      this.connection = null;
      closed();
    });
    close.setAttribute("aria-label", "Close the connection");
    this.element = make(
      "div",
      { class: "pf-pane", hidden: true },
      make("div", { class: "pf-pane-bar" }, this.tabs.list, this.head, close),
      pages.map(({ panel: each }) => each),
    );
    this.element.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "n" || isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      this.seek(event.key === "n" ? 1 : -1);
    });
  }

  // A connection, from its first packet or from one of its frames.
  async show(connection, frame = null, again = false) {
    if (!again && this.connection != null && this.connection !== connection) this.past.push(this.connection);
    this.connection = connection;
    try {
      const about = await this.kernel.ask("connection", { connection });
      if (connection !== this.connection) return;
      this.about = about;
      const facts = [
        `${about.protocol}.stream ${about.stream}`,
        about.state,
        `${count(about.packets)} packets`,
        bytes(about.bytes),
        duration(about.duration),
        about.reset && `reset: ${about.reset}`,
      ];
      const words = `${about.client} \u2192 ${about.server}`;
      this.head.replaceChildren(
        make("span", { class: "pf-node", title: words }, words),
        make("span", { class: "pf-soft pf-place" }, facts.filter(Boolean).join(" \u00b7 ")),
      );
      this.head.title = `${words}\n${facts.filter(Boolean).join(", ")}`;
      for (const flag of this.flags) flag.hidden = !about.flagged;
      this.sides.element.hidden = about.protocol !== "tcp";
      this.sides.mark(-1);
      this.side = -1;
      this.stretch = { start: null, end: null };
      this.offset = 0;
      this.wanted = frame;
      this.frame = frame ?? undefined;
      for (const page of this.tabs.pages) page.filled = false;
      this.tabs.choose(frame == null ? (this.tabs.current ?? "ladder") : "ladder");
    } catch (error) {
      this.fail(error);
    }
  }

  back() {
    const before = this.past.pop();
    if (before !== undefined) this.show(before, null, true);
  }

  async page(width) {
    const answer = await this.kernel.ask("ladder", {
      connection: this.connection,
      offset: this.offset,
      limit: LADDER_ROWS,
      width,
      frame: this.wanted,
    });
    this.wanted = null;
    this.offset = answer.offset;
    const last = Math.min(answer.offset + LADDER_ROWS, answer.total);
    this.range.textContent = `${count(answer.offset + 1)}\u2013${count(last)} of ${count(answer.total)} packets`;
    this.before.disabled = answer.offset === 0;
    this.after.disabled = last >= answer.total;
    return answer;
  }

  // The page before or behind; with the keys the focus goes on where it left.
  async turn(step, walking = false) {
    const { total } = this.ladder.answer ?? {};
    const next = Math.max(0, Math.min(this.offset + step * LADDER_ROWS, total - 1));
    if (total === undefined || (step > 0 && this.after.disabled) || next === this.offset) return;
    this.offset = next;
    if (!(await this.ladder.reload())) return;
    this.ladder.element.parentElement.scrollTop = 0;
    const part = this.ladder.parts.at(walking && step < 0 ? -1 : 0);
    if (walking) {
      part?.shape.focus();
      part?.shape.scrollIntoView({ block: "nearest" });
    }
  }

  async seek(step) {
    try {
      const { connection } = this;
      const here = this.ladder.focused?.key ?? 0;
      const { frame, place, total } = await this.kernel.ask("flagged", { connection, frame: here, step });
      if (frame == null || connection !== this.connection) return;
      this.tabs.choose("ladder");
      await this.visit(frame);
      this.say(`Trouble ${count(place)} of ${count(total)}: ${this.ladder.focused?.title ?? ""}`);
    } catch (error) {
      this.fail(error);
    }
  }

  async visit(frame) {
    const there = this.ladder.find(frame);
    if (there) there.shape.focus();
    else {
      this.wanted = frame;
      await this.ladder.reload(frame);
    }
    this.ladder.find(frame)?.shape.scrollIntoView({ block: "center" });
  }

  // -- the time-sequence graph --------------------------------------------------------------------

  sequencePage(signal) {
    const { say, fail } = this;
    this.stretch = { start: null, end: null };
    this.side = -1;
    this.sides = choice(
      "Who sends",
      [
        [-1, "Busier side", "The side that sent more"],
        [0, "Client", "What the client sent"],
        [1, "Server", "What the server sent"],
      ],
      (side) => {
        this.side = side;
        this.graph.reload();
      },
    );
    this.graph = new Brushed({
      label: "Time-sequence graph of the connection",
      load: (width) => {
        const { connection, side, stretch } = this;
        const height = Math.round(Math.max(240, box.clientHeight - 14));
        return this.kernel.ask("sequence", { connection, side, ...stretch, width, height });
      },
      brush: (range) => {
        this.stretch = range ?? { start: null, end: null };
        this.graph.chosen = null;
        this.whole.hidden = !range;
        this.graph.reload();
      },
      pick: (frame) => {
        this.tabs.choose("ladder");
        this.visit(frame);
      },
      at: ({ title }) => say(title),
      fail,
      signal,
    });
    this.graph.element.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.graph.answer) return;
      if (event.key === "Escape" && this.stretch.start != null) this.graph.clear();
      else if (event.key === "+" || event.key === "=") this.zoom(0.5);
      else if (event.key === "-") this.zoom(2);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    const box = make("div", { class: "pf-drawn-scroll" }, this.graph.element);
    this.whole = make(
      "button",
      { type: "button", class: "pf-chip", hidden: true, title: "Show all of it (Escape)", onclick: () => this.graph.clear() },
      "All of it",
    );
    const hint = make("span", { class: "pf-soft pf-matched" }, "Drag to look closer; a segment leads to its packet.");
    const note = make("p", { class: "pf-note", hidden: true }, "Only TCP numbers its bytes.");
    const fill = async () => {
      const tcp = this.about.protocol === "tcp";
      note.hidden = tcp;
      box.hidden = hint.hidden = !tcp;
      this.whole.hidden = this.stretch.start == null;
      if (tcp) await this.graph.reload();
    };
    return { panel: panel(tools(this.sides.element, this.whole, hint), note, box), fill };
  }

  // Closer to the segment that has the focus, or further away.
  zoom(times) {
    const { start, end, left, right, width } = this.graph.answer;
    const shape = this.graph.focused?.shape.getBBox();
    const share = shape ? (shape.x + shape.width / 2 - left) / (width - left - right) : 0.5;
    const middle = start + Math.max(0, Math.min(1, share)) * (end - start);
    const half = Math.max(500, ((end - start) * times) / 2);
    if (middle - half <= 0 && middle + half >= this.about.duration) return void this.graph.clear();
    this.graph.brush({ start: Math.max(0, middle - half), end: middle + half });
  }

  // -- what was said ------------------------------------------------------------------------------

  followPage() {
    const list = make("div", { class: "pf-said", tabindex: 0, role: "log", "aria-label": "What both sides said", "aria-live": "off" });
    const more = make("button", { type: "button", class: "pf-tool", hidden: true }, "Show more");
    const take = async (offset) => {
      const { connection } = this;
      const { rows, total } = await this.kernel.ask("follow", { connection, offset, limit: 50 });
      if (connection !== this.connection) return;
      if (!offset) list.replaceChildren();
      list.append(...rows.map((turn) => this.quote(turn)));
      const shown = offset + rows.length;
      more.hidden = shown >= total;
      more.textContent = `Show more (${count(shown)} of ${count(total)} turns shown)`;
      more.onclick = () => take(shown).catch(this.fail);
      if (!total) list.append(make("p", { class: "pf-note" }, "Neither side sent any bytes that were captured."));
    };
    return { panel: panel(make("div", { class: "pf-drawn-scroll" }, list, more)), fill: () => take(0) };
  }

  quote({ side, frame, bytes: size, text, cut }) {
    const { client, server } = this.about;
    return make(
      "div",
      { class: side ? "pf-turn pf-answer" : "pf-turn" },
      make(
        "header",
        {},
        make("b", {}, side ? "\u25c0 server " : "\u25b6 client "),
        make("span", { class: "pf-soft" }, `${side ? server : client} \u00b7 ${bytes(size)} \u00b7 `),
        make(
          "button",
          {
            type: "button",
            class: "pf-chip",
            onclick: () => {
              this.tabs.choose("ladder");
              this.visit(frame);
            },
          },
          `frame ${count(frame)}`,
        ),
      ),
      make("pre", {}, text),
      cut > 0 && make("p", { class: "pf-note" }, `\u2026 ${count(cut)} more characters`),
    );
  }
}
