// The explorer of one heap snapshot: Summary, Containment, Dominators, Retainers, Statistics.

function render(context) {
  const frame = new Frame(context, "Heap snapshot explorer");
  const { kernel } = frame;
  let about = { total: 0 };
  const total = () => about.total;
  const say = (text) => frame.say(text);
  const fail = (error) => frame.fail(error);
  const pane = new ObjectPane(frame, total);
  const select = (row) => row.node !== undefined && pane.show(row.node);
  const page = (grid, offset, limit) => ({
    offset,
    limit,
    sort: grid.sort.key,
    descending: grid.sort.descending,
  });
  const common = { select, announce: say, fail, sort: { key: "retained", descending: true } };

  let filter = "";
  const summary = new TreeGrid({
    ...common,
    label: "Classes by retained size",
    columns: [
      { ...nodeColumns(total, "Constructor")[0], render: classLabel },
      { key: "count", title: "Count", kind: "count", sort: "count", width: "100px" },
      ...nodeColumns(total).slice(1),
    ],
    load: (row, offset, limit) => {
      if (!row) return kernel.ask("summary", { filter, ...page(summary, offset, limit) });
      if (row.class_index !== undefined)
        return kernel.ask("instances", { class_index: row.class_index, ...page(summary, offset, limit) });
      return kernel.ask("children", { node: row.node, offset, limit });
    },
    empty: "No class has a name like that.",
  });
  const search = filterBox("Filter classes", "Filter classes  ( / )", async (text) => {
    filter = text.trim();
    if (await summary.reload()) say(`${count(summary.root.total)} of the classes`);
  });

  const containment = new TreeGrid({
    ...common,
    label: "Containment from the root",
    columns: nodeColumns(total, "Object").map((column) => ({ ...column, sort: null })),
    load: (row, offset, limit) =>
      kernel.ask("children", { node: row ? row.node : about.root, offset, limit }),
  });

  const dominators = new TreeGrid({
    ...common,
    label: "Dominator tree",
    columns: nodeColumns(total, "Object").map((column) => ({ ...column, sort: null })),
    load: (row, offset, limit) =>
      kernel.ask("dominators", { node: row ? row.node : about.root, offset, limit }),
  });
  const crumbs = make("nav", { class: "pf-crumbs", "aria-label": "Zoom of the dominator picture" });
  // The kinds in the order of their colours.
  const kinds = ["objects", "closures", "strings", "arrays", "native", "code and system", "other"];
  const legend = make(
    "ul",
    { class: "pf-key" },
    kinds.map((kind, place) => make("li", {}, make("i", { style: `background:${series(place)}` }), kind)),
  );
  let zoomed = [];
  const zoom = async (trail) => {
    try {
      const answer = await kernel.ask("icicle", { node: trail.at(-1).node, max_bars: 600 });
      zoomed = trail;
      icicle.show(
        answer.rows.map((bar) => ({
          ...bar,
          key: bar.node,
          title: `${written(bar)} @${bar.id}: retains ${bytes(bar.retained)} (${percent(bar.retained, total())})`,
          name: `${written(bar)} ${bytes(bar.retained)}`,
        })),
      );
      crumbs.replaceChildren(
        legend,
        ...trail.map((step, place) =>
          make(
            "button",
            {
              type: "button",
              class: "pf-chip",
              disabled: place === trail.length - 1,
              onclick: () => zoom(trail.slice(0, place + 1)),
            },
            place ? shorten(written(step), 30) : "whole heap",
          ),
        ),
      );
    } catch (error) {
      fail(error);
    }
  };
  const icicle = new Icicle({
    label: "Dominator tree: a bar is as wide as what the object retains. Enter zooms, Backspace goes out.",
    pick: (bar) => pane.show(bar.node),
    zoom: (bar) => bar.node !== zoomed.at(-1).node && zoom([...zoomed, bar]),
    out: () => zoomed.length > 1 && zoom(zoomed.slice(0, -1)),
  });

  const statistics = make("div", { class: "pf-scroll-box" });
  const panel = (...children) => make("div", { class: "pf-panel" }, children);
  const whole = panel();
  const tabs = new Tabs("Views of the snapshot", [
    {
      key: "summary",
      title: "Summary",
      panel: panel(make("div", { class: "pf-tools" }, search), summary.element),
      first: () => summary.reload(),
    },
    {
      key: "containment",
      title: "Containment",
      panel: panel(containment.element),
      first: () => containment.reload(),
    },
    {
      key: "dominators",
      title: "Dominators",
      panel: panel(crumbs, icicle.element, dominators.element),
      first: () => Promise.all([zoom([{ node: about.root, name: "", kind: "" }]), dominators.reload()]),
    },
    { key: "retainers", title: "Retainers", panel: whole },
    {
      key: "statistics",
      title: "Statistics",
      panel: panel(statistics),
      first: async () => {
        const { rows } = await kernel.ask("statistics");
        statistics.replaceChildren(donut(rows, total(), "Memory by category"));
      },
    },
  ]);
  const stack = make(
    "div",
    { class: "pf-stack" },
    tabs.pages.map(({ panel: each }) => each),
  );
  const bar = splitter(stack, pane.element, "Height of the upper pane");
  // The object's pane stands below a view, and fills the tab of its own.
  tabs.onchange = async (tab) => {
    const alone = tab.key === "retainers";
    stack.hidden = alone;
    bar.hidden = alone || tab.key === "statistics";
    pane.element.hidden = tab.key === "statistics";
    if (alone) pane.fill();
    if (!tab.first || tab.filled) return;
    tab.filled = true;
    await Promise.resolve(tab.first()).catch((error) => {
      tab.filled = false;
      fail(error);
    });
  };

  const find = make("input", {
    type: "search",
    class: "pf-find",
    "aria-label": "Go to an object by its id",
    placeholder: "Go to @id",
    size: 12,
  });
  find.addEventListener("keydown", async (event) => {
    if (event.key !== "Enter") return;
    event.stopPropagation();
    try {
      const { node } = await kernel.ask("find", { text: find.value });
      tabs.choose("retainers");
      await pane.show(node);
    } catch (error) {
      fail(error);
    }
  });
  const facts = make("span", { class: "pf-soft pf-facts-line" });
  frame.bar.append(tabs.list, facts, find);
  frame.body.append(stack, bar, pane.element);
  heapKeys(frame, pane, () => {
    if (tabs.current.key !== "summary") tabs.choose("summary");
    return search;
  });
  kernel
    .ask("about")
    .then((answer) => {
      about = answer;
      facts.textContent = `${count(about.nodes)} objects \u00b7 ${bytes(about.total)}`;
      facts.title = about.name;
      say(KEYS);
      return tabs.choose("summary");
    })
    .catch(fail);
}

export default { render };
