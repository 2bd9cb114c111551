"""What the findings say of every sample is what is known to be wrong in its program."""

import pytest

import prodforensics as pf
from prodforensics.findings import Verdict

PROFILES = [one["path"] for one in pf.samples.entries() if one["investigation"] == "profile"]
FAULTY = [name for name in PROFILES if pf.samples.truth(name).get("rule") is not None]
SOUND = [name for name in PROFILES if pf.samples.truth(name).get("verdict") is None]
PAIRED = ("profile.heap_growth",)
"""Rules that speak of two profiles."""


@pytest.mark.parametrize("name", SOUND)
def test_where_nothing_is_wrong_or_to_be_seen_nothing_is_likely(name):
    if pf.samples.truth(name).get("fault") == "creep":
        pytest.skip("each file of the series shows the function a little hotter")
    assert not pf.load(pf.samples.path(name)).findings().likely


@pytest.mark.parametrize("name", [n for n in FAULTY if pf.samples.truth(n)["rule"] not in PAIRED])
def test_the_fault_is_found_and_nothing_else_is_likely(name):
    truth, found = pf.samples.truth(name), pf.load(pf.samples.path(name)).findings()
    wanted = [one for one in found if one.rule == truth["rule"]]
    assert [str(one.verdict) for one in wanted][:1] == [truth["verdict"]]
    if truth["rule"] != "profile.gc_pressure":
        assert truth["function"] in wanted[0].title
    assert {one.rule for one in found.likely} <= {truth["rule"]}


def test_every_finding_points_at_rows_that_are_there():
    for name in FAULTY:
        profile = pf.load(pf.samples.path(name))
        for finding in profile.findings():
            for frame, labels in finding.rows.items():
                assert set(labels) <= set(profile.frames[frame].index)
            if finding.verdict == Verdict.LIKELY and finding.rule == "profile.hot_function":
                assert finding.rows["functions"]
