"""What the explorer of a core asks of the kernel, and what it is answered."""

from __future__ import annotations

import json

import pytest

from prodforensics.core.explorer.pages import CorePages
from prodforensics.errors import BadOption, UnknownName
from prodforensics.findings import Finding
from tests.core.explorer.made_core import crash, deadlock, made, secret, thread


@pytest.fixture(scope="module")
def pages():
    return CorePages(crash(500, secrets=[secret(number) for number in range(130)]))


def test_it_tells_what_there_is_without_frames(pages):
    core = crash(2)
    about = CorePages(core).about()
    assert (about["threads"], about["modules"]) == (4, 2)
    assert not core.frames.built


def test_every_answer_is_json(pages):
    one = {"thread": 1, "frame": 0}
    values = {
        "group_threads": {"group": 1}, "frames": {"thread": 1}, "source": one, "locals": one,
        "registers": {"thread": 1}, "disassembly": one,
    }  # fmt: skip
    for name, ask in pages.questions.items():
        json.dumps(ask(**values.get(name, {})), allow_nan=False)


def test_the_crash_says_the_command_without_its_secrets(pages):
    told = pages.crash()
    assert told["command"] == "/srv/app/orders --token=••••••"
    assert told["headline"].startswith("orders: SIGSEGV")


def test_groups_come_as_the_frame_has_them_and_by_count(pages):
    rows = pages.stacks.groups()["rows"]
    assert [(row["crashed"], row["count"]) for row in rows] == [(True, 1), (False, 500), (False, 1)]
    assert [row["group"] for row in pages.stacks.groups(sort="count")["rows"]] == [1, 0, 2]
    assert [row["group"] for row in pages.stacks.groups(sort="depth", descending=False)["rows"]]
    assert pages.stacks.groups(text="worker-17")["total"] == 1
    assert pages.stacks.groups(text="4711")["rows"][0]["crashed"]


def test_pages_of_the_threads_of_a_group_cover_all_of_them(pages):
    seen = []
    for offset in range(0, 500, 100):
        seen += [one["thread"] for one in pages.stacks.group_threads(1, offset, 100)["rows"]]
    assert seen == list(range(2, 502))
    with pytest.raises(UnknownName):
        pages.stacks.group_threads(3)
    with pytest.raises(BadOption):
        pages.stacks.group_threads("1")


def test_a_thread_that_is_not_there_is_told(pages):
    with pytest.raises(UnknownName):
        pages.stacks.frames(9999)


def test_what_the_others_did_leaves_out_the_thread_that_crashed_alone():
    alone = CorePages(crash(3)).stacks
    assert "total" not in alone.drawn_others(900).svg()
    shared = CorePages(made([thread(n, ["abort", "main"], crashed=True) for n in (1, 2)])).stacks
    assert "2 threads" in shared.drawn_others(900).svg()


def test_registers_say_what_they_point_at(pages):
    rows = {row["register"]: row for row in pages.stacks.registers(1)["rows"]}
    assert rows["rip"]["value"] == "0x401003"
    assert rows["rip"]["points"] == "/srv/app/orders +0x3 (r-xp)"
    assert rows["rsp"]["points"] == "[stack] +0x40 (rw-p)"
    assert rows["rax"]["points"] == ""


@pytest.mark.parametrize("column", ["", "start", "path", "size_bytes", "resident_bytes"])
def test_mappings_are_sorted_by_any_column(pages, column):
    ask = pages.questions["mappings"]
    up = [row["row"] for row in ask(sort=column)["rows"]]
    down = [row["row"] for row in ask(sort=column, descending=True)["rows"]]
    assert sorted(up) == sorted(down) == list(range(7))
    with pytest.raises(UnknownName):
        ask(sort="no such column")


def test_waits_are_searched_by_the_address_of_the_lock():
    locked = CorePages(deadlock())
    assert locked.waits(text="0x4040e0")["total"] == 1
    assert [row["cycle"] for row in locked.waits(sort="in_cycle", descending=True)["rows"]][:3] == [
        True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "leads"),
    [
        ({"frames": [1, 0, 1]}, [("threads", 1, 1), ("threads", 1, 0)]),
        ({"threads": [2]}, [("threads", 2, 0)]),
        ({"waits": [0]}, [("locks", None, None)]),
        ({"modules": [1]}, [("modules", None, None)]),
        ({"secrets": [0]}, [("secrets", None, None)]),
        ({"frames": [10**6]}, []),
        ({}, []),
    ],
)
def test_a_finding_leads_to_its_proof(rows, leads):
    found = Finding("core.x", "likely", "high", "x", "Why.", rows)
    (row,) = CorePages(crash(3, found=[found])).findings()["rows"]
    given = [(one["tab"], one.get("thread"), one.get("frame")) for one in row["proofs"]]
    assert given == leads


def test_nothing_is_asked_of_a_core_without_threads():
    empty = CorePages(made([], mappings=[]))
    assert "No frames." in empty.stacks.drawn_story(900).svg()
    assert empty.graph()["cycles"] is False
    assert "no mappings" in json.dumps(empty.memory.memory())
