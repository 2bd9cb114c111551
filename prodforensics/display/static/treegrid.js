// A table of rows that open: the WAI-ARIA treegrid with focus on rows. It holds only the pages that
// were asked for; `load(row, offset, limit)` brings more, where `row` is null for the outermost.
//
// A column: {key, title, kind, sort, width, total, signed, render}. Kinds: "tree" (the first
// column, drawn by `render(row)`), "count", "bytes" (with a share of `total()`), "amount" (the same,
// written by `write(value, signed)`), "text".

const PAGE_ROWS = 100;

class TreeGrid {
  constructor({ label, columns, load, select, announce, fail, sort, actions, empty, marks }) {
    Object.assign(this, { label, columns, load, select, announce, fail, actions, marks });
    this.sort = sort ?? { key: "", descending: true };
    this.empty = empty ?? "Nothing to show.";
    this.generation = 0;
    this.chosen = null;
    this.body = make("tbody");
    this.heads = columns.map((column) => this.head(column));
    this.table = make(
      "table",
      { role: "treegrid", "aria-label": label, "aria-readonly": "true" },
      make(
        "colgroup",
        {},
        columns.map(({ width }) => make("col", width ? { style: `width:${width}` } : {})),
      ),
      make("thead", {}, make("tr", { role: "row" }, this.heads)),
      this.body,
    );
    this.element = make("div", { class: "pf-grid" }, this.table);
    this.body.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("click", (event) => this.click(event));
    this.body.addEventListener("dblclick", (event) => this.toggle(this.at(event)));
    this.body.addEventListener("focusin", () => this.mark());
  }

  head(column) {
    const cell = make("th", { role: "columnheader", scope: "col", class: `pf-${column.kind}` });
    if (!column.sort) {
      cell.append(column.title);
      return cell;
    }
    const press = async () => {
      // Numbers start with the largest, names with the first of the alphabet.
      const again = this.sort.key === column.sort;
      this.sort = { key: column.sort, descending: again ? !this.sort.descending : column.kind !== "tree" };
      if (!(await this.reload())) return;
      this.announce(`Sorted by ${column.title}, ${this.sort.descending ? "descending" : "ascending"}`);
    };
    cell.append(
      make("button", { type: "button", onclick: press, title: `Sort by ${column.title}` }, column.title),
    );
    return cell;
  }

  // Whether the first page came; a failure is told, and the rows that were there stay.
  async reload() {
    this.generation += 1;
    this.columns.forEach((column, place) => {
      if (!column.sort) return;
      const direction = this.sort.descending ? "descending" : "ascending";
      this.heads[place].setAttribute("aria-sort", column.sort === this.sort.key ? direction : "none");
    });
    const generation = this.generation;
    const root = { row: null, depth: 0, open: true, children: null, total: 0 };
    this.element.classList.add("pf-loading");
    try {
      const answer = await this.load(null, 0, PAGE_ROWS);
      if (generation !== this.generation) return false;
      this.root = root;
      this.body.replaceChildren();
      this.element.scrollTop = 0;
      this.take(root, answer);
      const first = this.body.rows[0];
      if (first) first.tabIndex = 0;
      else
        this.body.append(
          make(
            "tr",
            { role: "row", class: "pf-empty" },
            make("td", { role: "gridcell", colspan: this.columns.length }, this.empty),
          ),
        );
      return true;
    } catch (error) {
      if (generation === this.generation) this.fail(error);
      return false;
    } finally {
      if (generation === this.generation) this.element.classList.remove("pf-loading");
    }
  }

  async more(item) {
    const generation = this.generation;
    item.loading = true;
    item.line?.setAttribute("aria-busy", "true");
    try {
      const start = item.children?.length ?? 0;
      const answer = await this.load(item.row, start, PAGE_ROWS);
      if (generation !== this.generation) return;
      const hadFocus = item.tail && item.tail.contains(document.activeElement);
      this.take(item, answer);
      if (hadFocus) item.children[start]?.line.focus();
    } catch (error) {
      if (generation === this.generation) this.fail(error);
    } finally {
      item.loading = false;
      item.line?.removeAttribute("aria-busy");
    }
  }

  // Append an answer's rows to an item and show them when the item is open.
  take(item, { rows, total }) {
    item.total = total;
    item.children ??= [];
    const fresh = rows.map((row) => ({
      row,
      parent: item,
      depth: item.depth + 1,
      open: false,
      children: null,
      total: 0,
    }));
    item.children.push(...fresh);
    fresh.forEach((child, place) => {
      child.line = this.line(child, item.children.length - fresh.length + place + 1);
    });
    if (item.open && (!item.line || item.line.isConnected)) this.show(item, fresh);
  }

  show(item, children) {
    const last = item.tail?.isConnected ? item.tail : item.line;
    const after = last ? last.nextSibling : null;
    item.tail?.remove();
    for (const child of children) {
      this.body.insertBefore(child.line, after);
      if (child.open && child.children) this.show(child, child.children);
    }
    const rest = item.total - item.children.length;
    item.tail = rest > 0 ? this.tail(item, rest) : null;
    if (item.tail) this.body.insertBefore(item.tail, after);
  }

  line(item, place) {
    const { row, depth } = item;
    const line = make("tr", {
      role: "row",
      "aria-level": depth,
      "aria-posinset": place,
      "aria-setsize": item.parent.total,
      "aria-expanded": row.more ? "false" : null,
      "aria-selected": "false",
      tabindex: -1,
      class: (this.marks?.(row) ?? []).join(" ") || null,
    });
    line.item = item;
    for (const column of this.columns) line.append(this.cell(column, item));
    return line;
  }

