"""The explorer of one snapshot in a real browser, asking real pages."""

from __future__ import annotations

import json
import re

import pytest
from backports import zstd

import prodforensics as pf
from prodforensics.heap import views
from tests.display.stage import CONTRAST, chromium, staged

pytestmark = pytest.mark.browser

SAMPLE = "heap/listeners.2.heapsnapshot.zst"
ROWS = "[role=treegrid][aria-label='Classes by retained size'] tbody tr"
BOXES = "svg.pf-path .pf-box:not(.pf-other)"


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def snapshot():
    return pf.load(pf.samples.path(SAMPLE))


@pytest.fixture(scope="module")
def explorer(snapshot):
    return views.explorer(snapshot)


@pytest.fixture
def page(browser, explorer):
    with staged(browser, explorer) as page:
        page.wait_for_selector(f"{ROWS}[aria-level='1']")
        yield page


def class_row(page, name):
    return page.locator(f"{ROWS}[aria-level='1']").filter(
        has=page.locator(f".pf-k-class:text-is('{name}')")
    )


def focused(page):
    return page.evaluate("document.activeElement.closest('tr')?.innerText ?? ''")


def view(page, name):
    return page.get_by_role("tablist", name="Views of the snapshot").get_by_role("tab", name=name)


def status(page, text):
    page.wait_for_function(
        "text => document.querySelector('[role=status]').textContent.includes(text)", arg=text
    )


def wait_for_count(page, selector, count):
    page.wait_for_function(
        "([selector, count]) => document.querySelectorAll(selector).length === count",
        arg=[selector, count],
    )


def exact_bytes(cells):
    return cells.evaluate_all("all => all.map(cell => Number(cell.title.replace(/[^0-9]/g, '')))")


def test_classes_stand_in_the_order_of_their_retained_size(page, snapshot):
    sizes = exact_bytes(page.locator(f"{ROWS}[aria-level='1'] td:last-child"))
    expected = sorted(snapshot.graph.classes.retained_size.tolist(), reverse=True)
    assert sizes[:100] == expected[:100]


def test_a_page_of_rows_is_all_that_is_ever_asked_for(page, snapshot):
    strings = int(snapshot.graph.classes.count[snapshot.graph.classes.name.index("(string)")])
    class_row(page, "(string)").locator(".pf-twist").click()
    page.locator(f"{ROWS}.pf-tail", has_text=f"Show 100 more (100 of {strings:,} shown)").click()
    page.locator(f"{ROWS}.pf-tail", has_text=f"(200 of {strings:,} shown)").wait_for()
    assert page.locator(f"{ROWS}[aria-level='2'][aria-posinset]").count() == 200
    assert max(page.evaluate("window.asked.map(message => message.limit ?? 0)")) <= 100


def test_a_class_opens_to_its_objects_and_an_object_to_its_fields(page):
    class_row(page, "OrderFeed").locator(".pf-twist").click()
    instance = page.locator(f"{ROWS}[aria-level='2']").first
    assert re.match(r"▸\s*OrderFeed @\d+", instance.inner_text())
    instance.locator(".pf-twist").click()
    fields = page.locator(f"{ROWS}[aria-level='3']")
    fields.first.wait_for()
    assert any("_events :: Object @" in text for text in fields.all_inner_texts())


def test_closing_a_row_takes_all_below_it_away_and_opening_it_brings_it_back(page):
    row = class_row(page, "OrderFeed")
    row.locator(".pf-twist").click()
    page.locator(f"{ROWS}[aria-level='2'] .pf-twist").first.click()
    page.locator(f"{ROWS}[aria-level='3']").first.wait_for()
    rows = page.locator(ROWS).count()
    row.locator(".pf-twist").click()
    assert row.get_attribute("aria-expanded") == "false"
    assert page.locator(f"{ROWS}[aria-level='3']").count() == 0
    row.locator(".pf-twist").click()
    assert page.locator(ROWS).count() == rows


def test_a_header_sorts_and_says_so(page):
    head = page.get_by_role("columnheader", name="Count").first.get_by_role("button")
    head.click()
    status(page, "Sorted by Count, descending")
    head.click()
    status(page, "Sorted by Count, ascending")
    assert page.locator("th[aria-sort=ascending]").first.inner_text() == "Count"
    counts = page.locator(f"{ROWS}[aria-posinset] td:nth-child(2)").all_inner_texts()
    numbers = [int(text.replace(",", "")) for text in counts]
    assert numbers == sorted(numbers)


