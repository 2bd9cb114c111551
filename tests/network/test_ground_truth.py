"""What the findings say of every capture is what is known to be wrong on its network."""

import pytest

import prodforensics as pf
from prodforensics.findings import Verdict
from prodforensics.network.rules import RULES

CAPTURES = [one["path"] for one in pf.samples.entries() if one["format"] in ("pcap", "pcapng")]
FAULTY = [name for name in CAPTURES if pf.samples.truth(name)["rule"]]

SECRET = [name for name in CAPTURES if "never_shown" in pf.samples.truth(name)]


def test_there_is_a_capture_for_every_rule():
    assert {pf.samples.truth(name)["rule"] for name in FAULTY} == {one.rule for one in RULES}


@pytest.mark.parametrize("name", CAPTURES)
def test_what_is_wrong_is_likely_and_nothing_else(name):
    truth = pf.samples.truth(name)
    found = pf.load(pf.samples.path(name)).findings()
    wanted = {*([truth["rule"]] if truth["verdict"] == "likely" else []), *truth.get("also", [])}
    assert {one.rule for one in found.likely} == wanted


@pytest.mark.parametrize("name", FAULTY)
def test_the_fault_is_found_with_its_verdict(name):
    truth = pf.samples.truth(name)
    found = pf.load(pf.samples.path(name)).findings()
    verdicts = [one.verdict for one in found if one.rule == truth["rule"]]
    assert verdicts[:1] == [Verdict(truth["verdict"])]


@pytest.mark.parametrize(
    "name", [one for one in FAULTY if pf.samples.truth(one)["stream"] is not None]
)
def test_the_finding_names_the_connection(name):
    truth = pf.samples.truth(name)
    capture = pf.load(pf.samples.path(name))
    first = next(one for one in capture.findings() if one.rule == truth["rule"])
    assert truth["stream"] in first.rows["connections"]
    assert f"tcp.stream eq {first.rows['connections'][0]}" in first.next_step


@pytest.mark.parametrize("name", CAPTURES)
def test_every_finding_points_at_rows_that_are_there(name):
    capture = pf.load(pf.samples.path(name))
    for finding in capture.findings():
        assert finding.rows
        for frame, labels in finding.rows.items():
            assert set(labels) <= set(capture.frames[frame].index)


@pytest.mark.parametrize("name", SECRET)
def test_no_secret_is_told(name):
    secrets = pf.samples.truth(name)["never_shown"]
    capture = pf.load(pf.samples.path(name))
    said = repr([one.as_dict() for one in capture.findings()]) + capture.findings().frame.to_csv()
    assert [secret for secret in secrets if secret in said] == []
