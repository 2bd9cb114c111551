"""The explorer of a capture in a real browser, asking real pages."""

from __future__ import annotations

import time

import pytest

from prodforensics.findings import Finding, Findings
from prodforensics.network import views
from tests.display.stage import chromium, staged
from tests.network.views_stage import capture_of, long_talk, many, sample, talk
from tests.network.wire import tcp

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
        assert table(page)[0][10] == "aborted by server"
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
        assert page.locator(".pf-matched").first.inner_text().endswith("of 450 packets")


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
        page.get_by_role("button", name="Show frame 304").click()
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


def inner(page, name):
    tab(page, name, of="Views of the connection")


def test_the_sequence_graph_leads_to_the_packet(browser, one):
    with staged(browser, one) as page:
        open_ladder(page)
        inner(page, "Time-sequence graph")
        again = page.locator(".pf-drawn[aria-label^='Bytes from'] .pf-part", has_text="sent again")
        again.wait_for(state="attached")
        sides = page.get_by_role("group", name="Who sends")
        sides.get_by_role("button", name="Server").click()
        page.locator(".pf-drawn[aria-label^='Bytes from responder']").wait_for()
        sides.get_by_role("button", name="Client").click()
        again.wait_for(state="attached")
        again.focus()
        page.keyboard.press("Enter")
        focus_on(page, "Frame 6 ")


def test_a_part_of_the_sequence_graph_is_looked_at_closely(browser, folder):
    with staged(browser, views.explorer(capture_of(folder, long_talk()))) as page:
        open_ladder(page)
        inner(page, "Time-sequence graph")
        picture = page.locator(".pf-drawn[aria-label^='Bytes from']")
        picture.wait_for()
        box = picture.bounding_box()
        page.mouse.move(box["x"] + 400, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(box["x"] + 700, box["y"] + 60, steps=3)
        page.mouse.up()
        whole = page.get_by_role("button", name="All of it")
        whole.wait_for()
        page.wait_for_function("() => asked.at(-1).ask === 'sequence' && asked.at(-1).start > 0")
        whole.click()
        page.wait_for_function("() => asked.at(-1).start === null")
        page.locator(".pf-drawn[aria-label^='Bytes from'] .pf-part").first.focus()
        page.keyboard.press("+")
        page.wait_for_function("() => asked.at(-1).end > 0")
        page.locator(".pf-drawn[aria-label^='Bytes from'] .pf-part").first.focus()
        page.keyboard.press("Escape")
        page.wait_for_function("() => asked.at(-1).start === null")


def test_what_was_said_is_read_by_turns_with_secrets_masked(browser, folder):
    packets = talk()
    said = b"GET / HTTP/1.1\r\nAuthorization: Bearer abcdefgh12345678\r\n\r\n<b>x</b>"
    packets[3] = (21, tcp("10.0.0.1:40000", "10.0.0.2:80", 24, 101, 501, said))
    with staged(browser, views.explorer(capture_of(folder, packets))) as page:
        open_ladder(page)
        inner(page, "Text")
        first = page.locator(".pf-turn pre").first
        first.wait_for()
        text = first.inner_text()
        assert "GET / HTTP/1.1" in text
        assert "<b>x</b>" in text
        assert "abcdefgh" not in page.content()
        page.locator(".pf-turn").nth(1).get_by_role("button").click()
        focus_on(page, "Frame 7 ")


def test_the_waterfall_leads_to_the_connection(browser):
    with staged(browser, views.explorer(sample("dns_search"))) as page:
        tab(page, "DNS")
        rows = page.locator("[aria-label^='Queries of DNS'] .pf-part")
        rows.first.wait_for()
        page.get_by_role("button", name="Failed first").click()
        page.wait_for_function("() => asked.at(-1).order === 'failed'")
        page.get_by_role("searchbox", name="Search dns").fill("/no such name/")
        page.wait_for_selector("text=Nothing was asked that is like that.")
        page.get_by_role("searchbox", name="Search dns").fill("svc.cluster")
        rows.first.wait_for()
        rows.first.click()
        page.wait_for_selector(".pf-object:has-text('udp.stream')")
        page.get_by_role("button", name="Close the connection").click()
        page.wait_for_selector(".pf-pane", state="hidden")


def test_the_map_and_the_services_lead_to_connections(browser, one):
    with staged(browser, one) as page:
        tab(page, "Service map")
        page.locator("[aria-label='Who talks to whom'] .pf-part", has_text="asks 10.0.0.2").focus()
        page.keyboard.press("Enter")
        assert [row[2] for row in table(page)] == ["10.0.0.2:80"]
        tab(page, "Overview")
        page.locator("[aria-label=Services] tbody tr", has_text="10.0.0.9:53").click()
        first_row(page, 2, "10.0.0.9:53")


@pytest.mark.parametrize("dark", [False, True])
def test_the_twin_gives_way_to_the_view_in_either_theme(browser, one, dark):
    with staged(browser, one, dark=dark) as page:
        page.locator(".pf-brushed .pf-part").first.wait_for()
        assert page.locator("[data-pf-twin]").is_hidden()
