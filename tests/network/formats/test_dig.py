"""dig: questions, answers, errors, traces; several in one file."""

import pytest

from prodforensics import samples
from prodforensics.errors import Corrupt
from tests.network.tool_files import printed, printed_in_part, verdicts


def text(name):
    return samples.path(f"network/dig.{name}.txt").read_text()


def test_a_question_and_its_answer(tmp_path):
    report = printed(tmp_path, text("cname"))
    query = report.frames["queries"].iloc[0]
    assert (query["name"], query["type"], query["status"]) == (
        "www.shop.example.",
        "AAAA",
        "NOERROR",
    )
    assert (query["flags"], query["answers"], query["query_ns"]) == ("qr aa rd", 2, 8_000_000)
    assert (query["server"], query["protocol"], query["size_bytes"]) == (
        "10.20.0.20#53(10.20.0.20)", "UDP", 119,
    )  # fmt: skip
    records = report.frames["records"]
    assert records["data"].tolist() == ["api.shop.example.", "2001:db8:113::10"]
    assert records["ttl_ns"].tolist() == [60 * 10**9] * 2


def test_a_server_that_does_not_answer(tmp_path):
    query = printed(tmp_path, text("timeout")).frames["queries"].iloc[0]
    assert (query["status"], query["timeouts"]) == ("TIMEOUT", 2)
    assert (query["name"], query["server"]) == ("api.shop.example", "10.20.0.99")


def test_several_in_one_file(tmp_path):
    cases = ("timeout", "cname", "timeout", "nxdomain", "nodata")
    report = printed(tmp_path, "".join(map(text, cases)))
    statuses = report.frames["queries"]["status"].tolist()
    assert statuses == ["TIMEOUT", "NOERROR", "TIMEOUT", "NXDOMAIN", "NOERROR"]
    assert [verdict for _, verdict in verdicts(report)] == ["likely"] * 3 + ["possible"]


def test_a_trace_is_one_answer_after_the_other(tmp_path):
    report = printed(
        tmp_path,
        "\n; <<>> DiG 9.18 <<>> +trace shop.example\n;; global options: +cmd\n"
        ".\t\t\t87\tIN\tNS\ta.root.example.\n"
        ";; Received 239 bytes from 10.0.0.1#53(10.0.0.1) in 3 ms\n\n"
        "shop.example.\t\t60\tIN\tA\t203.0.113.10\n"
        ";; Received 56 bytes from 10.0.0.2#53(ns) in 2000 ms\n",
    )
    assert report.frames["queries"]["answers"].tolist() == [1, 1]
    assert verdicts(report) == [("network.dns_failure", "possible")]


def test_tries_before_an_answer_and_slow_answers(tmp_path):
    tried = ";; communications error to 10.20.0.20#53: timed out\n" + text("noerror")
    assert verdicts(printed(tmp_path, tried)) == [("network.dns_failure", "possible")]
    slow = text("noerror").replace("4 msec", "1204 msec")
    assert verdicts(printed(tmp_path, slow)) == [("network.dns_failure", "possible")]


def test_cookies_and_keys_are_not_kept(tmp_path):
    signed = text("noerror").replace("+tries=1", "-y hmac-sha256:me:c2VjcmV0c2VjcmV0 +tries=1")
    report = printed(tmp_path, signed)
    shown = "".join(frame.to_csv() for frame in report.frames.values())
    assert "c2VjcmV0" not in shown
    assert "e665053b0c323853" not in shown


def test_an_answer_that_is_cut_is_told(tmp_path):
    report = printed_in_part(tmp_path, text("cname") + text("noerror").partition(";; Query")[0])
    assert report.gaps["what"].tolist() == ["an answer that ends before its MSG SIZE"]
    with pytest.raises(Corrupt):
        printed(tmp_path, ";; communications error to 10.0.0.1#53: timed out\n", format="dig")