def test_the_filter_waits_for_the_last_key_and_asks_once(page):
    page.locator(f"{ROWS}[tabindex='0']").focus()
    page.keyboard.press("/")
    box = page.get_by_role("searchbox", name="Filter classes")
    assert box.evaluate("box => box === document.activeElement")
    page.evaluate("() => { window.asked.length = 0; }")
    page.keyboard.type("emitter", delay=20)
    status(page, "classes")
    names = page.locator(f"{ROWS} .pf-k-class").all_inner_texts()
    assert names
    assert all("emitter" in name.lower() for name in names)
    assert page.evaluate("window.asked.map(message => message.text)") == ["emitter"]


def test_a_bad_regular_expression_is_explained_and_the_rows_stay(page):
    before = page.locator(ROWS).count()
    page.get_by_role("searchbox", name="Filter classes").fill("/(/")
    page.wait_for_selector(".pf-status.pf-error:has-text('no regular expression')")
    assert page.locator(ROWS).count() == before


def test_a_filter_leaves_the_classes_that_devtools_would_show(page, snapshot):
    box = page.get_by_role("combobox", name="Objects to show")
    box.wait_for()
    titles = ["All objects", "Duplicated strings", "Objects retained by contexts"]
    assert box.locator("option").all_inner_texts() == titles
    box.select_option(label="Objects retained by contexts")
    frame = snapshot.constructors("contexts")
    status(page, f"Objects retained by contexts: {len(frame)} classes")
    sizes = exact_bytes(page.locator(f"{ROWS}[aria-level='1'] td:last-child"))
    assert sizes == frame["retained_size_bytes"].tolist()[:100]
    feeds = int(frame.set_index("class_name").loc["OrderFeed", "count"])
    class_row(page, "OrderFeed").locator(".pf-twist").click()
    page.locator(f"{ROWS}[aria-level='2']").first.wait_for()
    assert page.locator(f"{ROWS}[aria-level='2'][aria-posinset]").count() == feeds


def test_the_tree_is_driven_by_keys_alone(page):
    page.locator(f"{ROWS}[tabindex='0']").focus()
    for key in ("End", "Home", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    assert re.match(r"▸\s*Object", focused(page))
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f"{ROWS}[aria-level='2']")
    page.keyboard.press("ArrowRight")
    assert re.match(r"▸\s*Object @\d+", focused(page))
    page.keyboard.press("Enter")
    status(page, "retains")
    page.keyboard.press("ArrowLeft")
    assert re.match(r"▾\s*Object", focused(page))
    page.keyboard.press("ArrowLeft")
    assert re.match(r"▸\s*Object", focused(page))
    assert page.locator(f"{ROWS}[tabindex='0']").count() == 1


def choose_feed(page):
    class_row(page, "OrderFeed").locator(".pf-twist").click()
    page.locator(f"{ROWS}[aria-level='2']").first.click()
    page.wait_for_selector(".pf-object:has-text('OrderFeed @')")


def test_choosing_an_object_shows_who_keeps_it_alive(page):
    choose_feed(page)
    retainer = page.locator("[aria-label=Retainers] tbody tr").first
    assert "feed in system / Context @" in retainer.inner_text()
    assert "shortest path" in retainer.inner_text()


def test_ignoring_a_retainer_recomputes_the_distances_and_can_be_undone(page):
    choose_feed(page)
    page.get_by_role("tab", name="Retaining path").click()
    page.wait_for_selector(BOXES)
    before = page.locator(BOXES).all_text_contents()
    page.get_by_role("button", name=re.compile("^Ignore the retainer handle")).press("Enter")
    status(page, "Ignored handle; distances recomputed")
    after = page.locator(BOXES).all_text_contents()
    assert after != before
    assert len(after) >= len(before)
    page.get_by_role("button", name="Restore all").click()
    status(page, "Restored all retainers")
    assert page.locator(BOXES).all_text_contents() == before


def test_without_its_last_retainer_an_object_has_no_path_left(page):
    choose_feed(page)
    retainers = page.locator("[aria-label=Retainers] tbody tr[aria-level='1']")
    retainers.first.focus()
    page.keyboard.press("Delete")
    status(page, "Ignored feed")
    page.locator(".pf-chip", has_text="feed in system / Context").wait_for()
    assert "ignored" in retainers.first.inner_text() + retainers.last.inner_text()


