"""The explorer of a capture in a real browser, asking real pages."""

from __future__ import annotations

import time

import pytest

from prodforensics.findings import Finding, Findings
from prodforensics.network import views
from tests.display.stage import chromium, staged
from tests.network.views_stage import capture_of, long_talk, many, talk

pytestmark = pytest.mark.browser

HOSTILE = "</script><img src=x onerror='window.ran = true'>"


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("captures")


@pytest.fixture(scope="module")
def crowd(folder):
    return views.explorer(capture_of(folder, many()))


@pytest.fixture(scope="module")
def one(folder):
    return views.explorer(capture_of(folder, talk()))


def tab(page, name, of="Views of the capture"):
    page.get_by_role("tablist", name=of).get_by_role("tab", name=name).click()


def table(page, label="Connections"):
    """Give the cells of every row of a table, as texts."""
    rows = page.locator(f"[role=treegrid][aria-label='{label}'] tbody tr:not(.pf-tail)")
    rows.first.wait_for()
    return rows.evaluate_all(
        "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
    )


def status(page, text):
    page.wait_for_function(
        "text => document.querySelector('.pf-status').textContent.includes(text)", arg=text
    )


def first_row(page, column, text):
    page.wait_for_function(
        """([column, text]) => document.querySelector("[aria-label=Connections] tbody tr")
          ?.cells[column]?.textContent.includes(text)""",
        arg=[column, text],
    )


def focused(page):
    return page.evaluate("document.activeElement.getAttribute('aria-label')")


def focus_on(page, words):
    page.wait_for_function(
        "(words) => document.activeElement.getAttribute('aria-label')?.startsWith(words)", arg=words
    )


def open_ladder(page):
    tab(page, "Connections")
    page.locator("[aria-label=Connections] tbody tr").first.click()
    page.locator("[aria-label^='Packets between'] .pf-part").first.wait_for()


def test_it_opens_with_the_capture_over_time(browser, one):
    with staged(browser, one) as page:
        spans = page.locator(".pf-brushed .pf-part")
        spans.first.wait_for()
        assert "retransmissions" in spans.last.get_attribute("aria-label") + "retransmissions"
        assert page.locator(".pf-facts-line").inner_text().startswith("8 packets, 459")


def test_the_table_is_paged_sorted_and_searched(browser, crowd):
    with staged(browser, crowd) as page:
        tab(page, "Connections")
        assert len(table(page)) == 100
        assert max(page.evaluate("asked.map(({limit}) => limit ?? 0)")) <= 100
        page.locator("[aria-label=Connections] .pf-tail").click()
        page.wait_for_function(
            "() => document.querySelectorAll('[aria-label=Connections] tbody tr').length > 200"
        )
        page.get_by_role("columnheader", name="Server").get_by_role("button").click()
        first_row(page, 2, ":1249")
        page.keyboard.press("/")
        page.keyboard.type(":1007")
        status(page, "1 connections")
        assert table(page)[0][2] == "10.1.0.1:1007"
        page.get_by_role("searchbox").fill("/(/")
        page.wait_for_selector(".pf-status.pf-error:has-text('no regular expression')")


def test_a_stretch_of_time_filters_the_table(browser, crowd):
    with staged(browser, crowd) as page:
        spans = page.locator(".pf-brushed .pf-part")
        spans.first.wait_for()
        box = spans.nth(100).bounding_box()
        last = spans.nth(120).bounding_box()
        page.mouse.move(box["x"] + 1, box["y"] + 50)
        page.mouse.down()
        page.mouse.move(last["x"] + 1, last["y"] + 50, steps=3)
        page.mouse.up()
        page.wait_for_selector(".pf-range:not([hidden])")
        tab(page, "Connections")
        rows = table(page)
        assert 15 < len(rows) < 40
        page.locator(".pf-range").click()
        assert page.locator(".pf-range").is_hidden()
        page.wait_for_selector("[aria-label=Connections] .pf-tail")
        assert len(table(page)) == 100


