"""The pictures of a core: stacks, the wait-for graph, the memory map."""

from __future__ import annotations

import pytest

from prodforensics import report
from prodforensics.core.explorer.memory_map import draw_memory, ranges
from prodforensics.core.explorer.pages import CorePages
from prodforensics.core.explorer.stack_frames import Stack, folded
from prodforensics.core.explorer.wait_layout import BOX, TALL, components, placed
from tests.conftest import HOSTILE
from tests.core.explorer.made_core import crash, deadlock, made, mapping, thread, wait
from tests.tags import Tags


def graph_of(threads):
    return CorePages(made(threads)).wait_graph


def boxes(graph):
    """Place every box; no two of a component may overlap."""
    for group in components(graph):
        found = placed(graph, group)
        assert set(found) == set(group)
        corners = sorted(found.values())
        for place, (x, y) in enumerate(corners):
            for left, top in corners[place + 1 :]:
                assert abs(left - x) >= BOX or abs(top - y) >= TALL, found
        yield found


@pytest.mark.parametrize(
    ("functions", "times"),
    [
        ("abcd", [1]),
        ("aaab", [3, 1]),
        ("xababababy", [1, 4, 1]),
        ("abcabcabc", [3]),
        ("abab", [1]),  # twice is no recursion yet
        ("", []),
    ],
)
def test_recursions_are_folded(functions, times):
    folds = folded(functions)
    assert [fold.times for fold in folds] == times
    covered = [place for fold in folds for place in range(fold.start, fold.end)]
    assert covered == list(range(len(functions)))


def test_an_overflown_stack_is_told_in_a_few_rows():
    stack = ["memset"] + ["visit", "walk"] * 5000 + ["main"]
    drawn = CorePages(made([thread(1, stack, crashed=True)])).stacks.drawn_story(900)
    assert drawn.height < 400
    assert "these 2 frames 5,000 times in a row: 10,000 frames" in drawn.svg()
    assert "#10001" in drawn.svg()


def test_a_long_stack_says_how_many_frames_are_left_out():
    stack = [f"f{n}" for n in range(100)]
    svg = CorePages(made([thread(1, stack, crashed=True)])).stacks.drawn_story(900, 30).svg()
    assert "#29" in svg
    assert "#30 " not in svg
    assert "… 70 more frames" in svg


def test_frames_without_a_name_are_alike_only_at_one_address():
    core = made([thread(1, ["", "", "", "", "main"], crashed=True)])
    assert [fold.times for fold in Stack(core.frames["frames"], 1).folds()] == [1]


def test_a_deadlock_is_a_ring_with_its_crowd_beside_it():
    graph = CorePages(deadlock(500)).wait_graph
    assert graph.cycles
    assert sorted(key for key, node in graph.nodes.items() if node.in_cycle) == [
        "l0x4040a0", "l0x4040e0", "t1", "t2",
    ]  # fmt: skip
    (crowd,) = [node for node in graph.nodes.values() if len(node.threads) > 1]
    assert len(crowd.threads) == 500
    (found,) = boxes(graph)
    assert len({x for x, _ in found.values()}) == 2


def test_a_few_waiters_stay_threads():
    graph = graph_of([thread(n, ["f"], waits=wait(0x10, 9)) for n in (1, 2, 3)] + [thread(9, [])])
    assert {node.title for node in graph.nodes.values()} == {
        "0x10", "thread 1", "thread 2", "thread 3", "thread 9",
    }  # fmt: skip
    assert not graph.cycles
    list(boxes(graph))


def test_five_philosophers_and_a_chain_behind_them():
    ring = [thread(n, ["f"], waits=wait(0x100 + n, n % 5 + 1, cycle=True)) for n in range(1, 6)]
    chain = [
        thread(10 + n, ["f"], waits=wait(0x200 + n, 9 + n if n > 1 else 3)) for n in range(1, 5)
    ]
    chain += [thread(n, ["f"], waits=wait(0x204, 13)) for n in range(20, 30)]
    (found,) = boxes(graph_of(ring + chain))
    assert len(found) == 10 + 4 + 3 + 1


def test_a_thread_that_waits_for_itself_and_one_that_joins():
    graph = graph_of(
        [
            thread(1, ["f"], waits=wait(0x10, 1, cycle=True)),
            thread(2, ["f"], waits=wait(None, 1, kind="join")),
        ]
    )
    list(boxes(graph))
    assert ("t2", "t1", "join") in {(e.source, e.target, e.words) for e in graph.edges}


def test_what_nobody_holds_is_counted_and_not_drawn():
    graph = graph_of(
        [thread(n, ["f"], waits=wait(0x10, kind="condition")) for n in range(1, 8)]
        + [thread(8, ["f"], waits=wait(None, kind="futex"))]
    )
    assert graph.elsewhere == {"condition": 7, "futex": 1}
    assert not graph.nodes


def test_a_thousand_locks_are_drawn_in_part():
    graph = graph_of([thread(n, ["f"], waits=wait(16 * n, 5000 + n)) for n in range(1, 1000)])
    assert len(graph.nodes) <= 63
    assert graph.left_out > 900


def test_mappings_of_one_file_are_one_range_and_parts_are_told():
    given = ranges(crash(1).frames["mappings"])
    assert [(one.name, one.mappings) for one in given] == [
        ("orders", 3), ("[heap]", 1), ("libc.so.6", 1), ("anonymous", 1), ("[stack]", 1),
    ]  # fmt: skip
    svg = draw_memory(given, 900).svg()
    assert "12.3 MB, 8.19 MB in the core, 4.10 MB cut off" in svg
    assert "not written" in svg


def test_a_map_of_many_mappings_stays_within_its_width():
    many = [mapping(1 << 20 | n << 13, 1, "file", f"/lib/{n}.so") for n in range(2000)]
    given = ranges(made([], mappings=many).frames["mappings"])
    assert sum(one.mappings for one in given) == 2000
    drawn = draw_memory(given, 700)
    rights = [
        shape.attributes["x"] + shape.attributes["width"]
        for part in drawn.parts
        for shape in part.shapes
        if shape.tag == "rect"
    ]
    assert max(rights) <= 701


@pytest.mark.parametrize("core", [crash(20), deadlock()], ids=["crash", "deadlock"])
def test_twin_and_report_need_no_scripts(core):
    for html in (core.show().static_html(), report.render([core])):
        page = Tags(html)
        assert not page.handlers
        assert "script" not in page.names
        assert "svg" in page.names


def test_names_stay_text():
    for words in HOSTILE:
        core = made([thread(1, [words, "main"], name=words, crashed=True, waits=wait(1, 1))])
        page = Tags(report.render([core]))
        assert not page.handlers
        assert not {"script", "img"} & set(page.names)
