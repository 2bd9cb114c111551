"""Findings are ordered, frozen values that can be kept, sent and shown."""

import copy
import json
import pickle

import numpy as np
import pytest

from prodforensics.findings import Finding, Findings, Severity, Verdict, rule, run
from tests.conftest import HOSTILE


def finding(verdict="likely", severity="high", name="demo.rule", **more):
    return Finding(name, verdict, severity, "12 timers leak", "They are never cleared.", **more)


def test_the_surest_and_gravest_come_first():
    found = Findings(
        [
            finding("cleared", "high"),
            finding("likely", "low"),
            finding("possible", "high"),
            finding("likely", "high"),
        ]
    )
    assert [(f.verdict, f.severity) for f in found] == [
        ("likely", "high"),
        ("likely", "low"),
        ("possible", "high"),
        ("cleared", "high"),
    ]
    assert len(found.likely) == 2
    assert len(found.of("cleared")) == len(found.of(Verdict.CLEARED)) == 1
    assert isinstance(found[:2], Findings)
    assert isinstance(found[0], Finding)


def test_rules_of_one_rank_keep_their_order():
    found = Findings([finding(name=name) for name in ("b", "a", "c")])
    assert [f.rule for f in found] == ["b", "a", "c"]


def test_a_finding_cannot_be_changed():
    one = finding(rows={"nodes": [1, 2]})
    with pytest.raises(AttributeError):
        one.title = "another"
    with pytest.raises(TypeError):
        one.rows["nodes"] = (3,)
    assert one.rows == {"nodes": (1, 2)}


def test_a_verdict_must_be_one_of_three():
    with pytest.raises(ValueError, match="sure"):
        finding("sure")
    assert finding().verdict is Verdict.LIKELY
    assert finding().severity is Severity.HIGH


@pytest.mark.parametrize("send", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_finding_travels(send):
    one = finding(rows={"nodes": [1, 2]}, next_step="snapshot.retainers(1)")
    assert send(one) == one
    assert send(Findings([one], subject="a")).frame.equals(Findings([one]).frame)


def test_findings_can_stand_in_a_set():
    assert len({finding(rows={"a": [1]}), finding(rows={"a": [1]}), finding("cleared")}) == 2


def test_as_plain_json_and_back():
    one = finding(rows={"nodes": np.array([1, 2]), "pairs": [("a", np.int64(3))], "names": ["x"]})
    back = Finding(**json.loads(json.dumps(one.as_dict())))
    assert back == one
    assert back.rows["pairs"] == (("a", 3),)


def test_the_frame_has_a_row_a_finding():
    found = Findings([finding(), finding("cleared")])
    assert found.frame.columns.tolist() == [
        "rule",
        "verdict",
        "severity",
        "title",
        "why",
        "next_step",
    ]
    assert found.frame["verdict"].tolist() == ["likely", "cleared"]
    assert Findings([]).frame.empty


def test_rules_run_in_order_on_the_evidence():
    @rule("demo.first")
    def first(evidence):
        yield finding(name="demo.first")

    @rule("demo.none")
    def none(evidence):
        return ()

    class Thing:
        title = "thing"

    found = run([none, first], Thing())
    assert [f.rule for f in found] == ["demo.first"]
    assert found.subject == "thing"


def test_hostile_strings_are_escaped_in_text_and_card():
    for text in HOSTILE:
        bundle = Findings([Finding("a.b", "likely", "low", text, text, next_step=text)])
        shown = bundle._repr_mimebundle_()
        assert not set(shown["text/plain"]) & set("\x1b\x07\x00\u202e")
        assert "<script>" not in shown["text/html"]
        assert "<img" not in shown["text/html"]
        assert not set(shown["text/html"]) & set("\x1b\x07\x00\u202e")