  cell(column, { row, depth }) {
    const value = row[column.key];
    const cell = make("td", { role: "gridcell", class: `pf-${column.kind}` });
    if (column.kind === "tree") {
      const twist = make("span", { class: "pf-twist", "aria-hidden": "true" }, row.more ? "\u25b8" : "");
      const box = make("div", { style: `padding-left:${(depth - 1) * 16}px` }, twist, column.render(row));
      for (const action of this.actions?.(row) ?? []) {
        box.append(
          make(
            "button",
            {
              type: "button",
              class: "pf-action",
              tabindex: -1,
              title: action.title,
              onclick: (event) => {
                event.stopPropagation();
                action.run(row);
              },
            },
            action.label,
          ),
        );
      }
      cell.append(box);
    } else if (column.kind === "text") {
      cell.append(value ?? "");
      cell.title = value ?? "";
    } else if (value == null) {
      cell.append("");
    } else if (column.kind === "bytes" || column.kind === "amount") {
      const write = column.write ?? bytes;
      cell.title = `${count(value, column.signed)} ${column.unit?.() ?? "bytes"}`;
      const whole = column.total?.() ?? 0;
      if (whole) {
        const share = Math.min(100, Math.max(0, (100 * Math.abs(value)) / whole));
        cell.append(
          make(
            "span",
            { class: "pf-share", "aria-hidden": "true" },
            share >= 0.5 && make("i", { style: `width:${share.toFixed(1)}%` }),
          ),
          make("span", { class: "pf-value" }, write(value, column.signed)),
          make("small", {}, percent(value, whole)),
        );
      } else cell.append(write(value, column.signed));
      if (column.signed && value) cell.classList.add(value > 0 ? "pf-more" : "pf-less");
    } else {
      cell.append(value >= 1e8 && column.key === "distance" ? "\u2013" : count(value, column.signed));
      if (column.signed && value) cell.classList.add(value > 0 ? "pf-more" : "pf-less");
    }
    return cell;
  }

  tail(item, rest) {
    const words = `Show ${count(Math.min(rest, PAGE_ROWS))} more (${count(item.children.length)} of ${count(item.total)} shown)`;
    const line = make(
      "tr",
      { role: "row", class: "pf-tail", tabindex: -1, "aria-level": item.depth + 1 },
      make(
        "td",
        { role: "gridcell", colspan: this.columns.length },
        make("div", { style: `padding-left:${item.depth * 16 + 16}px` }, words),
      ),
    );
    line.tailOf = item;
    return line;
  }

  async toggle(item) {
    if (item?.row?.more) await (item.open ? this.close(item) : this.open(item));
  }

  async open(item) {
    if (!item.row.more || item.open) return;
    item.open = true;
    this.twist(item, true);
    if (item.children) this.show(item, item.children);
    else {
      await this.more(item);
      this.announce(`${count(item.total)} row${item.total === 1 ? "" : "s"} below`);
    }
  }

  close(item) {
    item.open = false;
    this.twist(item, false);
    let line = item.line.nextSibling;
    while (line && (line.item ?? { depth: line.tailOf?.depth + 1 }).depth > item.depth) {
      const next = line.nextSibling;
      line.remove();
      line = next;
    }
    item.tail = null;
  }

  twist(item, open) {
    item.line.setAttribute("aria-expanded", String(open));
    item.line.querySelector(".pf-twist").textContent = open ? "\u25be" : "\u25b8";
  }

  at(event) {
    const line = event.target.closest("tr");
    return line?.item ?? null;
  }

  mark() {
    const line = document.activeElement?.closest?.("tr");
    if (!line || !this.body.contains(line)) return;
    for (const other of this.body.querySelectorAll('tr[tabindex="0"]')) other.tabIndex = -1;
    line.tabIndex = 0;
  }

  choose(item) {
    this.chosen?.line.setAttribute("aria-selected", "false");
    this.chosen = item;
    item.line.setAttribute("aria-selected", "true");
    this.select?.(item.row, item);
  }

  click(event) {
    const line = event.target.closest("tr");
    if (!line || event.target.closest(".pf-action")) return;
    line.focus({ preventScroll: true });
    if (line.tailOf) return void this.more(line.tailOf);
    if (!line.item) return;
    if (event.target.closest(".pf-twist")) this.toggle(line.item);
    else this.choose(line.item);
  }

  key(event) {
    const line = event.target.closest("tr");
    if (!line || event.target !== line || event.ctrlKey || event.metaKey || event.altKey) return;
    const { item } = line;
    const lines = this.body.rows;
    const here = line.sectionRowIndex;
    const screen = Math.max(1, Math.floor(this.element.clientHeight / line.offsetHeight) - 2);
    const go = (place) => lines[Math.max(0, Math.min(lines.length - 1, place))]?.focus();
    const acts = {
      ArrowDown: () => go(here + 1),
      ArrowUp: () => go(here - 1),
      PageDown: () => go(here + screen),
      PageUp: () => go(here - screen),
      Home: () => go(0),
      End: () => go(lines.length - 1),
      ArrowRight: () => (item?.open ? go(here + 1) : item && this.open(item)),
      ArrowLeft: () => {
        if (item?.open) this.close(item);
        else (item?.parent ?? line.tailOf)?.line?.focus();
      },
      Enter: () => (line.tailOf ? this.more(line.tailOf) : item && this.choose(item)),
      " ": () => item && this.choose(item),
      Delete: () => item && this.actions?.(item.row)[0]?.run(item.row),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }
}
