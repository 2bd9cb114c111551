"""How Node.js ended: told with what was thrown, from the core alone."""

import pytest

from prodforensics.core.javascript.fatal import Ending
from prodforensics.core.symptoms.javascript_rules import RULES
from prodforensics.findings import run
from tests.core.javascript.crashes import VERSIONS, load

ABORTING = ("--abort-on-uncaught-exception",)

pytestmark = pytest.mark.parametrize("version", VERSIONS)


def _finding(core, rule):
    (found,) = run(RULES, core)
    assert found.rule == rule
    return found


def test_an_error_that_nobody_caught_is_found_with_its_stack(version):
    core = load(version, "uncaught.js", "error", flags=ABORTING)
    fatal = core.javascript.fatal
    assert fatal.ending == Ending.UNCAUGHT
    assert fatal.message == "RangeError: it went wrong"
    assert [frame.partition(" ")[0] for frame in fatal.stack[:2]] == ["third", "second"]
    assert fatal.stack[0].endswith("uncaught.js:6:23)")
    assert core.javascript.inspect(fatal.thrown)["code"].value == "E_WRONG"
    found = _finding(core, "core.fatal_javascript")
    assert (found.verdict, found.title) == ("likely", "uncaught RangeError: it went wrong")
    assert "third (" in found.why
    assert found.rows == {"threads": (1,)}


def test_a_text_can_be_thrown_too(version):
    core = load(version, "uncaught.js", "text", flags=ABORTING)
    assert core.javascript.fatal.message == "'only a text'"
    assert _finding(core, "core.fatal_javascript").verdict == "likely"


def test_the_error_of_a_promise_is_found(version):
    core = load(version, "uncaught.js", "promise", flags=ABORTING)
    assert core.javascript.fatal.message == "RangeError: it went wrong"
    assert "later (" in _finding(core, "core.fatal_javascript").why


def test_an_abort_in_the_handler_of_errors_tells_the_error(version):
    core = load(version, "handled.js")
    assert core.javascript.fatal.ending == Ending.HANDLED
    found = _finding(core, "core.fatal_javascript")
    assert found.title.endswith("RangeError: kept for the handler")
    assert "uncaughtException" in found.why


def test_a_full_heap_is_out_of_memory_and_names_what_fills_it(version):
    core = load(version, "memory.js", flags=("--max-old-space-size=32",))
    found = _finding(core, "core.out_of_memory")
    assert found.verdict == "likely"
    assert "JavaScript heap out of memory" in found.title
    assert "Array (" in found.why
    assert "Leak (" in found.why


def test_a_failed_assertion_of_node_is_told_with_its_place(version):
    core = load(version, "assertion.js")
    assert core.javascript.fatal.ending == Ending.ASSERTION
    found = _finding(core, "core.fatal_javascript")
    assert "args[0]->IsInt32() in " in found.title
    assert "tcp_wrap.cc:" in found.title


def test_a_deliberate_abort_with_no_error_is_no_finding(version):
    core = load(version, "deliberate.js")
    assert core.javascript.fatal.ending == Ending.ABORT
    assert list(run(RULES, core)) == []
