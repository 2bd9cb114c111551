// The explorer of a capture: what went on over time, what was found, who talked to whom, and how.

const FILTERS = [
  ["", "All connections"],
  ["findings", "Named by a finding"],
  ["trouble", "With trouble"],
  ["failed", "Not established"],
  ["reset", "Reset"],
  ["retransmissions", "Segments sent again"],
  ["zero_window", "Window closed"],
  ["tcp", "TCP"],
  ["udp", "UDP"],
];

class CaptureExplorer {
  constructor(context) {
    this.frame = new Frame(context, "Capture explorer");
    this.frame.element.classList.add("pf-tall");
    this.kernel = this.frame.kernel;
    this.signal = context.signal;
    this.say = (text) => this.frame.say(text);
    this.fail = (error) => this.frame.fail(error);
    this.state = { start: null, end: null };
    this.text = "";
    this.only = "";
    const { kernel, say, fail, signal } = this;
    this.pane = new ConnectionPane({ kernel, say, fail, signal, closed: () => this.arrange() });
    this.frame.element.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (event.key === "/" && !isTyping(event)) {
      this.pages?.choose("connections");
      this.search.focus();
    } else if (event.key === "ArrowLeft" && event.altKey) this.pane.back();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  async start() {
    try {
      this.about = await this.kernel.ask("about");
      this.build();
      await this.overview.reload();
      // Only now: there is nothing that a tab could show before.
      this.frame.bar.append(this.pages.list, this.range, this.facts);
      this.say("Drag over a stretch of time to look at it alone \u00b7 / searches connections \u00b7 Alt+\u2190 goes back");
      this.pages.choose("overview");
    } catch (error) {
      this.fail(error);
    }
  }

  build() {
    const { about } = this;
    const pages = {
      overview: { title: "Overview", ...this.overviewPage() },
      findings: about.findings > 0 && { title: `Findings (${about.findings})`, ...this.findingsPage() },
      connections: { title: "Connections", ...this.connectionsPage() },
      dns: about.dns > 0 && this.waterfallPage("dns", "DNS", "Name, type, code, address"),
      tls: about.tls > 0 && this.waterfallPage("tls", "TLS", "Name, address, version, alert"),
      http: about.http > 0 && this.waterfallPage("http", "HTTP", "Method, path, status, request id"),
      map: about.connections > 0 && { title: "Service map", ...this.mapPage() },
    };
    const shown = Object.entries(pages)
      .filter(([, page]) => page)
      .map(([key, page]) => ({ key, ...page }));
    this.pages = new Tabs("Views of the capture", shown);
    this.stack = make(
      "div",
      { class: "pf-stack" },
      shown.map(({ panel: each }) => each),
    );
    this.split = splitter(this.stack, this.pane.element, "Height of the upper pane", 36);
    this.split.hidden = true;
    this.pages.onchange = async (page) => {
      this.arrange();
      if (!page.fill || page.filled) return;
      page.filled = true;
      await Promise.resolve(page.fill()).catch((error) => {
        page.filled = false;
        this.fail(error);
      });
    };
    this.range = make("button", {
      type: "button",
      class: "pf-chip pf-range",
      hidden: true,
      onclick: () => this.overview.clear(),
    });
    this.facts = make("span", { class: "pf-soft pf-facts-line", title: about.name });
    const from = about.start && `from ${about.start} UTC`;
    this.facts.textContent = [about.headline, from].filter(Boolean).join(" \u00b7 ");
    this.frame.body.append(this.stack, this.split, this.pane.element);
  }

  arrange() {
    const hidden = this.pages.current?.wide || this.pane.connection == null;
    this.split.hidden = this.pane.element.hidden = hidden;
  }

  // The connection below whatever is shown; a tab without room for it gives way to the table.
  async open(connection, frame = null) {
    if (connection == null) return;
    if (this.pages.current.wide) this.pages.choose("connections");
    const shown = this.pane.show(connection, frame);
    this.arrange();
    await shown;
  }

  // Other packets: every tab is filled again when it is next seen.
  change(range) {
    this.state = range ?? { start: null, end: null };
    this.range.hidden = !range;
    if (range) {
      this.range.textContent = `${duration(range.start)} \u2013 ${duration(range.end)}  \u2715`;
      this.range.title = "Only this stretch of time is shown. Press to show all.";
      this.say(`${this.range.textContent.slice(0, -3)} of the capture is shown in all tabs`);
    } else this.say("The whole capture is shown");
    this.refill();
  }

  refill() {
    for (const page of this.pages.pages) page.filled = page.filled && page.key === "findings";
    this.pages.choose(this.pages.current);
  }

  // -- the tabs -----------------------------------------------------------------------------------

  overviewPage() {
    const { say, fail, signal } = this;
    this.overview = new Overview({
      load: (width) => this.kernel.ask("overview", { width }),
      brush: (range) => this.change(range),
      say,
      fail,
      signal,
    });
    return { panel: panel(this.overview.element, this.servicesTable()), wide: true, fill: () => this.services.reload() };
  }

  servicesTable() {
    const number = (key, title, width, more) => ({ key, title, kind: "count", sort: key, width, ...more });
    const grid = new TreeGrid({
      label: "Services",
      columns: [
        { key: "service", title: "Service", kind: "tree", width: "16%", sort: "trouble", render: serviceLabel },
        { key: "server", title: "Server", kind: "text" },
        number("connections", "Connections", "100px"),
        number("failed", "Not established", "120px"),
        number("resets", "Reset", "70px"),
        number("again", "Sent again", "90px"),
        number("asked", "Requests", "86px"),
        number("refused", "Failed", "70px"),
        { key: "bytes", title: "Bytes", kind: "amount", sort: "bytes", width: "96px" },
      ],
      sort: { key: "bytes", descending: true },
      load: (row, offset, limit) => {
        const { key: sort, descending } = grid.sort;
        return this.kernel.ask("services", { ...this.state, sort, descending, offset, limit });
      },
      select: (row) => this.seek(row.search),
      announce: this.say,
      fail: this.fail,
      empty: "Nobody asked a service.",
    });
    this.services = grid;
    return grid.element;
  }

  // The table of connections, searched for something that was pressed elsewhere.
  seek(text) {
    this.text = text;
    this.search.value = text;
    this.pages.pages.find(({ key }) => key === "connections").filled = false;
    this.pages.choose("connections");
    this.say(`Connections that hold ${text}`);
  }

  waterfallPage(protocol, title, placeholder) {
    const page = new WaterfallPage({ view: this, protocol, placeholder, grouped: protocol === "http" });
    return { title: `${title} (${count(this.about[protocol])})`, panel: page.panel, fill: page.fill };
  }

  mapPage() {
    const { say, fail, signal } = this;
    const map = new Drawn({
      label: "Who talks to whom",
      load: (width) => this.kernel.ask("map", { width, ...this.state }),
      pick: (search) => this.seek(search),
      at: ({ title }) => say(title),
      fail,
      signal,
    });
    const box = make("div", { class: "pf-drawn-scroll" }, map.element);
    return { panel: panel(box), wide: true, fill: () => map.reload() };
  }

  findingsPage() {
    const box = make("div", { class: "pf-found pf-found-all" });
    const fill = async () => {
      const { rows } = await this.kernel.ask("findings");
      const proof = ({ connection, frames }) => {
        if (connection == null) return [];
        const act = (frame) => () => this.open(connection, frame);
        if (!frames.length) return [{ label: "Show its connection", act: act(null) }];
        return frames.map((frame) => ({ label: `Show frame ${count(frame)}`, act: act(frame) }));
      };
      box.replaceChildren(...findingsList(rows, proof));
    };
    return { panel: panel(box), fill };
  }

  connectionsPage() {
    const amount = (key, title, width, more) => ({ key, title, kind: "amount", sort: key, width, ...more });
    const time = { write: duration, unit: () => "ns" };
    const grid = new TreeGrid({
      label: "Connections",
      columns: [
        { key: "service", title: "Service", kind: "tree", sort: "service", width: "10%", render: serviceLabel },
        { key: "client", title: "Client", kind: "text", sort: "client", width: "15%" },
        { key: "server", title: "Server", kind: "text", sort: "server" },
        { key: "state", title: "State", kind: "text", sort: "state", width: "64px" },
        amount("start", "Start", "80px", time),
        amount("duration", "Duration", "84px", time),
        amount("bytes", "Bytes", "78px"),
        { key: "packets", title: "Packets", kind: "count", sort: "packets", width: "70px" },
        amount("rtt", "RTT", "74px", time),
        { key: "retransmissions", title: "Again", kind: "count", sort: "retransmissions", width: "60px" },
        { key: "reset", title: "Reset", kind: "text", sort: "reset", width: "152px" },
      ],
      sort: { key: "start", descending: false },
      load: (row, offset, limit) => {
        const { key: sort, descending } = grid.sort;
        const { text, only, state } = this;
        return this.kernel.ask("connections", { ...state, sort, descending, text, only, offset, limit });
      },
      select: (row) => this.open(row.connection),
      announce: this.say,
      fail: this.fail,
      empty: "No connection is like that.",
    });
    this.table = grid;
    const again = async () => {
      if (await grid.reload()) this.say(`${count(grid.root.total)} connections`);
    };
    this.search = filterBox("Search connections", "Address, port, service, state  ( / )", (text) => {
      this.text = text.trim();
      again();
    });
    const filters = selection("Connections to show", FILTERS, (only) => {
      this.only = only;
      again();
    });
    return { panel: panel(tools(this.search, filters), grid.element), fill: () => grid.reload() };
  }
}

const serviceLabel = (row) =>
  make(
    "span",
    { class: "pf-node", title: row.service },
    (row.troubled || row.trouble > 0) && make("span", { class: "pf-mark-bad", role: "img", "aria-label": "trouble" }, "\u25b2 "),
    row.service,
  );

function render(context) {
  new CaptureExplorer(context).start();
}

export default { render };
