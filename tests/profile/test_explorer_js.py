"""The explorer of a profile in a real browser, asking real pages."""

from __future__ import annotations

import time

import pytest

from prodforensics.profile import views
from prodforensics.profile.data import ValueType
from tests.display.stage import chromium, staged
from tests.profile.big import big_profile
from tests.profile.tiny import profile

pytestmark = pytest.mark.browser

TYPES = (ValueType("samples", "count"), ValueType("cpu", "ns"))


def service():
    return profile(
        ("main;serve;parse;decode", (30, 300_000_000)),
        ("main;serve;parse", (10, 100_000_000)),
        ("main;serve;store;encode", (20, 100_000_000)),
        ("main;serve;store", (25, 400_000_000)),
        ("main;idle", (15, 100_000_000)),
        value_types=TYPES,
        time=[0, 1_200_000_000, 2_400_000_000, 3_600_000_000, 24_000_000_000],
        threads=["web", "web", "db", "db", "web"],
    )


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def explorer():
    return views.explorer(service())


@pytest.fixture
def page(browser, explorer):
    with staged(browser, explorer) as page:
        wait_for_whole(page, 100)
        yield page


def tab(page, name):
    page.get_by_role("tablist", name="Views of the profile").get_by_role("tab", name=name).click()


def bars(page, label="Flame graph."):
    """Give name and width of every bar of a flame graph."""
    return page.evaluate(
        """(label) => {
          const {art} = document.querySelector(`canvas[aria-label^="${label}"]`).flame;
          return Array.from({length: art.flame.size}, (_, bar) =>
            [art.names.at(art.flame.func[bar]), art.flame.value(bar)]);
        }""",
        label,
    )


def click_bar(page, name, *, double=False, label="Flame graph."):
    x, y = page.evaluate(
        """([label, name]) => {
          const {art, canvas} = document.querySelector(`canvas[aria-label^="${label}"]`).flame;
          const bar = Array.from(art.flame.func).findIndex((f) => art.names.at(f) === name);
          const middle = (art.flame.x0[bar] + art.flame.x1[bar]) / 2;
          const scale = canvas.clientWidth / (art.to - art.from);
          return [(middle - art.from) * scale, art.y(art.flame.row(bar)) + 9];
        }""",
        [label, name],
    )
    canvas = page.locator(f'canvas[aria-label^="{label}"]')
    (canvas.dblclick if double else canvas.click)(position={"x": x, "y": y})


def table(page, label):
    """Give the cells of every row of a table, as texts."""
    rows = page.locator(f"[role=treegrid][aria-label^='{label}'] tbody tr")
    rows.first.wait_for()
    return rows.evaluate_all(
        """(rows) => rows.map((row) => [...row.cells].map((cell) => cell.querySelector(".pf-node")
          ? cell.querySelector(".pf-node").textContent
          : [...cell.childNodes].map(({textContent}) => textContent).filter(Boolean).join(" ")))"""
    )


def wait_for_whole(page, value, label="Flame graph."):
    page.wait_for_function(
        """([label, value]) => document.querySelector(`canvas[aria-label^="${label}"]`)
          ?.flame.art.flame?.value(0) === value""",
        arg=[label, value],
    )


def wait_for_second_bar(page, name):
    page.wait_for_function(
        """(name) => {
          const {art} = document.querySelector("canvas").flame;
          return art.names.at(art.flame.func[1]) === name;
        }""",
        arg=name,
    )


def status(page, text):
    page.wait_for_function(
        "text => document.querySelector('.pf-status').textContent.includes(text)", arg=text
    )


def test_it_opens_with_the_heaviest_stacks_on_the_left(page):
    assert bars(page)[:6] == [
        ["all", 100], ["main", 100], ["serve", 85], ["idle", 15], ["store", 45], ["parse", 40],
    ]  # fmt: skip


def test_no_bar_travels_as_text_or_as_widget_state(explorer):
    answer = explorer.answer({"id": 1, "ask": "bars"})
    assert all(isinstance(buffer, memoryview) for buffer in answer["buffers"])
    state = explorer.get_state()
    assert not any(isinstance(value, bytes | memoryview) for value in state.values())


