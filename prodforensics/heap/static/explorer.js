// The explorer of one heap snapshot: Summary, Containment, Dominators, Retainers, Statistics.

function render(context) {
  const view = new HeapView(context, "Heap snapshot explorer");
  const { frame, kernel, pane, total, fail } = view;
  const common = { ...view.common, sort: { key: "retained", descending: true } };

  let text = "";
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
      if (!row) return view.ask("summary", summary, { text, filter, offset, limit });
      if (row.class_index === undefined) return view.children(row, offset, limit);
      return view.ask("instances", summary, { class_index: row.class_index, filter, offset, limit });
    },
    empty: "No class has a name like that.",
  });
  const search = view.classFilter(
    () => summary,
    (typed) => (text = typed),
  );
  const filters = make("select", { class: "pf-filters", "aria-label": "Objects to show", hidden: true });
  filters.addEventListener("change", async () => {
    filter = filters.value;
    if (await summary.reload()) view.say(`${filters.selectedOptions[0].text}: ${count(summary.root.total)} classes`);
  });
  const offerFilters = async () => {
    const { rows } = await kernel.ask("filters");
    filters.replaceChildren(
      make("option", { value: "" }, "All objects"),
      ...rows.map(({ name, title }) => make("option", { value: name }, title)),
    );
    filters.hidden = !rows.length;
  };

  const containment = new TreeGrid({
    ...common,
    label: "Containment from the root",
    columns: nodeColumns(total, "Object").map((column) => ({ ...column, sort: null })),
    load: (row, offset, limit) => view.children(row ?? { node: view.about.root }, offset, limit),
  });

  const dominators = new TreeGrid({
    ...common,
    label: "Dominator tree",
    columns: nodeColumns(total, "Object").map((column) => ({ ...column, sort: null })),
    load: (row, offset, limit) =>
      kernel.ask("dominators", { node: row ? row.node : view.about.root, offset, limit }),
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
    pick: (bar) => pane.show(bar),
    zoom: (bar) => bar.node !== zoomed.at(-1).node && zoom([...zoomed, bar]),
    out: () => zoomed.length > 1 && zoom(zoomed.slice(0, -1)),
  });

  const statistics = make("div", { class: "pf-scroll-box" });
  const pages = [
    {
      key: "summary",
      title: "Summary",
      panel: panel(tools(search, filters), summary.element),
      first: () => Promise.all([summary.reload(), offerFilters()]),
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
      first: () => Promise.all([zoom([{ node: view.about.root, name: "", kind: "" }]), dominators.reload()]),
    },
    { key: "retainers", title: "Retainers", panel: panel() },
    {
      key: "statistics",
      title: "Statistics",
      panel: panel(statistics),
      first: async () => {
        const { rows } = await kernel.ask("statistics");
        statistics.replaceChildren(donut(rows, total(), "Memory by category"));
      },
    },
  ];
  // The object's pane stands below a view, and fills the tab of its own.
  view.views("Views of the snapshot", pages, ({ key }) => {
    view.stack.hidden = key === "retainers";
    view.bar.hidden = key === "retainers" || key === "statistics";
    pane.element.hidden = key === "statistics";
    if (key === "retainers") pane.fill();
  });

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
      const found = await kernel.ask("find", { text: find.value });
      view.tabs.choose("retainers");
      await pane.show(found);
    } catch (error) {
      fail(error);
    }
  });
  frame.bar.append(view.tabs.list, find);
  frame.body.append(view.stack, view.bar, pane.element);
  view.start(search, ({ nodes, total: size }) => `${count(nodes)} objects \u00b7 ${bytes(size)}`);
}

export default { render };