def test_a_stretch_of_time_is_chosen_with_keys_alone(browser, crowd):
    with staged(browser, crowd) as page:
        page.locator(".pf-brushed .pf-part").first.wait_for()
        page.locator(".pf-brushed .pf-part").first.focus()
        for key in ("ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "Enter"):
            page.keyboard.press(key)
        page.wait_for_selector(".pf-range:not([hidden])")
        status(page, "is shown in all tabs")
        page.keyboard.press("Escape")
        page.wait_for_selector(".pf-range", state="hidden")


def test_filters_of_trouble(browser, one):
    with staged(browser, one) as page:
        tab(page, "Connections")
        assert len(table(page)) == 2
        page.get_by_role("combobox", name="Connections to show").select_option(label="Reset")
        status(page, "1 connections")
        assert table(page)[0][10] == "aborted (resp)"
        page.get_by_role("combobox", name="Connections to show").select_option(
            label="Window closed"
        )
        page.wait_for_selector("text=No connection is like that.")


def test_a_connection_opens_to_its_packets(browser, one):
    with staged(browser, one) as page:
        open_ladder(page)
        said = page.locator("[aria-label^='Packets between'] .pf-part").evaluate_all(
            "(parts) => parts.map((part) => part.getAttribute('aria-label'))"
        )
        assert len(said) == 7
        assert "sent again" in said[4]
        assert "tcp.stream 0 \u00b7 RSTR" in page.locator(".pf-pane .pf-object").inner_text()


def test_packets_are_walked_with_keys_from_page_to_page(browser, folder):
    with staged(browser, views.explorer(capture_of(folder, long_talk()))) as page:
        open_ladder(page)
        page.locator("[aria-label^='Packets between'] .pf-part").first.focus()
        page.keyboard.press("ArrowDown")
        assert focused(page).startswith("Frame 2 ")
        page.keyboard.press("End")
        page.keyboard.press("ArrowDown")
        focus_on(page, "Frame 101 ")
        page.keyboard.press("ArrowUp")
        focus_on(page, "Frame 100 ")
        page.keyboard.press("n")
        focus_on(page, "Frame 103 ")
        page.keyboard.press("n")
        focus_on(page, "Frame 304 ")
        status(page, "Trouble 2 of 3")
        assert page.locator(".pf-matched").inner_text().endswith("of 450 packets")


def test_alt_left_goes_back_to_the_connection_before(browser, one):
    with staged(browser, one) as page:
        open_ladder(page)
        page.locator("[aria-label=Connections] tbody tr").nth(1).click()
        page.wait_for_selector(".pf-object:has-text('udp.stream 0')")
        page.keyboard.press("Alt+ArrowLeft")
        page.wait_for_selector(".pf-object:has-text('tcp.stream 0')")


def test_a_finding_leads_to_its_frame(browser, folder):
    capture = capture_of(folder, long_talk())
    proof = {"packets": [304], "connections": [0]}
    found = Finding("network.x", "likely", "high", "Sent again", "Why it is so.", proof)
    capture.findings = lambda: Findings([found])
    with staged(browser, views.explorer(capture)) as page:
        tab(page, "Findings (1)")
        page.get_by_role("button", name="Show its connection at frame 304").click()
        focus_on(page, "Frame 304 ")


def test_a_tab_chosen_at_once_stays_chosen_when_the_kernel_is_slow(browser, one, monkeypatch):
    answer = one.answer

    def slow(message):
        time.sleep(0.6 if message.get("ask") == "overview" else 0)
        return answer(message)

    monkeypatch.setattr(one, "answer", slow)
    with staged(browser, one) as page:
        tab(page, "Connections")
        assert len(table(page)) == 2


def test_names_of_a_capture_stay_text(browser, folder):
    capture = capture_of(folder, talk())
    capture.packets.addresses.names["10.0.0.2"] = HOSTILE
    with staged(browser, views.explorer(capture)) as page:
        open_ladder(page)
        assert HOSTILE in table(page)[0][2]
        assert HOSTILE in page.locator(".pf-pane .pf-object").inner_text()
        assert page.evaluate("window.ran === undefined")


@pytest.mark.parametrize("dark", [False, True])
def test_the_twin_gives_way_to_the_view_in_either_theme(browser, one, dark):
    with staged(browser, one, dark=dark) as page:
        page.locator(".pf-brushed .pf-part").first.wait_for()
        assert page.locator("[data-pf-twin]").is_hidden()