def test_a_click_lists_callers_and_callees_with_their_values(page):
    click_bar(page, "store")
    assert table(page, "Called by: store") == [["serve", "45 45%"]]
    assert table(page, "Calls: store") == [["encode", "20 20%"]]
    head = page.locator(".pf-object").inner_text()
    assert "total 45 (45%), self 25 (25%)" in head


def test_callers_open_to_their_callers(page):
    click_bar(page, "decode")
    page.locator("[aria-label^='Called by'] .pf-twist").first.click()
    page.locator("[aria-label^='Called by'] tr[aria-level='2']").wait_for()
    assert [row[0] for row in table(page, "Called by: decode")] == ["parse", "serve"]


def test_a_row_of_the_pane_leads_to_its_function_and_alt_left_back(page):
    click_bar(page, "store")
    page.locator("[aria-label^='Called by: store'] tbody tr").first.click()
    page.wait_for_selector(".pf-object:has-text('serve')")
    page.keyboard.press("Alt+ArrowLeft")
    page.wait_for_selector(".pf-object:has-text('store')")


def test_a_double_click_zooms_and_the_trail_leads_back(page):
    click_bar(page, "parse", double=True)
    trail = page.get_by_role("navigation", name="Zoom").get_by_role("button")
    assert trail.all_inner_texts() == ["all", "main", "serve", "parse"]
    trail.nth(1).click()
    assert trail.all_inner_texts() == ["all", "main"]
    assert page.evaluate("document.querySelector('canvas').flame.art.to") == 100


def test_orders_are_asked_for_and_shown(page):
    page.get_by_role("button", name="Inverted").click()
    wait_for_second_bar(page, "decode")
    assert ["store", 25] in bars(page)
    page.get_by_role("button", name="Time order").click()
    wait_for_second_bar(page, "main")
    assert page.get_by_role("button", name="Time order").get_attribute("aria-pressed") == "true"


def test_a_search_tells_the_share_matched_once(page):
    page.keyboard.press("/")
    page.locator("canvas").first.focus()
    page.keyboard.press("/")
    page.keyboard.type("code")
    page.wait_for_selector(".pf-matched:has-text('50% matched')")
    status(page, "2 functions named so: 50 (50%)")
    page.get_by_role("searchbox").fill("/(/")
    page.wait_for_selector(".pf-status.pf-error:has-text('no regular expression')")
    page.get_by_role("searchbox").fill("serve")
    page.wait_for_selector(".pf-matched:has-text('85% matched')")
    page.keyboard.press("Escape")
    page.wait_for_selector(".pf-matched:text-is('')", state="attached")


def test_another_value_type_and_another_thread_change_the_bars(page):
    page.get_by_role("combobox", name="What is counted").select_option(label="cpu (ns)")
    wait_for_whole(page, 1e9)
    assert ["store", 500_000_000] in bars(page)
    click_bar(page, "store")
    assert table(page, "Calls: store") == [["encode", "100\u00a0ms 10%"]]
    page.get_by_role("combobox", name="Threads").select_option(index=1)
    wait_for_whole(page, 5e8)


def test_the_sandwich_shows_all_callers_above_and_all_callees_below(page):
    tab(page, "Sandwich")
    assert [row[0] for row in table(page, "Functions by self")][:3] == ["decode", "store", "encode"]
    page.locator("[aria-label^='Functions by self'] tbody tr", has_text="store").click()
    assert bars(page, "Callers.") == [["store", 45], ["serve", 45], ["main", 45], ["all", 45]]
    assert bars(page, "Callees.") == [["store", 45], ["encode", 20]]
    page.get_by_role("columnheader", name="Total").get_by_role("button").click()
    assert [row[0] for row in table(page, "Functions by self")][:2] == ["main", "serve"]


