"""A report of profiles: interactive where its own scripts run, a picture where they do not."""

from __future__ import annotations

import re

import pytest

import prodforensics as pf
from prodforensics import report
from prodforensics.display.recorded import digest
from prodforensics.profile.pictures import profile_sections
from tests.display.stage import chromium
from tests.profile.big import big_profile
from tests.profile.test_explorer_js import bars, click_bar, service, table, wait_for_whole
from tests.profile.tiny import profile
from tests.tags import Tags

pytestmark = pytest.mark.browser

HOSTILE = "</script><script>window.ran = true</script><!--"


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def opened(browser, tmp_path):
    """Open a report as a file; no script error, no request beyond the file itself."""
    contexts, errors, requests = [], [], []

    def open_report(text, *, scripts=True, planted=""):
        path = tmp_path / f"report{len(contexts)}.html"
        path.write_text(text.replace("</main>", f"{planted}</main>"), encoding="utf-8")
        context = browser.new_context(
            viewport={"width": 1200, "height": 900}, java_script_enabled=scripts
        )
        context.set_default_timeout(8000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path.as_uri())
        assert requests.pop(0) == path.as_uri()
        return page

    yield open_report
    for context in contexts:
        context.close()
    assert not errors
    assert not requests


def policy(page):
    (found,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    return found


def test_only_the_packages_own_scripts_are_allowed():
    page = report.render([service(), pf.compare(service(), service()), service()])
    scripts = re.findall(r'<script type="module">(.*?)</script>', page, re.DOTALL)
    # One for all profiles, one for comparisons.
    assert len(scripts) == 2
    allowed = " ".join(map(digest, scripts))
    expected = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src "
    assert policy(page) == expected + allowed
    assert not Tags(page).handlers
    assert "unsafe-eval" not in page


def test_without_interactive_sections_nothing_may_run():
    page = report.render([profile(("main", 0))])
    assert policy(page) == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert "<script" not in page


def test_scripts_hold_no_mark_that_would_end_them():
    for program in (profile_sections(service())[0].program(),):
        assert not re.search(r"</script|<!--", program.script, re.IGNORECASE)
        assert "\r" not in program.script


def test_the_flame_graph_of_a_file_is_explored_offline(opened):
    page = opened(report.render([service()]))
    wait_for_whole(page, 100)
    assert page.locator("svg.pf-flame-svg").is_hidden()
    click_bar(page, "store")
    assert table(page, "Called by: store") == [["serve", "45 45%"]]
    page.get_by_role("searchbox", name="Search").fill("code")
    page.wait_for_selector(".pf-matched:has-text('50% matched')")
    for order in ("Inverted", "Time order", "By name"):
        page.get_by_role("button", name=order).click()
        wait_for_whole(page, 100)
    page.get_by_role("tab", name="Sandwich").click()
    assert bars(page, "Callees.")[0] == ["decode", 30]
    assert page.get_by_role("tab").all_inner_texts() == ["Flame graph", "Sandwich"]


def test_a_comparison_is_explored_offline_beside_its_profiles(opened):
    one, two = profile(("main;parse", 4), ("main", 1)), profile(("main;parse", 9), ("main;log", 1))
    page = opened(report.render([pf.compare(one, two), two]))
    wait_for_whole(page, 10, "Differential")
    wait_for_whole(page, 10)
    assert ["parse", 9] in bars(page, "Differential")


def test_hostile_names_stay_text_and_a_planted_script_does_not_run(opened):
    one = profile((f"main;{HOSTILE}", 3), ("main;b", 1))
    planted = "<script>window.ran = true</script><img src='data:,' onerror='window.ran = true'>"
    page = opened(report.render([one], title=HOSTILE), planted=planted)
    wait_for_whole(page, 4)
    click_bar(page, HOSTILE)
    assert HOSTILE in page.locator(".pf-object").inner_text()
    assert page.evaluate("() => window.ran === undefined")


def test_nothing_can_be_evaluated(opened):
    page = opened(report.render([service()]))
    wait_for_whole(page, 100)
    refused = page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          return window.ran === undefined;
        }"""
    )
    assert refused


def test_without_scripts_the_picture_stands(opened):
    page = opened(report.render([service()]), scripts=False)
    assert page.locator("svg.pf-flame-svg").is_visible()
    assert page.locator("canvas").count() == 0


def test_a_large_profile_makes_a_small_report():
    page = report.render([big_profile(150_000, functions=5000, samples=150_000)])
    assert len(page.encode()) < 8_000_000
