"""What the findings say of every capture is what is known to be wrong on its network."""

from functools import cache

import pytest

import prodforensics as pf
from prodforensics.findings import Verdict
from prodforensics.network.rules import RULES

CAPTURES = [one["path"] for one in pf.samples.entries() if one["format"] in ("pcap", "pcapng")]
FAULTY = [name for name in CAPTURES if pf.samples.truth(name)["rule"]]

OF_A_STREAM = [name for name in FAULTY if pf.samples.truth(name)["stream"] is not None]
SECRET = [name for name in CAPTURES if "never_shown" in pf.samples.truth(name)]


def one_worker_each(names):
    """Let what is asked of one capture run in one process, which loads it once."""
    return [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names]


@cache
def loaded(name):
    """Load a sample once: its findings are kept with it."""
    return pf.load(pf.samples.path(name))


def test_there_is_a_capture_for_every_rule():
    assert {pf.samples.truth(name)["rule"] for name in FAULTY} == {one.rule for one in RULES}


@pytest.mark.parametrize("name", one_worker_each(CAPTURES))
def test_what_is_wrong_is_likely_and_nothing_else(name):
    truth = pf.samples.truth(name)
    found = loaded(name).findings()
    wanted = {*([truth["rule"]] if truth["verdict"] == "likely" else []), *truth.get("also", [])}
    assert {one.rule for one in found.likely} == wanted


@pytest.mark.parametrize("name", one_worker_each(FAULTY))
def test_the_fault_is_found_with_its_verdict(name):
    truth = pf.samples.truth(name)
    found = loaded(name).findings()
    verdicts = [one.verdict for one in found if one.rule == truth["rule"]]
    assert verdicts[:1] == [Verdict(truth["verdict"])]


@pytest.mark.parametrize("name", one_worker_each(OF_A_STREAM))
def test_the_finding_names_the_connection(name):
    truth = pf.samples.truth(name)
    capture = loaded(name)
    first = next(one for one in capture.findings() if one.rule == truth["rule"])
    assert truth["stream"] in first.rows["connections"]
    assert f"tcp.stream eq {first.rows['connections'][0]}" in first.next_step


@pytest.mark.parametrize("name", one_worker_each(CAPTURES))
def test_every_finding_points_at_rows_that_are_there(name):
    capture = loaded(name)
    for finding in capture.findings():
        assert finding.rows
        for frame, labels in finding.rows.items():
            assert set(labels) <= set(capture.frames[frame].index)


@pytest.mark.parametrize("name", one_worker_each(SECRET))
def test_no_secret_is_told(name):
    secrets = pf.samples.truth(name)["never_shown"]
    capture = loaded(name)
    said = repr([one.as_dict() for one in capture.findings()]) + capture.findings().frame.to_csv()
    assert [secret for secret in secrets if secret in said] == []
