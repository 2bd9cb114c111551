"""The explorer of a core in a real browser, asking real pages of a core made by hand."""

from __future__ import annotations

import pytest

from prodforensics.core import views
from prodforensics.errors import MissingTool
from tests.core.explorer.made_core import crash, deadlock, secret, thread
from tests.core.explorer.made_core import made as made_core
from tests.display.stage import chromium, staged

pytestmark = pytest.mark.browser

HOSTILE = "</script><img src=x onerror='window.ran = true'>"


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def crashed():
    secrets = [secret(number) for number in range(130)]
    return views.explorer(crash(500, secrets=secrets))


@pytest.fixture(scope="module")
def locked():
    return views.explorer(deadlock())


def tab(page, name, of="Views of the core dump"):
    page.get_by_role("tablist", name=of).get_by_role("tab", name=name).click()


def table(page, label):
    """Give the cells of every row of a table, as texts."""
    rows = page.locator(f"[role=treegrid][aria-label='{label}'] tbody tr:not(.pf-tail)")
    rows.first.wait_for()
    return rows.evaluate_all(
        "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
    )


def chosen(page, label, text):
    page.wait_for_selector(
        f"[role=treegrid][aria-label='{label}'] tr[aria-selected=true]:has-text('{text}')"
    )


def status(page, text):
    page.wait_for_function(
        "text => document.querySelector('.pf-status').textContent.includes(text)", arg=text
    )


def part(page, picture, words):
    return page.locator(f".pf-drawn[aria-label^='{picture}'] .pf-part", has_text=words)


def test_it_opens_with_the_crash_on_one_page(browser, crashed):
    with staged(browser, crashed) as page:
        part(page, "The stack of thread 1", "#0 total").wait_for()
        shown = page.get_by_role("tabpanel", name="Crash").inner_text()
        for words in ("orders: SIGSEGV", "order is null in total", "return order->total;"):
            assert words in shown
        assert "500 threads" in shown
        assert "hunter22" not in page.content()


def test_a_finding_leads_to_its_frame(browser, crashed):
    with staged(browser, crashed) as page:
        page.get_by_role("button", name="Show thread 1, frame 0").click()
        chosen(page, "Frames", "total")
        page.wait_for_selector(".pf-here:has-text('return order->total;')")


def test_five_hundred_workers_are_one_row_that_opens_to_its_threads(browser, crashed):
    with staged(browser, crashed) as page:
        tab(page, "Threads (502)")
        rows = table(page, "Stacks")
        assert [row[1] for row in rows] == ["1", "500", "1"]
        assert "✖" in rows[0][0]
        page.locator("[aria-label=Stacks] tbody tr", has_text="next_job").focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_selector("[aria-label=Stacks] tr:has-text('thread 2 · worker-2')")
        assert len(table(page, "Stacks")) == 103
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        chosen(page, "Frames", "pthread_cond_wait")
        page.wait_for_selector(".pf-head:has-text('thread 2 “worker-2”')")


def test_threads_are_searched_by_function_name_and_number(browser, crashed):
    with staged(browser, crashed) as page:
        part(page, "The stack of thread 1", "#0 total").wait_for()
        page.get_by_role("tab", name="Crash").focus()
        page.keyboard.press("/")
        page.keyboard.type("worker-77")
        status(page, "1 different stacks")
        assert [row[1] for row in table(page, "Stacks")] == ["500"]
        page.get_by_role("searchbox", name="Search threads").fill("/(/")
        page.wait_for_selector(".pf-status.pf-error:has-text('no regular expression')")


def test_kinds_and_trust_of_frames_are_words(browser, crashed):
    with staged(browser, crashed) as page:
        tab(page, "Threads (502)")
        page.locator("[aria-label=Stacks] tbody tr", has_text="handler").click()
        chosen(page, "Frames", "__poll")
        rows = table(page, "Frames")
        assert [row[1] for row in rows] == [
            "native__poll", "jshandler", "native?? orders+0x1002", "gomain.serve",
        ]  # fmt: skip
        assert [row[4] for row in rows] == ["✓ matched", "✓ matched", "✖ mismatched", "✓ matched"]