def test_alt_left_goes_back_to_the_object_before(page):
    choose_feed(page)
    page.locator("[aria-label=Retainers] tbody tr").first.click()
    page.get_by_role("button", name="inspect").first.click()
    page.wait_for_selector(".pf-object:has-text('system / Context @')")
    page.keyboard.press("Alt+ArrowLeft")
    page.wait_for_selector(".pf-object:has-text('OrderFeed @')")


def test_the_dominator_picture_zooms_in_and_out_with_keys(page):
    view(page, "Dominators").click()
    page.wait_for_selector("svg.pf-icicle g")
    page.locator("svg.pf-icicle g[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    chosen = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "retains" in chosen
    page.keyboard.press("Enter")
    wait_for_count(page, ".pf-crumbs button", 2)
    assert page.locator("svg.pf-icicle g").first.get_attribute("aria-label") == chosen
    page.locator("svg.pf-icicle g[tabindex='0']").focus()
    page.keyboard.press("Backspace")
    wait_for_count(page, ".pf-crumbs button", 1)


def test_the_panes_are_resized_with_keys(page):
    bar = page.get_by_role("separator", name="Height of the upper pane")
    upper = page.locator(".pf-stack")
    before = upper.bounding_box()["height"]
    bar.press("ArrowDown")
    bar.press("ArrowDown")
    assert upper.bounding_box()["height"] > before + 20
    assert bar.get_attribute("aria-valuenow") == "66"


def test_containment_starts_at_the_root(page):
    view(page, "Containment").click()
    rows = page.locator("[aria-label='Containment from the root'] tbody tr")
    rows.first.wait_for()
    assert any("(GC roots) @" in text for text in rows.all_inner_texts())


def test_statistics_are_a_table_that_adds_up(page, snapshot):
    view(page, "Statistics").click()
    page.wait_for_selector("table.pf-legend tbody tr")
    assert sum(exact_bytes(page.locator("table.pf-legend td[title]"))) == snapshot.graph.total_size


def test_an_id_leads_to_its_object_and_a_wrong_one_is_explained(page, snapshot):
    wanted = int(snapshot.graph.id[4321])
    box = page.get_by_role("searchbox", name="Go to an object by its id")
    box.fill(f"@{wanted}")
    box.press("Enter")
    page.wait_for_selector(f".pf-object:has-text('@{wanted}')")
    assert view(page, "Retainers").get_attribute("aria-selected") == "true"
    box.fill("@999999999")
    box.press("Enter")
    page.wait_for_selector(".pf-status.pf-error:has-text('999999999')")


def test_names_of_the_heap_stay_text(browser, tmp_path):
    attack = b'"x<img src=x onerror=window.owned=1>"'
    raw = zstd.decompress(pf.samples.path(SAMPLE).read_bytes())
    changed = tmp_path / "hostile.heapsnapshot"
    changed.write_bytes(raw.replace(b'"OrderFeed"', attack).replace(b'"_events"', attack))
    with staged(browser, views.explorer(pf.load(changed))) as page:
        page.wait_for_selector(f"{ROWS}[aria-level='1']")
        class_row(page, json.loads(attack)).locator(".pf-twist").click()
        page.locator(f"{ROWS}[aria-level='2']").first.click()
        page.get_by_role("tab", name="Retaining path").click()
        page.wait_for_selector(BOXES)
        view(page, "Dominators").click()
        page.wait_for_selector("svg.pf-icicle g")
        assert page.locator("img").count() == 0
        assert page.evaluate("window.owned") is None
        assert "<img src=x" in page.locator(".pf-object").inner_text()


def test_the_static_twin_gives_way_once_the_kernel_answers(page):
    assert not page.locator("[data-pf-twin]").is_visible()


def test_without_a_kernel_the_static_twin_stays(browser, explorer):
    with staged(browser, explorer, silent=True) as page:
        page.wait_for_function("() => document.querySelector('.pf-widget').hidden", timeout=9000)
        twin = page.locator("[data-pf-twin]")
        assert twin.is_visible()
        assert "Other JavaScript objects" in twin.inner_text()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("jupyter", [False, True], ids=["alone", "in JupyterLab"])
def test_every_text_has_enough_contrast_in_every_theme(browser, explorer, dark, jupyter):
    with staged(browser, explorer, dark=dark, jupyter=jupyter) as page:
        ratios = page.evaluate(CONTRAST)
        assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}
