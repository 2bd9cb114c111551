"""The trend: what grows between every two snapshots."""

from __future__ import annotations

import prodforensics as pf
from tests.heap.tiny import TinyHeap, compared


def heaps(**counts: tuple[int, ...]) -> list[TinyHeap]:
    """One heap a column: so many objects of each class, in an array of its own."""
    made = []
    for step in range(len(next(iter(counts.values())))):
        heap = TinyHeap()
        for place, (name, row) in enumerate(counts.items()):
            array = heap.add(5 + 2 * place, 3, "Array", as_=name)
            for k in range(row[step]):
                heap.add(1001 + 20 * k + 2 * place, array, name, as_=k, size=64)
        made.append(heap)
    return made


def test_classes_and_holders_that_grow_every_time_have_a_row_for_each_snapshot() -> None:
    trend = compared(heaps(Leak=(50, 80, 120), Filled=(5, 90, 90))).frames["trend"]
    assert trend["name"].unique().tolist() == ["Leak", "global.Leak: Leak"]
    holder = trend[trend["kind"] == "holder"]
    assert holder["snapshot"].tolist() == [1, 2, 3]
    assert holder["count"].tolist() == [50, 80, 120]
    assert holder["retained_size_bytes"].diff().dropna().tolist() == [30 * 64, 40 * 64]
    assert holder["key"].unique().tolist() == ["@5"]


def test_the_largest_growth_comes_first() -> None:
    trend = compared(heaps(Small=(50, 60, 70), Large=(50, 90, 150))).frames["trend"]
    assert trend["name"].drop_duplicates().tolist()[:2] == ["Large", "Small"]


def test_what_stays_has_no_trend() -> None:
    assert len(compared(heaps(Item=(50, 50, 50))).frames["trend"]) == 0


def test_the_trend_of_a_leaking_service_names_the_leak() -> None:
    names = [f"heap/listeners.{k}.heapsnapshot.zst" for k in (1, 2, 3)]
    trend = pf.compare(*[pf.load(pf.samples.path(name)) for name in names]).frames["trend"]
    watch = trend[trend["name"] == "Watch"]
    assert watch["count"].tolist() == [400, 800, 1200]
    [holder] = trend[trend["kind"] == "holder"]["name"].unique()
    assert holder == "OrderFeed 'order:updated': onOrderUpdated()"
