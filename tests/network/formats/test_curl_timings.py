"""curl's timings: labels as people choose them, JSON, many requests; phases that add up."""

import json

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import Corrupt
from prodforensics.network.tools.timing_reports import PHASES
from tests.network.tool_files import printed, printed_in_part, verdicts

TEXT = samples.path("network/curl.fast.txt").read_text()
FAST = json.loads(samples.path("network/curl.fast.json").read_text())


def phases(report):
    return report.frames["requests"][[f"{phase}_ns" for phase in PHASES]].values.tolist()


def request(**changes):
    return json.dumps({**FAST, "certs": "", **changes})


@pytest.mark.parametrize("case", ["fast", "slow_dns", "slow_tls", "slow_transfer"])
def test_the_phases_are_the_differences_of_curls_points_in_time(case):
    name = f"network/curl.{case}.json"
    times = [round(1e9 * time) for time in samples.truth(name)["times_s"].values()]
    report = pf.load(samples.path(name))
    assert phases(report) == [[b - a for a, b in zip([0, *times[:-1]], times, strict=True)]]
    spans = report.frames["phases"]
    assert spans["duration_ns"].sum() == times[-1]
    assert spans["share"].sum() == pytest.approx(1)


def test_the_form_of_the_field_with_its_remarks(tmp_path):
    report = printed(
        tmp_path,
        "# DNS: 0.015s\n# Connect: 0.045s\n# TLS: 0.120s <-- slow TLS handshake?\n"
        "# TTFB: 0.350s <-- server processing time\n# Total: 0.380s\n"
        .replace(" <", " # <")
        + "HTTP Code: 200\nSize: 12 bytes\n",
    )  # fmt: skip
    assert phases(report) == [[15_000_000, 30_000_000, 75_000_000, 230_000_000, 30_000_000]]
    assert verdicts(report) == [("network.curl_phase", "possible")]
    assert report.frames["requests"]["size_bytes"].tolist() == [12]


def test_remarks_without_a_sign_before_them(tmp_path):
    text = TEXT.replace("s\nTTFB", "s <-- slow TLS handshake?\nTTFB")
    assert phases(printed(tmp_path, text)) == phases(printed(tmp_path, TEXT))


def test_curls_own_names_and_labels_of_the_user(tmp_path):
    report = printed(
        tmp_path,
        "    time_namelookup:  0.001s\n       time_connect:  0.011s\n"
        "    time_appconnect:  0.000s\n   time_pretransfer:  0.011s\n"
        "      time_redirect:  0.000s\n time_starttransfer:  0.031s\n"
        "                    ----------\n         time_total:  0.032s\n"
        "url_effective: http://api.shop.example/\nPod: api-7\n",
    )
    assert phases(report) == [[1_000_000, 10_000_000, 0, 20_000_000, 1_000_000]]
    assert report.frames["requests"]["url"].tolist() == ["http://api.shop.example/"]
    assert report.frames["extras"][["label", "value"]].values.tolist() == [["Pod", "api-7"]]


def test_a_label_that_comes_again_begins_the_next_request(tmp_path):
    report = printed(tmp_path, TEXT * 3)
    assert report.frames["requests"]["line"].tolist() == [1, 8, 15]
    assert len(report.frames["phases"]) == 15


@pytest.mark.parametrize("text", ["{0}{0}", "{0}\n{0}\n", "[{0},{0}]"])
def test_several_objects_in_a_row(tmp_path, text):
    assert len(printed(tmp_path, text.replace("{0}", request())).requests) == 2


def test_one_slow_request_of_many_is_a_tail(tmp_path):
    slow = request(time_starttransfer=0.844, time_total=0.845)
    report = printed(tmp_path, "\n".join([*[request()] * 9, slow]))
    (finding,) = report.findings()
    assert (finding.rule, str(finding.verdict)) == ("network.curl_phase", "possible")
    assert finding.rows == {"requests": (9,), "phases": (48,)}
    assert verdicts(printed(tmp_path, "\n".join([request(), slow]))) == [
        ("network.curl_phase", "likely")
    ]


def test_a_phase_beside_the_other_requests(tmp_path):
    slow = request(time_appconnect=0.19, time_starttransfer=0.35, time_total=0.36)
    report = printed(tmp_path, "\n".join([*[request()] * 9, slow]))
    assert [finding.title.split(" takes")[0] for finding in report.findings()] == [
        "The TLS handshake", "The server's answer",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"exitcode": 6, "time_namelookup": 0}, "network.dns_failure"),
        ({"exitcode": 28, "time_namelookup": 0.01}, "network.service_down"),
        ({"exitcode": 60, "time_namelookup": 0.01, "time_connect": 0.02}, "network.tls_failure"),
        ({"exitcode": 52, "time_connect": 0.02}, "network.connection_reset"),
    ],
)
def test_where_a_request_failed(tmp_path, changes, finding):
    none = dict.fromkeys(("time_connect", "time_appconnect", "time_starttransfer", "http_code"), 0)
    text = request(**{**none, "time_total": 2.0, **changes})
    assert verdicts(printed(tmp_path, text)) == [(finding, "likely")]


def test_a_body_that_ends_early(tmp_path):
    report = printed(tmp_path, request(exitcode=18))
    assert verdicts(report) == [("network.partial_response", "likely")]


def test_secrets_of_urls_are_masked(tmp_path):
    url = "https://me:hunter22@api.shop.example/?token=abcdef123456"
    report = printed(tmp_path, request(url=url, url_effective=url))
    shown = report.frames["requests"]["url"].iloc[0]
    assert "hunter22" not in shown
    assert "abcdef123456" not in shown


@pytest.mark.parametrize("lines", range(1, 7))
def test_a_request_that_lacks_lines_is_told(tmp_path, lines):
    text = "".join(TEXT.splitlines(keepends=True)[:lines])
    report = printed_in_part(tmp_path, TEXT + text)
    assert len(report.gaps)
    assert printed_in_part(tmp_path, text, format="curl-timings").all_gaps()


def test_a_cut_object_leaves_those_before_it(tmp_path):
    report = printed_in_part(tmp_path, request() + request()[:200])
    assert len(report.requests) == 1
    with pytest.raises(Corrupt):
        printed(tmp_path, request()[:200], format="curl-timings")


def test_numbers_that_are_none(tmp_path):
    report = printed_in_part(tmp_path, '{"time_total": "soon"}' + request(remote_port=1e99))
    assert len(report.requests) == 1


def test_the_phase_that_became_slower():
    names = [f"network/curl.{case}.txt" for case in ("fast", "slow_connect")]
    comparison = pf.compare(*(pf.load(samples.path(name)) for name in names))
    assert [(one.rule, str(one.verdict)) for one in comparison.findings()] == [
        ("network.curl_phase", "likely"),
        ("network.tool_change", "possible"),
    ]
    assert "The TCP handshake became slower: 6.28 ms → 1.02 s" in str(comparison.findings())
