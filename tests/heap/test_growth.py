"""Growth points: the object that holds the new ones, however they hang together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from prodforensics.heap.compare import HeapComparison
from prodforensics.heap.growth import LEAST_ITEMS
from prodforensics.heap.patterns import Recognised
from tests.heap.tiny import TinyHeap, compared

FEW, MANY = 40, 80

Grow = Callable[[TinyHeap, int, int], None]
"""Add an item to a heap: its number, and a free id (and nine more)."""


def grown(
    setup: Callable[[TinyHeap], None], grow: Grow, *counts: int, first: int = 0
) -> HeapComparison:
    """Compare a heap with ``counts[0]`` items with the same one with more, and so on."""
    heaps = []
    for count in counts:
        heap = TinyHeap()
        app = heap.add(5, 3, "App", as_="app")
        for k in range(10):  # some program around it
            heap.add(601 + 2 * k, app, "Part", as_=f"part{k}")
        setup(heap)
        for k in range(first, count):
            grow(heap, k, 1001 + 20 * k)
        heaps.append(heap)
    return compared(heaps)


def only(comparison: HeapComparison) -> Recognised:
    [point] = comparison.points
    return point


def array(heap: TinyHeap) -> None:
    heap.add(7, 5, "Array", as_="list")
    heap.nodes[9] = type(heap.nodes[7])(9, "array", "", 400)
    heap.link(7, 9, "internal", "elements")


def into_array(heap: TinyHeap, k: int, id_: int) -> None:
    heap.add(id_, 7, "Item", as_=k, size=64)


# -- what holds what ------------------------------------------------------------------------------


def test_a_list_that_grows_is_the_holder() -> None:
    one = only(grown(array, into_array, FEW, MANY))
    assert (one.holder_id, one.holder_name, one.item) == (7, "Array", "Item")
    assert one.variable == "App.list"
    assert one.path == "global.app (App).list → Array @7"
    assert one.point.counts == (FEW, MANY)
    assert one.point.kept == FEW
    assert one.point.new_objects == MANY - FEW
    assert one.point.growth == 64 * (MANY - FEW)


def test_items_are_counted_with_all_that_they_hold() -> None:
    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        into_array(heap, k, id_)
        heap.add(id_ + 2, id_, "Payload", as_="payload", size=100)
        heap.add(id_ + 4, id_ + 2, "Detail", as_="detail", size=20)

    point = only(grown(array, grow, FEW, MANY)).point
    assert point.gain == MANY - FEW
    assert point.new_objects == 3 * (MANY - FEW)
    assert point.growth == 184 * (MANY - FEW)


def test_a_table_that_is_made_anew_is_looked_through() -> None:
    def setup(heap: TinyHeap) -> None:
        heap.add(7, 5, "Map", as_="cache")

    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        table = 9 if k < FEW else 901
        if table not in heap.nodes:  # the larger table takes over what the smaller held
            held = heap.nodes.pop(9).edges if table == 901 else []
            heap.nodes[table] = type(heap.nodes[7])(table, "array", "", 400, edges=held)
            heap.nodes[7].edges = [("internal", "table", table)]
        heap.nodes[id_] = type(heap.nodes[7])(id_, name="Entry", size=64)
        heap.link(table, id_, "internal", str(k))

    one = only(grown(setup, grow, FEW, MANY))
    assert (one.holder_id, one.pattern) == (7, "unbounded_cache")
    assert one.point.counts == (FEW, MANY)


def test_a_linked_list_is_held_by_what_holds_its_head() -> None:
    def setup(heap: TinyHeap) -> None:
        heap.add(7, 5, "Queue", as_="queue")

    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        heap.add(id_, id_ - 20 if k else 7, "Link", as_="next" if k else "head", size=64)

    one = only(grown(setup, grow, FEW, MANY))
    assert (one.holder_id, one.item, one.point.counts) == (7, "Link", (FEW, MANY))
    assert one.variable == "App.queue.head"


def test_lists_in_a_list_are_no_chain() -> None:
    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        heap.add(id_, 7, "Array", as_=k, size=64)

    one = only(grown(array, grow, FEW, MANY))
    assert (one.holder_id, one.item) == (7, "Array")


def test_items_that_two_lists_share_are_reported_once_with_both() -> None:
    def setup(heap: TinyHeap) -> None:
        array(heap)
        heap.add(11, 5, "Array", as_="other")

    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        into_array(heap, k, id_)
        heap.link(11, id_, "element", k)

    one = only(grown(setup, grow, FEW, MANY))
    assert {one.variable, *one.also} == {"App.list", "App.other"}
    assert one.point.growth == 64 * (MANY - FEW)


def test_a_few_new_ones_each_of_many_holders_are_added_up() -> None:
    def setup(heap: TinyHeap) -> None:
        sessions = heap.add(7, 5, "Array", as_="sessions")
        for k in range(20):
            session = heap.add(21 + 4 * k, sessions, "Session", as_=k)
            heap.add(session + 2, session, "Array", as_="messages")

    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        heap.add(id_, 23 + 4 * (k % 20), "Message", as_=k, size=64)

    one = only(grown(setup, grow, FEW, MANY))
    assert (one.item, one.point.spread, one.point.counts) == ("Message", 20, (FEW, MANY))
    assert one.variable == "Session.messages"


def test_a_population_of_growing_objects_is_one_leak() -> None:
    def setup(heap: TinyHeap) -> None:
        sessions = heap.add(7, 5, "Array", as_="sessions")
        for k in range(20):
            session = heap.add(21 + 4 * k, sessions, "Session", as_=k)
            heap.add(session + 2, session, "Array", as_="messages")

    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        heap.add(id_, 23 + 4 * (k % 20), "Message", as_=k, size=64)

    one = only(grown(setup, grow, 20 * FEW, 20 * MANY))
    assert (one.point.spread, one.point.counts) == (20, (20 * FEW, 20 * MANY))


def test_two_lists_that_grow_are_two_leaks() -> None:
    def setup(heap: TinyHeap) -> None:
        array(heap)
        heap.add(11, 5, "Array", as_="other")

    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        into_array(heap, k, id_)
        heap.add(id_ + 2, 11, "Item", as_=k, size=32)

    points = grown(setup, grow, FEW, MANY).points
    assert [point.variable for point in points] == ["App.list", "App.other"]


def test_a_list_made_after_the_first_snapshot_is_found() -> None:
    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        if 907 not in heap.nodes:
            heap.add(907, 5, "Array", as_="late")
        heap.add(id_, 907, "Item", as_=k, size=64)

    one = only(grown(lambda heap: None, grow, 0, FEW, MANY))
    assert (one.holder_id, one.point.counts) == (907, (0, FEW, MANY))
    assert one.point.retained[0] == 0


# -- what is no growth ----------------------------------------------------------------------------


def test_what_comes_and_goes_is_no_growth() -> None:
    heaps = []
    for start in (0, 1000):
        heap = TinyHeap()
        heap.add(5, 3, "App", as_="app")
        array(heap)
        for k in range(MANY):
            into_array(heap, k, 1001 + 2 * (start + k))
        heaps.append(heap)
    assert compared(heaps).points == []


def test_code_and_other_matters_of_the_engine_are_no_growth() -> None:
    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        heap.add(id_, 5, "(compiled code)", as_=f"code{k}", type="code", size=500)

    assert grown(array, grow, FEW, MANY).points == []


def test_a_handful_is_no_growth() -> None:
    assert grown(array, into_array, FEW, FEW + LEAST_ITEMS - 1).points == []


def test_items_that_changed_their_class_are_no_growth() -> None:
    heaps = []
    for name in ("Early", "Late"):
        heap = TinyHeap()
        heap.add(5, 3, "App", as_="app")
        array(heap)
        for k in range(MANY):  # the old ones go, as many of another class come
            heap.add(1001 + 2 * k + (2 * MANY if name == "Late" else 0), 7, name, as_=k, size=64)
        heaps.append(heap)
    assert compared(heaps).points == []


# -- patterns that the samples do not have --------------------------------------------------------


def test_listeners_wrapped_by_once_are_named_by_the_listener() -> None:
    def setup(heap: TinyHeap) -> None:
        bus = heap.add(7, 5, "Bus", as_="bus")
        events = heap.add(9, bus, "Object", as_="_events")
        heap.add(11, events, "Array", as_="ready")

    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        wrapper = heap.add(id_, 11, "bound onceWrapper", as_=k, type="closure", size=64)
        heap.add(id_ + 2, wrapper, "onReady", as_="listener", type="closure")

    one = only(grown(setup, grow, FEW, MANY))
    assert one.pattern == "event_listener"
    assert one.details["event"] == "ready"
    assert (one.details["emitter"], one.details["function"]) == ("Bus", "onReady()")


def test_an_object_used_as_a_dictionary_is_a_cache() -> None:
    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        heap.add(id_, 7, "Entry", as_=f"key{k}", size=64)

    def setup(heap: TinyHeap) -> None:
        heap.add(7, 5, "Object", as_="byKey")

    one = only(grown(setup, grow, FEW, MANY))
    assert (one.pattern, one.variable) == ("unbounded_cache", "App.byKey")


def test_a_set_of_functions_is_a_matter_of_closures() -> None:
    def setup(heap: TinyHeap) -> None:
        heap.add(7, 5, "Set", as_="callbacks")
        heap.nodes[9] = type(heap.nodes[7])(9, "array", "", 400)
        heap.link(7, 9, "internal", "table")

    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        heap.nodes[id_] = type(heap.nodes[7])(id_, "closure", "notify", 64)
        heap.link(9, id_, "internal", str(k))
        scope = type(heap.nodes[7])(id_ + 2, name="system / Context")
        heap.nodes[id_ + 2] = scope
        heap.link(id_, id_ + 2, "internal", "context")
        heap.add(id_ + 4, id_ + 2, "User", as_="user")
        scope.edges = [("context", "user", id_ + 4)]

    one = only(grown(setup, grow, FEW, MANY))
    assert (one.pattern, one.item) == ("closure", "notify()")
    assert one.details["captured"] == "user"


def test_the_values_of_a_weak_map_are_not_blamed_on_it() -> None:
    def setup(heap: TinyHeap) -> None:
        array(heap)  # of the keys
        heap.add(11, 5, "WeakMap", as_="notes")
        heap.nodes[13] = type(heap.nodes[7])(13, "array", "", 400)
        heap.link(11, 13, "internal", "table")

    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        into_array(heap, k, id_)
        heap.nodes[id_ + 2] = type(heap.nodes[7])(id_ + 2, name="Note", size=500)
        heap.link(13, id_, "weak", str(k))
        pair = f"{k} / part of key (Item @{id_}) -> value (Note @{id_ + 2}) pair in WeakMap"
        for source in (id_, 13):
            heap.link(source, id_ + 2, "internal", f"{pair} (table @13)")

    one = only(grown(setup, grow, FEW, MANY))
    assert (one.holder_id, one.item) == (7, "Item")


@pytest.mark.parametrize(
    ("buffer", "state", "side"),
    [
        ("<symbol kBufferedValue>", "_writableState", "writable"),
        ("buffered", "_writableState", "writable"),
        ("buffer", "_readableState", "readable"),
    ],
)
def test_streams_of_every_version_are_known(buffer: str, state: str, side: str) -> None:
    def setup(heap: TinyHeap) -> None:
        stream = heap.add(7, 5, "Upload", as_="upload")
        state_ = heap.add(9, stream, "State", as_=state)
        heap.add(11, state_, "Array", as_=buffer)

    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        heap.add(id_, 11, "Chunk", as_=k, size=64)

    one = only(grown(setup, grow, FEW, MANY))
    assert one.pattern == "stream_backpressure"
    assert one.details == {"stream": "Upload", "side": side}


def test_the_list_of_requests_of_old_streams_is_known() -> None:
    def setup(heap: TinyHeap) -> None:
        stream = heap.add(7, 5, "Upload", as_="upload")
        heap.add(9, stream, "WritableState", as_="_writableState")

    def grow(heap: TinyHeap, k: int, id_: int) -> None:
        as_ = "next" if k else "bufferedRequest"
        heap.add(id_, id_ - 20 if k else 9, "Request", as_=as_, size=64)

    assert only(grown(setup, grow, FEW, MANY)).pattern == "stream_backpressure"


def test_an_array_of_numbers_grows_by_its_own_size() -> None:
    heaps = []
    for size in (200_000, 400_000, 600_000):
        heap = TinyHeap()
        heap.add(5, 3, "App", as_="app")
        heap.add(7, 5, "Array", as_="latencies", size=size)
        heaps.append(heap)
    one = only(compared(heaps))
    assert (one.variable, one.point.counts) == ("App.latencies", (200_000, 400_000, 600_000))
    assert compared(heaps).findings()[0].verdict == "likely"
    assert compared(heaps[:2]).findings()[0].verdict == "possible"


def test_the_table_of_a_weak_map_may_grow() -> None:
    heaps = []
    for size in (100_000, 300_000):
        heap = TinyHeap()
        heap.add(5, 3, "App", as_="app")
        array(heap)
        into_array(heap, 0, 1001)
        heap.add(11, 5, "WeakMap", as_="notes", size=size)
        heap.nodes[13] = type(heap.nodes[7])(13, "array", "", 400)
        heap.link(11, 13, "internal", "table")
        heap.link(13, 1001, "weak", "0")
        heaps.append(heap)
    assert compared(heaps).points == []
