"""The flame graph's scripts in a page of their own, with what they make in `window.pf`."""

from __future__ import annotations

from contextlib import contextmanager

from prodforensics.display.widget import STYLE, flame_scripts, module_text

_NAMES = (
    "Flame, FlameTree, FlameView, FlameCanvas, FlamePalette, Texts, typed, searchTest, changeStep"
)
_PAGE = """<!doctype html><html><head><meta charset="utf-8"><style>%s
#root{display:flex;flex-direction:column;width:1000px;height:400px}</style></head>
<body class="pf"><div id="root" class="pf"></div></body></html>"""
_IMPORT = """async (source) => {
  const url = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  window.pf = await import(url);
}"""
_HELPERS = """() => {
  window.texts = (strings) => {
    const parts = strings.map((text) => new TextEncoder().encode(text));
    const first = new Uint32Array(parts.length + 1);
    parts.forEach((part, place) => (first[place + 1] = first[place] + part.length));
    const bytes = new Uint8Array(first.at(-1));
    parts.forEach((part, place) => bytes.set(part, first[place]));
    return new pf.Texts(first, bytes);
  };
  window.flame = ({x0, x1, func, rows}) => new pf.Flame({
    x0: Uint32Array.from(x0), x1: Uint32Array.from(x1),
    func: Uint32Array.from(func), rows: Uint32Array.from(rows),
  });
  window.mount = (bars, names, tints) => {
    window.said = [];
    window.picked = [];
    window.view = new pf.FlameView({
      label: "Flame graph",
      say: (words) => said.push(words),
      pick: (bar) => picked.push(bar),
      facts: (one, bar) => ({
        title: view.art.names.at(one.func[bar]),
        lines: [["total", String(one.value(bar))], ["self", String(one.own(bar))]],
      }),
    });
    document.getElementById("root").replaceChildren(view.element);
    view.show(flame(bars), texts(names), Uint8Array.from(tints ?? names.map(() => 0)));
    view.fit();
    view.paint();
    return view;
  };
}"""


@contextmanager
def flame_page(browser, *, dark=False, ratio=1):
    """Open a page that has the scripts; every script error fails the test."""
    context = browser.new_context(
        viewport={"width": 1100, "height": 500},
        color_scheme="dark" if dark else "light",
        device_scale_factor=ratio,
    )
    context.set_default_timeout(8000)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_content(_PAGE % STYLE)
    page.evaluate(_IMPORT, f"{module_text(flame_scripts())}\nexport {{ {_NAMES} }};")
    page.evaluate(_HELPERS)
    yield page
    context.close()
    assert not errors, errors


def bars_of(tree):
    """Lay a nested tree (name, own width, [children]) out; return bars and names."""
    names, rows = [], []

    def width(node):
        return node[1] + sum(map(width, node[2]))

    def place(node, depth, x):
        if depth == len(rows):
            rows.append([])
        if node[0] not in names:
            names.append(node[0])
        rows[depth].append((x, x + width(node), names.index(node[0])))
        for child in node[2]:
            place(child, depth + 1, x)
            x += width(child)

    place(tree, 0, 0)
    flat = [bar for row in rows for bar in row]
    bounds = [0]
    for row in rows:
        bounds.append(bounds[-1] + len(row))
    columns = zip(*flat, strict=True)
    return {**dict(zip(("x0", "x1", "func"), columns, strict=True)), "rows": bounds}, names


def random_tree(chance, functions=6, deepest=7):
    """Make a nested tree in which functions call themselves and each other."""

    def grow(depth):
        children = []
        if depth < deepest:
            children = [grow(depth + 1) for _ in range(chance.integers(0, 4 if depth < 4 else 3))]
        own = int(chance.integers(0, 9))
        if not own and not children:
            own = 1
        return (f"f{chance.integers(0, functions)}", own, children)

    return ("all", int(chance.integers(0, 5)), [grow(1) for _ in range(4)])


def paths(tree, above=()):
    """Give every stack of a nested tree with its own width."""
    here = (*above, tree[0])
    yield here, tree[1]
    for child in tree[2]:
        yield from paths(child, here)
