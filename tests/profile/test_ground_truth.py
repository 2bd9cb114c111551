"""What the findings say of every sample is what is known to be wrong in its program."""

import pytest

import prodforensics as pf
from prodforensics.findings import Verdict

PROFILES = [one["path"] for one in pf.samples.entries() if one["investigation"] == "profile"]
FAULTY = [
    name
    for name in PROFILES
    if pf.samples.truth(name).get("rule") and "symbols" not in pf.samples.truth(name)
]
SERIES = [name for name in PROFILES if pf.samples.truth(name).get("fault") == "creep"]
ELSEWHERE = [name for name in PROFILES if "symbols" in pf.samples.truth(name)]
"""Their functions have names only on the machine that recorded them."""
SOUND = [
    name
    for name in PROFILES
    if pf.samples.truth(name).get("verdict") is None and name not in (*SERIES, *ELSEWHERE)
]
PAIRED = ("profile.heap_growth",)
"""Rules that speak of two profiles."""


@pytest.mark.parametrize("name", SOUND)
def test_where_nothing_is_wrong_or_to_be_seen_nothing_is_likely(name):
    assert not pf.load(pf.samples.path(name)).findings().likely


@pytest.mark.parametrize("name", [n for n in FAULTY if pf.samples.truth(n)["rule"] not in PAIRED])
def test_the_fault_is_found_and_nothing_else_is_likely(name):
    truth, found = pf.samples.truth(name), pf.load(pf.samples.path(name)).findings()
    wanted = [one for one in found if one.rule == truth["rule"]]
    assert [str(one.verdict) for one in wanted][:1] == [truth["verdict"]]
    if truth["rule"] != "profile.gc_pressure":
        assert truth.get("seen_in", truth["function"]) in wanted[0].title
    assert {one.rule for one in found.likely} <= {truth["rule"]}


def test_a_series_shows_what_creeps_up():
    trend = pf.compare(*[pf.load(pf.samples.path(name)) for name in SERIES]).frames["trend"]
    truth = pf.samples.truth(SERIES[0])["function"]
    steepest = trend.sort_values("self_slope", ascending=False)["function"].iloc[0]
    assert steepest == truth


def test_every_finding_points_at_rows_that_are_there():
    for name in FAULTY:
        profile = pf.load(pf.samples.path(name))
        for finding in profile.findings():
            for frame, labels in finding.rows.items():
                assert set(labels) <= set(profile.frames[frame].index)
            if finding.verdict == Verdict.LIKELY and finding.rule == "profile.hot_function":
                assert finding.rows["functions"]
