"""The findings of a comparison: each leak named once, and no false alarm."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

import prodforensics as pf
from prodforensics.findings import Finding, Verdict
from prodforensics.heap.growth import GrowthPoint
from prodforensics.heap.rules import RULES, judge
from tests.heap.tiny import TinyHeap, compared


def _scenarios() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entry in pf.samples.entries():
        if ".heapsnapshot" in entry["path"]:
            found.setdefault(entry["scenario"], []).append(entry["path"])
    return {scenario: sorted(paths) for scenario, paths in found.items()}


SCENARIOS = _scenarios()


@cache
def load(path: str) -> pf.Evidence:
    return pf.load(pf.samples.path(path))


def truth(scenario: str) -> dict:
    return pf.samples.truth(SCENARIOS[scenario][0])


def comparisons(*, leaking: bool) -> list[object]:
    """Every two snapshots that follow each other, and all of a scenario together."""
    found = []
    for scenario, paths in SCENARIOS.items():
        if (truth(scenario)["verdict"] == "likely") is not leaking or len(paths) < 2:
            continue
        together = [tuple(paths)] if len(paths) > 2 else []
        for chosen in [*pairwise(paths), *together]:
            name = "-".join(path.split(".")[1] for path in chosen)
            found.append(pytest.param(scenario, chosen, id=f"{scenario} {name}"))
    return found


# -- the recorded services ------------------------------------------------------------------------


@pytest.mark.parametrize(("scenario", "paths"), comparisons(leaking=True))
def test_the_leak_of_a_service_is_named_and_nothing_else(
    scenario: str, paths: tuple[str, ...]
) -> None:
    known = truth(scenario)
    comparison = pf.compare(*map(load, paths))
    [finding] = comparison.findings()
    assert (finding.rule, finding.verdict) == (known["pattern"], Verdict.LIKELY)
    told = " ".join([finding.title, finding.why])
    assert known["holder"] in told
    assert known["key_or_variable"] in told
    for name in known.get("captured", []):
        assert name in finding.why


@pytest.mark.parametrize(("scenario", "paths"), comparisons(leaking=True))
def test_the_proof_is_in_the_frames(scenario: str, paths: tuple[str, ...]) -> None:
    comparison = pf.compare(*map(load, paths))
    [finding] = comparison.findings()
    assert {"growth_points", "constructors", "added"} == set(finding.rows)
    for frame, labels in finding.rows.items():
        assert labels
        assert set(labels) <= set(comparison.frames[frame].index)
    [number] = finding.rows["growth_points"]
    point = comparison.frames["growth_points"].loc[number]
    assert f"heap.leak.{point['pattern']}" == finding.rule
    assert point["location"].endswith(tuple("0123456789"))
    assert point["location"] in finding.next_step


@pytest.mark.parametrize(("scenario", "paths"), comparisons(leaking=False))
def test_a_healthy_service_gives_no_alarm(scenario: str, paths: tuple[str, ...]) -> None:
    findings = pf.compare(*map(load, paths)).findings()
    assert not findings.likely, f"{scenario}: {findings}"


def test_growth_is_counted_by_request() -> None:
    for scenario, paths in SCENARIOS.items():
        known = truth(scenario)
        if known["verdict"] != "likely" or len(known.get("requests", [])) < 2:
            continue
        point = pf.compare(*map(load, paths[:2])).points[0].point
        each = round(point.gain / known["requests"][1])
        assert each in known["growth"].values(), scenario


def test_a_cache_that_fills_while_the_service_warms_up_is_possible_then_cleared() -> None:
    first, second, third = map(load, SCENARIOS["warmup"])
    filling = pf.compare(first, second).findings()
    assert {finding.verdict for finding in filling} == {Verdict.POSSIBLE}
    assert "pf.compare(first, second, third)" in filling[0].next_step
    assert len(pf.compare(second, third).findings()) == 0
    filled = pf.compare(first, second, third).findings()
    assert {finding.verdict for finding in filled} == {Verdict.CLEARED}
    assert "stopped growing" in filled[0].why


# -- when growth is a leak ------------------------------------------------------------------------


def point(*counts: int, kept: int | None = None) -> GrowthPoint:
    items = np.arange(1, dtype=np.uint32)
    kept = counts[0] if kept is None else kept
    return GrowthPoint(0, "Item", items, counts, (0,) * len(counts), kept, 1)


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ((500, 1000), "likely"),  # as much again
        ((100, 1100), "likely"),  # it held a tenth of its gain
        ((99, 1100), "possible"),  # it was nearly empty: it may be warming up
        ((0, 1000), "possible"),
        ((4, 7), "possible"),  # few, however large
        ((0, 500, 1000), "likely"),  # it was empty at first, and goes on growing
        ((4, 7, 10), "likely"),
        ((20, 1500, 1500), "cleared"),
        ((20, 1500, 1540), "cleared"),
        ((20, 1300, 1400), "possible"),  # ever more slowly
        ((500, 480, 1000), "possible"),  # it shrank in between
        ((500, 1000, 1500, 2000), "likely"),
    ],
)
def test_the_verdict_follows_the_counts(counts: tuple[int, ...], verdict: str) -> None:
    assert judge(point(*counts))[0] == verdict


def test_a_holder_that_lets_go_of_the_old_ones_is_only_possible() -> None:
    verdict, reason = judge(point(500, 1000, kept=200))
    assert verdict == "possible"
    assert "300 are gone" in reason


# -- wrong pairs ----------------------------------------------------------------------------------


def rules_of(findings: pf.Findings) -> list[str]:
    return [finding.rule for finding in findings]


def test_snapshots_of_two_processes_are_told_apart() -> None:
    comparison = pf.compare(load(SCENARIOS["cache"][0]), load(SCENARIOS["stream"][1]))
    assert rules_of(comparison.findings()) == ["heap.unrelated_snapshots"]
    assert "different processes" in comparison.headline()
    rows = comparison.frames["constructors"]
    assert (rows["count_delta"] == rows["count_after"] - rows["count_before"]).all()
    assert len(comparison.frames["growth_points"]) == 0


def test_snapshots_in_the_wrong_order_are_noticed() -> None:
    for paths in (SCENARIOS["cache"][::-1], [SCENARIOS["cache"][k] for k in (0, 2, 1)]):
        assert rules_of(pf.compare(*map(load, paths)).findings()) == ["heap.snapshots_out_of_order"]


# -- all of them ----------------------------------------------------------------------------------


def test_every_rule_says_what_it_does_and_carries_its_name() -> None:
    assert all(rule.__doc__ for rule in RULES)
    assert len({rule.rule for rule in RULES}) == len(RULES)


def leaking_pair(name: str) -> list[TinyHeap]:
    """An array below a global object that held 40 objects and holds 80, all called ``name``."""
    heaps = []
    for count in (40, 80):
        heap = TinyHeap()
        registry = heap.add(5, 3, "Registry", as_="registry")
        array = heap.add(7, registry, "Array", as_=name)
        for k in range(count):
            heap.add(9 + 2 * k, array, name, as_=k, size=64)
        heaps.append(heap)
    return heaps


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "{0}%s", "\x1b[31m", "a" * 10_000])
def test_names_of_the_program_are_only_shown(name: str) -> None:
    comparison = compared(leaking_pair(name))
    [finding] = comparison.findings()
    assert finding.verdict == "likely"
    assert "\x1b" not in finding.title + finding.why + finding.next_step
    assert len(finding.title) < 400
    assert "<script>" not in comparison.findings()._repr_mimebundle_()["text/html"]


def test_small_growth_is_passed_over() -> None:
    before, after = leaking_pair("Item")
    for id_ in range(9 + 2 * 50, 9 + 2 * 80, 2):
        del after.nodes[id_]  # 40 -> 50
    assert isinstance(compared([before, after]).findings(), pf.Findings)
    assert len(compared([before, after]).findings()) == 0


def test_findings_are_values() -> None:
    [finding] = compared(leaking_pair("Item")).findings()
    assert isinstance(finding, Finding)
    assert finding.as_dict()["rows"]["growth_points"] == [0]