def test_functions_come_from_the_kernel_and_open_to_their_lines(browser):
    one = big_profile(4000, functions=300)
    with staged(browser, views.explorer(one)) as page:
        tab(page, "Functions")
        rows = table(page, "Functions")
        frame = one.frames["functions"]
        assert [row[0] for row in rows[:20]] == frame["function"].tolist()[:20]
        assert max(page.evaluate("asked.map(({limit}) => limit ?? 0)")) <= 100
        page.locator("[aria-label=Functions] .pf-twist").first.click()
        page.locator("[aria-label=Functions] tr[aria-level='2']").first.wait_for()
        assert table(page, "Functions")[1][0].startswith("line ")


def test_a_tab_chosen_at_once_stays_chosen_when_the_kernel_is_slow(browser, monkeypatch):
    widget = views.explorer(service())
    answer = widget.answer

    def slow(message):
        time.sleep(0.6 if message.get("ask") == "bars" else 0)
        return answer(message)

    monkeypatch.setattr(widget, "answer", slow)
    with staged(browser, widget) as page:
        tab(page, "Functions")
        assert table(page, "Functions")[0][0] == "decode"


def test_a_brushed_stretch_of_time_is_what_all_views_show(page):
    tab(page, "Heat map")
    canvas = page.locator(".pf-heat canvas")
    canvas.wait_for()
    page.wait_for_function("() => document.querySelector('.pf-heat canvas')?.heat.cells")
    wide = page.evaluate("document.querySelector('.pf-heat canvas').heat.cellWidth")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 2.5 * wide, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 3.5 * wide, box["y"] + 190, steps=4)
    page.mouse.up()
    page.wait_for_selector(".pf-range:has-text('2.02')")
    label = "Flame graph of the chosen"
    wait_for_whole(page, 45, "Flame graph of the chosen")
    assert [name for name, _ in bars(page, label)] == ["all", "main", "serve", "store", "encode"]
    page.locator(".pf-range").click()
    wait_for_whole(page, 100, "Flame graph of the chosen")


def test_a_stretch_of_time_is_chosen_with_keys_alone(page):
    tab(page, "Heat map")
    page.wait_for_function("() => document.querySelector('.pf-heat canvas')?.heat.cells")
    page.locator(".pf-heat canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector(".pf-range:has-text('1 s')")
    wait_for_whole(page, 10, "Flame graph of the chosen")


def test_a_thread_of_the_table_becomes_the_one_that_is_shown(page):
    tab(page, "Threads")
    page.locator("[aria-label=Threads] tbody tr", has_text="db").click()
    wait_for_whole(page, 45)
    assert page.get_by_role("tab", name="Flame graph").get_attribute("aria-selected") == "true"


def test_keys_of_the_flame_graph_never_reach_the_notebook(page):
    page.evaluate(
        "() => { window.heard = [];"
        " document.addEventListener('keydown', ({key}) => heard.push(key)); }"
    )
    canvas = page.locator("canvas").first
    canvas.focus()
    for key in ("ArrowDown", "Enter", "Backspace", "Escape", "n", "Home"):
        page.keyboard.press(key)
    assert page.evaluate("heard") == []
    assert canvas.get_attribute("data-lm-suppress-shortcuts") == "true"


@pytest.mark.parametrize("dark", [False, True])
def test_it_follows_the_theme_of_jupyterlab(browser, explorer, dark):
    with staged(browser, explorer, dark=not dark, jupyter=True) as page:
        wait_for_whole(page, 100)
        page.evaluate(
            "(light) => document.body.setAttribute('data-jp-theme-light', light)",
            str(not dark).lower(),
        )
        page.wait_for_timeout(200)
        red = page.evaluate(
            "(() => { const {art} = document.querySelector('canvas').flame;"
            " return art.pen.getImageData(600, 150, 1, 1).data[0]; })()"
        )
        assert (red < 128) == dark


def test_hostile_names_stay_text(browser):
    hostile = "<img src=x onerror=alert(1)>"
    one = profile((f"main;{hostile}", 3), ("main", 1))
    with staged(browser, views.explorer(one)) as page:
        wait_for_whole(page, 4)
        click_bar(page, hostile)
        assert hostile in page.locator(".pf-object").inner_text()
        tab(page, "Sandwich")
        assert table(page, "Functions by self")[0][0] == hostile
        assert page.locator("img").count() == 0
