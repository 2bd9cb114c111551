"""Cores of Node.js are made on demand, with the stack that Node itself printed."""

import pytest

from prodforensics.core import node_samples
from prodforensics.errors import BadOption
from tests.core.node_cores import node_core

EXCEPTION = ["discounted", "Order.total", "price", "Array.map", "checkout", "handleRequest"]
SERVER = ["printInvoice", "Server.answer", "Server.emit", "parserOnIncoming"]


@pytest.mark.parametrize("version", node_samples.VERSIONS)
def test_an_uncaught_error_leaves_a_core_and_the_stack_that_v8_printed(version):
    made = node_core(version, "exception")
    assert made.version == node_samples.VERSIONS[version]
    assert made.core.read_bytes()[:18].endswith(b"\x04\x00")  # ET_CORE
    assert [frame.function for frame in made.stack][: len(EXCEPTION)] == EXCEPTION
    thrown = made.stack[0]
    line = made.script.read_text().splitlines()[thrown.line - 1]
    assert thrown.file == str(made.script)
    assert line[thrown.column - 1 :].startswith("throw new RangeError")
    assert "no discount for 3 of SKU-1" in made.printed
    assert made.stack[3] == node_samples.PrintedFrame("Array.map", "", -1, -1)


def test_a_living_server_is_held_in_a_request_and_its_core_taken():
    made = node_core("20", "server")
    assert [frame.function for frame in made.stack][: len(SERVER)] == SERVER
    assert (
        made.core.stat().st_blocks * 512 < made.core.stat().st_size / 4
    )  # what is empty is a hole


def test_what_was_made_is_not_made_again():
    first = node_core("20", "exception")
    before = first.core.stat().st_mtime_ns
    assert node_core("20", "exception") == first
    assert first.core.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("options", "message"),
    [({"version": "7"}, "no Node.js '7'"), ({"scenario": "fire"}, "no scenario 'fire'")],
)
def test_what_cannot_be_made_is_refused_with_what_can(options, message, tmp_path):
    with pytest.raises(BadOption, match=message) as refused:
        node_samples.make(**options, folder=tmp_path, cache=tmp_path)
    assert "exception" in refused.value.hint or "system" in refused.value.hint