def test_a_frame_has_source_variables_registers_and_instructions(browser, crashed):
    with staged(browser, crashed) as page:
        tab(page, "Threads (502)")
        page.wait_for_selector(".pf-here:has-text('12')")
        views_of = "Views of the frame"
        tab(page, "Variables", of=views_of)
        assert [row[2:] for row in table(page, "Variables")] == [
            ["0x0", ""], ["••••••", "its name: password"],
        ]  # fmt: skip
        tab(page, "Registers", of=views_of)
        page.get_by_text("/srv/app/orders +0x3 (r-xp)").wait_for()
        tab(page, "Disassembly", of=views_of)
        page.wait_for_selector(".pf-here:has-text('mov eax, [rax+0x18]')")


def test_a_missing_source_says_so_where_it_would_stand(browser, crashed):
    with staged(browser, crashed) as page:
        tab(page, "Threads (502)")
        page.locator("[aria-label=Frames] tbody tr", has_text="main").last.click()
        page.wait_for_selector("text=main.c is not here → name a folder: root")


def test_a_deadlock_is_a_ring_and_its_waiters_are_one_box(browser, locked):
    with staged(browser, locked) as page:
        tab(page, "Locks")
        part(page, "Who waits", "12 threads 3, 4").wait_for()
        said = page.locator(".pf-drawn[aria-label^='Who waits'] .pf-part").evaluate_all(
            "(parts) => parts.map((part) => part.getAttribute('aria-label'))"
        )
        assert len(said) == 5
        assert sum("in the deadlock" in one for one in said) == 4
        assert len(table(page, "Waits")) == 14
        part(page, "Who waits", "accounts_b mutex").focus()
        page.keyboard.press("Enter")
        page.wait_for_function(
            "() => document.querySelectorAll('[aria-label=Waits] tbody tr').length === 1"
        )
        part(page, "Who waits", "12 threads 3, 4").click()
        page.wait_for_selector(".pf-head:has-text('thread 3')")
        page.keyboard.press("Alt+ArrowLeft")
        part(page, "Who waits", "12 threads 3, 4").wait_for()


def test_the_memory_map_leads_to_the_mappings(browser, crashed):
    with staged(browser, crashed) as page:
        tab(page, "Memory")
        assert len(table(page, "Mappings")) == 7
        part(page, "Memory map", "cut off").press("Enter")
        status(page, "1 mappings")
        assert table(page, "Mappings")[0][5:] == ["12.3\xa0MB", "8.19\xa0MB", "4.10\xa0MB"]


def test_modules_say_whether_their_build_id_fits(browser, crashed):
    with staged(browser, crashed) as page:
        tab(page, "Modules (2)")
        assert [row[1] for row in table(page, "Modules")] == ["✓ matched", "✖ mismatched"]


def test_secrets_are_paged_and_masked_and_the_environment_too(browser, crashed):
    with staged(browser, crashed) as page:
        tab(page, "Secrets")
        rows = table(page, "Secrets")
        assert len(rows) == 100
        assert rows[0][1] == "AKIA••••••"
        page.get_by_role("button", name="Environment").click()
        assert table(page, "Environment")[1] == ["DB_PASSWORD", "••••••", "its name: password"]
        page.get_by_role("button", name="Strings").click()
        page.wait_for_selector("text=No string is like that.")


def test_a_part_that_cannot_be_told_says_why_and_the_others_stay(browser):
    core = crash(3)

    def no_debugger():
        raise MissingTool("gdb", unlocks="walks stacks", install="apt-get install gdb")

    core.frames._builders["stacks"] = no_debugger
    core.frames._built.clear()
    widget = views.explorer(core)
    assert "apt-get install gdb" in widget.static_html()
    with staged(browser, widget) as page:
        page.locator(".pf-crash").get_by_text("apt-get install gdb").wait_for()
        part(page, "The stack of thread 1", "#0 total").wait_for()


def test_names_of_a_core_stay_text(browser):
    core = made_core([thread(1, [HOSTILE, "main"], name=HOSTILE, crashed=True)])
    with staged(browser, views.explorer(core)) as page:
        part(page, "The stack of thread 1", "#0 ").wait_for()
        tab(page, "Threads (1)")
        chosen(page, "Frames", "onerror")
        assert HOSTILE in table(page, "Frames")[0][1]
        assert page.evaluate("window.ran === undefined")


@pytest.mark.parametrize("dark", [False, True])
def test_the_twin_gives_way_to_the_view_in_either_theme(browser, locked, dark):
    with staged(browser, locked, dark=dark) as page:
        part(page, "The stack of thread 1", "#0 ").wait_for()
        assert page.locator("[data-pf-twin]").is_hidden()
