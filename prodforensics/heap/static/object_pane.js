// What is known of one heap object: what it is, who keeps it alive, and the path from the root.

const KIND_CLASS = {
  string: "pf-k-text",
  "concatenated string": "pf-k-text",
  "sliced string": "pf-k-text",
  number: "pf-k-number",
  "heap number": "pf-k-number",
  bigint: "pf-k-number",
  symbol: "pf-k-number",
  closure: "pf-k-call",
  hidden: "pf-k-soft",
  synthetic: "pf-k-soft",
  code: "pf-k-soft",
  array: "pf-k-soft",
};

function written({ name, kind }) {
  if (kind?.endsWith("string")) return `"${name}"`;
  if (kind === "closure") return `${name || "(anonymous)"}()`;
  if (kind === "regexp") return `/${name}/`;
  return name || `(${kind})`;
}

// An object as DevTools writes it: edge :: name @id, with its marks in words.
function nodeLabel(row, { joint = "::" } = {}) {
  const { edge } = row;
  return make(
    "span",
    { class: "pf-node", title: `${written(row)} @${row.id}` },
    edge && [
      make(
        "span",
        { class: `pf-edge-${edge.weak ? "weak" : edge.kind}`, title: `${edge.kind} edge` },
        edge.text,
      ),
      make("span", { class: "pf-soft" }, ` ${joint} `),
    ],
    make("span", { class: KIND_CLASS[row.kind] ?? "pf-k-object" }, written(row)),
    make("span", { class: "pf-id" }, ` @${row.id}`),
    edge?.weak && make("em", { class: "pf-tag" }, "weak"),
    row.detached && make("em", { class: "pf-tag pf-bad" }, "detached"),
    row.shortest && make("em", { class: "pf-tag pf-good" }, "shortest path"),
    row.ignored && make("em", { class: "pf-tag" }, "ignored"),
    row.gone && make("em", { class: "pf-tag" }, "deleted"),
  );
}

const nodeColumns = (total, first) => [
  { key: "name", title: first, kind: "tree", sort: "name", render: (row) => nodeLabel(row) },
  { key: "distance", title: "Distance", kind: "count", sort: "distance", width: "78px" },
  { key: "self", title: "Shallow size", kind: "bytes", sort: "self", width: "168px", total },
  { key: "retained", title: "Retained size", kind: "bytes", sort: "retained", width: "168px", total },
];

class ObjectPane {
  constructor(frame, total) {
    Object.assign(this, { frame, total, past: [], ignored: new Map(), object: null });
    this.title = make(
      "div",
      { class: "pf-object", tabindex: -1 },
      make("span", { class: "pf-soft" }, "Choose an object to see who keeps it alive."),
    );
    this.chips = make("div", { class: "pf-chips", hidden: true });
    this.path = make("div", { class: "pf-scroll-box" });
    this.grid = new TreeGrid({
      label: "Retainers",
      columns: nodeColumns(total, "Retainer").map((column, place) =>
        place ? column : { ...column, sort: null, render: (row) => nodeLabel(row, { joint: "in" }) },
      ),
      load: (row, offset, limit) => this.retainers(row, offset, limit),
      select: (row) =>
        frame.say(`${written(row)} @${row.id}: Enter again or double click to make it the object`),
      announce: (text) => frame.say(text),
      fail: (error) => frame.fail(error),
      sort: { key: "distance", descending: false },
      empty: "Nothing holds this object: it is a root, or only weak edges lead to it.",
      marks: (row) => [row.shortest && "pf-shortest", row.ignored && "pf-ignored"].filter(Boolean),
      actions: (row) => [
        row.ignored
          ? { label: "restore", title: "Count this retainer again", run: () => this.restore(row.edge.index) }
          : {
              label: "ignore",
              title: "Ignore this retainer and recompute the distances (Delete)",
              run: () => this.ignore(row, row),
            },
        { label: "inspect", title: "Make this the object", run: () => this.show(row) },
      ],
    });
    this.tabs = new Tabs("Object", [
      { key: "path", title: "Retaining path", panel: make("div", { class: "pf-panel" }, this.path) },
      { key: "retainers", title: "Retainers", panel: make("div", { class: "pf-panel" }, this.grid.element) },
    ]);
    this.tabs.choose("retainers");
    this.tabs.onchange = () => this.fill();
    this.backward = make(
      "button",
      {
        type: "button",
        class: "pf-tool",
        title: "Back to the object before (Alt+Left)",
        disabled: true,
        onclick: () => this.back(),
      },
      "\u2190 Back",
    );
    this.element = make(
      "div",
      { class: "pf-pane" },
      make("div", { class: "pf-pane-bar" }, this.backward, this.title, this.tabs.list),
      this.chips,
      this.tabs.pages.map((page) => page.panel),
    );
  }

