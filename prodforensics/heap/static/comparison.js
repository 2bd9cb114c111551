// The explorer of two or more snapshots: what grew, who holds the growth, and the trend.

function render(context) {
  const view = new HeapView(context, "Heap comparison explorer");
  const { frame, kernel, pane, common } = view;
  frame.element.classList.add("pf-tall");
  pane.tabs.choose("path");

  let text = "";
  const change = (key, title, kind, width) => ({ key, title, kind, sort: key, width, signed: true });
  const grown = new TreeGrid({
    ...common,
    label: "Classes by growth",
    sort: { key: "retained_delta", descending: true },
    columns: [
      { key: "name", title: "Constructor", kind: "tree", sort: "name", render: classLabel },
      { key: "count_before", title: "Before", kind: "count", sort: "count_before", width: "76px" },
      { key: "count_after", title: "After", kind: "count", sort: "count_after", width: "76px" },
      { key: "added", title: "New", kind: "count", sort: "added", width: "72px" },
      { key: "removed", title: "Deleted", kind: "count", sort: "removed", width: "72px" },
      change("delta", "# Delta", "count", "76px"),
      { key: "added_size", title: "Alloc. size", kind: "bytes", sort: "added_size", width: "86px" },
      { key: "removed_size", title: "Freed size", kind: "bytes", sort: "removed_size", width: "86px" },
      change("size_delta", "Size delta", "bytes", "92px"),
      change("retained_delta", "Retained delta", "bytes", "112px"),
    ],
    load: (row, offset, limit) => {
      if (!row) return view.ask("grown", grown, { text, offset, limit });
      if (row.class_index === undefined) return view.children(row, offset, limit);
      return kernel.ask("changed", { class_index: row.class_index, gone: row.gone, offset, limit });
    },
    empty: "No class with such a name changed.",
  });
  const search = view.classFilter(
    () => grown,
    (typed) => (text = typed),
  );

  const points = new TreeGrid({
    ...common,
    label: "Old objects that hold the new ones",
    sort: { key: "retained_growth", descending: true },
    columns: [
      {
        key: "name",
        title: "Holder",
        kind: "tree",
        width: "32%",
        render: (row) =>
          nodeLabel(
            row.point === undefined
              ? row
              : { ...row, edge: row.variable && { text: row.variable, kind: "property" } },
          ),
      },
      { key: "pattern", title: "Pattern", kind: "text", width: "140px" },
      { key: "gain", title: "Holds", kind: "text", width: "190px" },
      { key: "new_objects", title: "New objects", kind: "count", sort: "new_objects", width: "94px" },
      {
        key: "retained_growth",
        title: "Retained growth",
        kind: "bytes",
        sort: "retained_growth",
        width: "122px",
        signed: true,
      },
      { key: "path", title: "Path from the root", kind: "text" },
    ],
    load: (row, offset, limit) => {
      if (!row) return view.ask("growth_points", points, { offset, limit });
      if (row.point === undefined) return view.children(row, offset, limit);
      return kernel.ask("items", { point: row.point, offset, limit });
    },
    empty: "No object of the first snapshot holds new ones.",
  });

  const trend = make("div", { class: "pf-scroll-box" });
  const showTrend = async () => {
    const { snapshots, groups } = await kernel.ask("trend");
    trend.replaceChildren(
      ...groups.flatMap(({ title, unit, lines }) => {
        const write = unit === "bytes" ? (value) => bytes(value) : (value) => count(Math.round(value));
        return [
          make("h4", {}, title),
          lines.length
            ? lineChart({ label: title, marks: snapshots, lines, write })
            : make("p", { class: "pf-note" }, "Nothing grows in every snapshot."),
          make(
            "details",
            {},
            make("summary", {}, "The same as a table"),
            make(
              "table",
              { class: "pf-legend" },
              make(
                "thead",
                {},
                make(
                  "tr",
                  {},
                  ["Name", ...snapshots].map((text) => make("th", { scope: "col" }, text)),
                ),
              ),
              make(
                "tbody",
                {},
                lines.map(({ name, values }) =>
                  make(
                    "tr",
                    {},
                    make("th", { scope: "row" }, name),
                    values.map((value) => make("td", {}, value == null ? "\u2013" : write(value))),
                  ),
                ),
              ),
            ),
          ),
        ];
      }),
    );
  };

  const pages = [
    {
      key: "grown",
      title: "What grew",
      panel: panel(tools(search), grown.element),
      first: () => Promise.all([grown.reload(), showFindings()]),
    },
    { key: "points", title: "Growth points", panel: panel(points.element), first: () => points.reload() },
    { key: "trend", title: "Trend", panel: panel(trend), first: showTrend },
  ];
  view.views("Views of the comparison", pages, ({ key }) => {
    view.bar.hidden = pane.element.hidden = key === "trend";
  });

  const findings = make("div", { class: "pf-found" });
  const showFindings = async () => {
    const { rows } = await kernel.ask("findings");
    const proof = (finding) =>
      finding.node != null && {
        label: "Show its retaining path",
        act: () => {
          if (view.tabs.current.key === "trend") view.tabs.choose("points");
          pane.show(finding);
        },
      };
    findings.replaceChildren(...findingsList(rows, proof));
  };

  frame.bar.append(view.tabs.list);
  frame.body.append(findings, make("div", { class: "pf-view" }, view.stack, view.bar, pane.element));
  view.start(search, ({ change }) => change);
}

export default { render };
