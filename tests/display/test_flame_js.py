"""The flame graph in a real browser: what it computes, what it draws, how it is driven."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from prodforensics.display import theme
from tests.display.flame_stage import bars_of, flame_page, paths, random_tree
from tests.display.stage import chromium

pytestmark = pytest.mark.browser

SMALL = ("all", 0, [("main", 10, [("parse", 30, [("read", 20, [])]), ("write", 40, [])])])
ROW = 18


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def bench(browser):
    """A page that computes; nothing is drawn in it."""
    with flame_page(browser) as page:
        yield page


@pytest.fixture
def page(browser):
    with flame_page(browser) as page:
        bars, names = bars_of(SMALL)
        page.evaluate("([bars, names]) => void mount(bars, names)", [bars, names])
        yield page


def pixel(page, x, y):
    return page.evaluate(
        """([x, y]) => {
          view.paint();
          return [...view.art.pen.getImageData(x, y, 1, 1).data].slice(0, 3);
        }""",
        [x, y],
    )


def rgb(colour):
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def middle(row):
    # Above the letters of a label, below the line between rows.
    return row * ROW + 2


# -- what it computes -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_self_and_total_count_a_function_that_calls_itself_once(bench, seed):
    tree = random_tree(np.random.default_rng(seed))
    bars, names = bars_of(tree)
    own, total = Counter(), Counter()
    for stack, width in paths(tree):
        own[stack[-1]] += width
        for name in set(stack):
            total[name] += width
    got = bench.evaluate(
        """([bars, count]) => {
          const {own, total} = flame(bars).sums(count);
          return [[...own], [...total]];
        }""",
        [bars, len(names)],
    )
    assert got[0] == [own[name] for name in names]
    assert got[1] == [total[name] for name in names]


@pytest.mark.parametrize("seed", range(4))
def test_what_a_search_matches_is_counted_once_in_a_stack(bench, seed):
    tree = random_tree(np.random.default_rng(seed))
    bars, names = bars_of(tree)
    for text in ("f1", "/^f[123]$/", "F2", "none such"):
        pattern = text[1:-1] if text.startswith("/") else re.escape(text)
        matched = [name for name in names if re.search(pattern, name, re.IGNORECASE)]
        expected = sum(width for stack, width in paths(tree) if set(matched) & set(stack))
        got = bench.evaluate(
            """([bars, names, text]) =>
              flame(bars).covered(texts(names).matching(pf.searchTest(text))).value""",
            [bars, names, text],
        )
        assert got == expected, text


@pytest.mark.parametrize("seed", range(4))
def test_callers_and_callees_of_a_function_are_those_of_its_outermost_calls(bench, seed):
    tree = random_tree(np.random.default_rng(seed))
    bars, names = bars_of(tree)
    for wanted in names[1:4]:
        callers, callees = Counter(), Counter()
        for stack, width in paths(tree):
            if wanted not in stack:
                continue
            first = stack.index(wanted)
            for end in range(first, -1, -1):
                callers[stack[end : first + 1][::-1]] += width
            for end in range(first, len(stack)):
                callees[stack[first : end + 1]] += width
        got = bench.evaluate(
            """([bars, wanted]) => {
              const tree = flame(bars).asTree();
              return [tree.callers(wanted), tree.callees(wanted)].map((found) => {
                const bars = found.leftHeavy();
                return Array.from({length: bars.size}, (_, bar) =>
                  [bars.path(bar).map((each) => bars.func[each]), bars.width(bar)]);
              });
            }""",
            [bars, names.index(wanted)],
        )
        for found, expected in zip(got, (callers, callees), strict=True):
            stacks = {tuple(names[place] for place in path): width for path, width in found}
            assert stacks == {stack: width for stack, width in expected.items() if width}


@pytest.mark.parametrize("seed", range(3))
def test_left_heavy_bars_lie_within_their_callers_the_heaviest_first(bench, seed):
    tree = random_tree(np.random.default_rng(seed))
    bars, _ = bars_of(tree)
    x0, x1, rows, parent = bench.evaluate(
        """(bars) => {
          const {x0, x1, rows, above} = flame(bars).asTree().merged().leftHeavy();
          return [[...x0], [...x1], [...rows], [...above]];
        }""",
        bars,
    )
    for first, end in pairwise(rows[1:]):
        for bar in range(first, end):
            assert x0[parent[bar]] <= x0[bar] < x1[bar] <= x1[parent[bar]]
        for one, other in pairwise(range(first, end)):
            if parent[one] == parent[other]:
                assert x1[one] == x0[other]
                assert x1[one] - x0[one] >= x1[other] - x0[other]


def test_bytes_that_start_anywhere_in_a_message_become_numbers(bench):
    got = bench.evaluate(
        """() => [0, 1, 3, 4].map((start) => {
          const message = new Uint8Array(start + 8);
          message.set([1, 0, 0, 0, 2, 1, 0, 0], start);
          return [...pf.typed(Uint32Array, new DataView(message.buffer, start, 8))];
        })"""
    )
    assert got == [[1, 258]] * 4


def test_steps_of_change_are_relative_and_the_same_as_those_of_the_static_twin(bench):
    from prodforensics.display.flame_svg import change_steps

    base = np.array([0, 10, 10, 10, 100, 100, 100, 0, 7], float)
    other = np.array([0, 10, 0, 40, 96, 88, 120, 3, 12], float)
    pairs = np.stack([base, other], 1).tolist()
    got = bench.evaluate("(pairs) => pairs.map((pair) => pf.changeStep(...pair))", pairs)
    assert got == change_steps(base, other).tolist()
    assert got[1:4] == [4, 0, 8]


# -- what it draws --------------------------------------------------------------------------------


def test_each_bar_is_as_wide_as_its_share(page):
    ground = pixel(page, 5, middle(6))
    # main is whole; parse covers 50 of 100, write 40; read lies below parse.
    assert pixel(page, 900, middle(1)) != ground
    assert pixel(page, 490, middle(2)) != ground
    assert pixel(page, 890, middle(2)) != ground
    assert pixel(page, 950, middle(2)) == ground
    assert pixel(page, 190, middle(3)) != ground
    assert pixel(page, 210, middle(3)) == ground


@pytest.mark.parametrize("dark", [False, True])
def test_the_colours_are_those_of_the_theme(browser, dark):
    bars, names = bars_of(SMALL)
    tints = [0, 0, 2, 4, 6]
    expected = theme.DARK_FLAME if dark else theme.LIGHT_FLAME
    with flame_page(browser, dark=dark) as page:
        page.evaluate("(given) => void mount(...given)", [bars, names, tints])
        assert pixel(page, 900, middle(1)) == rgb(expected[0])
        assert pixel(page, 300, middle(2)) == rgb(expected[1])
        place = names.index("read")
        assert pixel(page, 150, middle(3)) == rgb(expected[tints[place] // 2])


def test_a_row_of_a_million_bars_is_drawn_a_pixel_at_a_time(page):
    drawn = page.evaluate(
        """() => {
          const size = 1000000;
          const x0 = new Uint32Array(size + 1), x1 = new Uint32Array(size + 1);
          const func = new Uint32Array(size + 1).fill(1);
          x1[0] = size; func[0] = 0; func[500001] = 2;
          for (let bar = 0; bar < size; bar++) { x0[bar + 1] = bar; x1[bar + 1] = bar + 1; }
          const rows = Uint32Array.from([0, 1, size + 1]);
          view.show(new pf.Flame({x0, x1, func, rows}), texts(["all", "a", "b"]),
            new Uint8Array(3));
          view.paint();
          return view.art.drawn;
        }"""
    )
    assert drawn["bars"] < 1200
    assert drawn["labels"] == 1


def test_a_match_within_a_pixel_of_many_bars_is_seen(page):
    page.evaluate(
        """() => {
          const size = 20000;
          const x0 = Uint32Array.from([0, ...Array(size).keys()]);
          const x1 = Uint32Array.from([size, ...Array.from({length: size}, (_, bar) => bar + 1)]);
          const func = new Uint32Array(size + 1).fill(1);
          func[0] = 0; func[10006] = 2;
          view.show(new pf.Flame({x0, x1, func, rows: Uint32Array.from([0, 1, size + 1])}),
            texts(["all", "a", "b"]), new Uint8Array(3));
          view.mark(Uint8Array.from([0, 0, 1]));
        }"""
    )
    assert pixel(page, 500, middle(1)) == rgb(theme.LIGHT_HIT)
    assert pixel(page, 600, middle(1)) != rgb(theme.LIGHT_HIT)


def test_bars_have_as_many_pixels_as_the_screen(browser):
    bars, names = bars_of(SMALL)
    with flame_page(browser, ratio=2) as page:
        page.evaluate("([bars, names]) => void mount(bars, names)", [bars, names])
        assert page.evaluate("view.canvas.width === 2 * view.canvas.clientWidth")
        page.locator("canvas").click(position={"x": 100, "y": 3 * ROW + 9})
        assert page.evaluate("view.art.names.at(view.art.flame.func[picked[0]])") == "read"


# -- how it is driven -----------------------------------------------------------------------------


def name_of(page):
    return page.evaluate("view.art.names.at(view.art.flame.func[view.art.chosen])")


def window(page):
    return page.evaluate("[view.art.from, view.art.to]")


def test_keys_walk_zoom_and_come_back(page):
    page.locator("canvas").focus()
    walked = []
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
        walked.append(name_of(page))
    assert walked == ["main", "parse", "write", "parse", "read", "parse"]
    page.keyboard.press("Enter")
    assert window(page) == [0, 50]
    page.keyboard.press("Backspace")
    assert window(page) == [0, 100]
    page.keyboard.press("+")
    assert window(page)[1] - window(page)[0] < 100
    page.keyboard.press("Escape")
    assert window(page) == [0, 100]


def test_what_the_keys_reach_is_said(page):
    page.locator("canvas").focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("said.at(-1)") == "main · level 2 of 4 · total 100 · self 10"


def test_a_click_picks_and_a_double_click_zooms(page):
    page.locator("canvas").click(position={"x": 700, "y": 2 * ROW + 9})
    assert name_of(page) == "write"
    assert page.evaluate("picked.length") == 1
    page.locator("canvas").dblclick(position={"x": 700, "y": 2 * ROW + 9})
    assert window(page) == [50, 90]


def test_the_wheel_zooms_with_control_alone(page):
    page.locator("canvas").hover(position={"x": 250, "y": 40})
    page.mouse.wheel(0, -200)
    assert window(page) == [0, 100]
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    page.wait_for_function("view.art.to < 99")
    low, high = window(page)
    assert low < 25 < high


def test_dragging_pans_and_picks_nothing(page):
    page.evaluate("view.window(20, 40)")
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 45)
    page.mouse.down()
    page.mouse.move(box["x"] + 550, box["y"] + 45, steps=3)
    page.mouse.up()
    assert window(page) == pytest.approx([10, 50])
    assert page.evaluate("picked.length") == 0


def test_hovering_shows_name_self_and_total_as_text(browser):
    hostile = "<img src=x onerror=alert(1)>"
    bars, names = bars_of(("all", 0, [(hostile, 5, [("b", 5, [])])]))
    with flame_page(browser) as page:
        page.evaluate("([bars, names]) => void mount(bars, names)", [bars, names])
        page.locator("canvas").hover(position={"x": 700, "y": ROW + 9})
        tip = page.locator(".pf-tip-box")
        assert tip.inner_text().split("\n") == [hostile, "total", "10", "self", "5"]
        assert page.locator("img").count() == 0


def test_the_next_match_is_a_key_away(page):
    page.evaluate("view.mark(Uint8Array.from(['all', 'main', 'parse', 'read', 'write'], (name) =>"
                  " name === 'read' || name === 'write'))")  # fmt: skip
    page.locator("canvas").focus()
    found = []
    for _ in range(3):
        page.keyboard.press("n")
        found.append(name_of(page))
    assert found == ["write", "read", "write"]


def test_the_canvas_says_what_it_is_and_shows_the_focus(page):
    canvas = page.get_by_role("application")
    assert "Enter zooms" in canvas.get_attribute("aria-label")
    assert canvas.get_attribute("tabindex") == "0"