  // The object of a row; one that is gone lies in an earlier snapshot, with edges of its own.
  async show({ node, gone }, { remember = true } = {}) {
    try {
      const { object } = await this.frame.kernel.ask("object", { node, gone });
      const before = this.object;
      if (remember && before && (before.node !== node || before.gone !== object.gone)) this.past.push(before);
      if (before?.gone !== object.gone) this.forget();
      // The button that was pressed goes away with its row: keep the focus in the pane.
      const drawn = this.tabs.pages.map(({ panel: each }) => each);
      if (drawn.some((each) => each.contains(document.activeElement))) this.title.focus();
      this.object = object;
      this.backward.disabled = !this.past.length;
      this.title.replaceChildren(
        nodeLabel(object),
        make(
          "span",
          { class: "pf-soft" },
          ` ${object.kind} \u00b7 distance ${object.distance >= 1e8 ? "\u2013" : object.distance} \u00b7 shallow ${bytes(object.self)} \u00b7 retains ${bytes(object.retained)} (${percent(object.retained, this.total())})`,
        ),
        object.place ? make("code", { class: "pf-place" }, object.place) : "",
      );
      this.stale = { path: true, retainers: true };
      await this.fill();
      this.frame.say(`${written(object)} @${object.id}, retains ${bytes(object.retained)}`);
    } catch (error) {
      this.frame.fail(error);
    }
  }

  back() {
    if (this.past.length) this.show(this.past.pop(), { remember: false });
  }

  async fill() {
    const { key } = this.tabs.current;
    if (!this.object || !this.stale?.[key]) return;
    this.stale[key] = false;
    if (key === "retainers") {
      await this.grid.reload();
      // As far as one retainer alone holds the next, there is nothing to choose: open the chain.
      let item = this.grid.root?.children?.[0];
      for (let level = 0; item && level < 6 && (level === 0 || item.parent.total === 1); level++) {
        await this.grid.open(item);
        item = item.children?.[0];
      }
    } else await this.drawPath();
  }

  retainers(row, offset, limit) {
    const { node, gone } = row ?? this.object;
    return this.frame.kernel.ask("retainers", {
      node,
      gone,
      offset,
      limit,
      ignored: [...this.ignored.keys()],
      sort: this.grid.sort.key,
      descending: this.grid.sort.descending,
    });
  }

  async drawPath() {
    const { object } = this;
    const answer = await this.frame.kernel.ask("path", {
      node: object.node,
      gone: object.gone,
      ignored: [...this.ignored.keys()],
    });
    if (object !== this.object) return;
    // The object stands at the end of its path: show that end first.
    requestAnimationFrame(() => {
      this.path.scrollTop = this.path.scrollHeight;
    });
    this.path.replaceChildren(
      answer.rows.length
        ? pathGraph({
            steps: answer.rows,
            whole: this.total(),
            describe: written,
            pick: (row) => this.show(row),
            ignore: (step) => this.ignore(step, answer.rows[answer.rows.indexOf(step) - 1]),
          })
        : make(
            "p",
            { class: "pf-note" },
            this.ignored.size
              ? "Without the ignored retainers no path from the root is left: these edges are what keeps the object alive."
              : "No strong path from the root leads here.",
          ),
    );
  }

  async ignore(row, owner) {
    this.ignored.set(row.edge.index, `${row.edge.text} in ${written(owner)} @${owner.id}`);
    await this.recompute(`Ignored ${row.edge.text}`);
  }

  async restore(index) {
    this.ignored.delete(index);
    await this.recompute("Restored the retainer");
  }

  forget() {
    this.ignored.clear();
    this.chips.hidden = true;
  }

  async recompute(words) {
    this.chips.hidden = !this.ignored.size;
    this.chips.replaceChildren(
      make("span", { class: "pf-soft" }, "Ignored retainers: "),
      ...[...this.ignored].map(([index, text]) =>
        make(
          "button",
          {
            type: "button",
            class: "pf-chip",
            title: "Count this retainer again",
            onclick: () => this.restore(index),
          },
          shorten(text, 60),
          " \u2715",
        ),
      ),
      make(
        "button",
        {
          type: "button",
          class: "pf-chip",
          onclick: () => {
            this.forget();
            this.recompute("Restored all retainers");
          },
        },
        "Restore all",
      ),
    );
    this.stale = { path: true, retainers: true };
    try {
      await this.fill();
      this.frame.say(`${words}; distances recomputed`);
    } catch (error) {
      this.frame.fail(error);
    }
  }
}
