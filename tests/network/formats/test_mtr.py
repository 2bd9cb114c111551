"""mtr's reports: text as its versions write it, JSON, CSV; whole, repeated, annotated, cut."""

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import Corrupt
from tests.network.tool_files import printed, printed_in_part, verdicts

TEXT = samples.path("network/mtr.loss.txt").read_text()
CSV = samples.path("network/mtr.loss.csv").read_text()
JSON = samples.path("network/mtr.loss.json").read_text()


@pytest.mark.parametrize("form", ["txt", "json", "csv"])
def test_a_hop_has_its_numbers_in_integer_units(form):
    hops = pf.load(samples.path(f"network/mtr.healthy.{form}")).frames["hops"]
    assert hops["host"].tolist() == ["192.0.2.2", "198.51.100.2", "203.0.113.2", "10.30.0.2"]
    assert hops["sent"].tolist() == [40] * 4
    assert hops["average_ns"].between(5e5, 31e6).all()
    assert (hops["best_ns"] <= hops["average_ns"]).all()
    assert (hops["average_ns"] <= hops["worst_ns"]).all()


def test_losses_are_those_that_the_csv_counts(tmp_path):
    hops = printed(tmp_path, CSV).frames["hops"]
    assert hops["lost"].tolist() == [0, 0, 7, 5]
    assert hops["loss_percent"].tolist() == [0.0, 0.0, 17.5, 12.5]


def test_a_report_in_a_comment_with_notes_is_read(tmp_path):
    report = printed(
        tmp_path,
        "# HOST Loss% Snt Last Avg Best Wrst StDev\n"
        "# 1. gateway.local 0.0% 100 0.5 0.6 0.3 1.2 0.2\n"
        "# 2. isp-router.net 0.0% 100 5.2 5.1 4.8 6.3 0.3\n"
        "# 3. backbone.carrier 2.0% 100 15.3 14.8 14.1 20.3 1.5 # <-- packet loss\n"
        "# 4. api.example.com 2.0% 100 18.2 17.9 17.1 22.5 1.2\n",
    )
    assert report.frames["hops"]["average_ns"].tolist() == [
        600_000,
        5_100_000,
        14_800_000,
        17_900_000,
    ]
    (finding,) = report.findings()
    assert (
        finding.title == "2 % of the packets are lost between isp-router.net and backbone.carrier"
    )
    assert finding.rows == {"hops": (2, 3)}


def test_other_columns_equal_paths_and_systems_are_read(tmp_path):
    hops = printed(
        tmp_path,
        "Start: Tue Aug 26 10:00:00 2025\n"
        "HOST: web-1          Loss%   Drop   Rcv   Snt  Avg Jttr\n"
        "  1. AS64500  10.0.0.1  10.0%      1     9    10  1.5  0.1\n"
        "    |  `|-- 10.0.0.9\n"
        "    |   |-- 10.0.0.8\n"
        "  2.|-- ???           100.0     10     0    10  0.0  0.0\n",
    ).frames["hops"]
    assert hops["host"].tolist() == ["AS64500  10.0.0.1", "???"]
    assert hops["other_hosts"].tolist() == ["10.0.0.9, 10.0.0.8", ""]
    assert hops["lost"].tolist() == [1, 10]
    assert hops["average_ns"].isna().tolist() == [False, True]


@pytest.mark.parametrize("text", [TEXT, JSON, CSV])
def test_several_runs_in_one_file(tmp_path, text):
    report = printed(tmp_path, text + text)
    assert report.frames["runs"]["hops"].tolist() == [4, 4]
    assert report.frames["hops"]["run"].tolist() == [0] * 4 + [1] * 4
    assert len(report.findings().likely) == 2


def test_a_json_array_of_runs(tmp_path):
    assert len(printed(tmp_path, f"[{JSON},\n{JSON}]").runs) == 2


def test_silent_hops_before_one_that_answers_are_cleared(tmp_path):
    report = printed(
        tmp_path,
        "HOST: a      Loss%   Snt   Last   Avg  Best  Wrst StDev\n"
        "  1.|-- ???  100.0    10    0.0   0.0   0.0   0.0   0.0\n"
        "  2.|-- b     0.0%    10    1.0   1.0   1.0   1.0   0.0\n",
    )
    assert verdicts(report) == [("network.mtr_loss", "cleared")]


def test_a_destination_that_answers_nothing_may_only_filter(tmp_path):
    report = printed(
        tmp_path,
        "HOST: a      Loss%   Snt   Last   Avg  Best  Wrst StDev\n"
        "  1.|-- b     0.0%    10    1.0   1.0   1.0   1.0   0.0\n"
        "  2.|-- ???  100.0    10    0.0   0.0   0.0   0.0   0.0\n"
        "  3.|-- ???  100.0    10    0.0   0.0   0.0   0.0   0.0\n",
    )
    (finding,) = report.findings()
    assert finding.verdict == "possible"
    assert finding.title == "Nobody answers behind b (hop 2 and on)"
    assert finding.rows == {"hops": (1, 2)}


def test_one_lost_probe_is_no_proof_and_one_of_a_thousand_is_nothing(tmp_path):
    def loses(sent, percent):
        return printed(
            tmp_path,
            "HOST: a      Loss%   Snt   Last   Avg  Best  Wrst StDev\n"
            f"  1.|-- b    {percent}%    {sent}    1.0   1.0   1.0   1.0   0.0\n",
        )

    assert verdicts(loses(10, 10.0)) == [("network.mtr_loss", "possible")]
    assert verdicts(loses(1000, 0.1)) == []
    assert verdicts(loses(1000, 2.0)) == [("network.mtr_loss", "likely")]


def test_loss_on_a_limited_hop_and_real_loss_behind_it_are_told_apart(tmp_path):
    report = printed(
        tmp_path,
        "HOST: a      Loss%   Snt   Last   Avg  Best  Wrst StDev\n"
        "  1.|-- b    60.0%   100    1.0   1.0   1.0   1.0   0.0\n"
        "  2.|-- c     0.0%   100    1.0   1.0   1.0   1.0   0.0\n"
        "  3.|-- d    10.0%   100    1.0   1.0   1.0   1.0   0.0\n",
    )
    assert [(str(f.verdict), f.rows["hops"]) for f in report.findings()] == [
        ("likely", (2,)),
        ("cleared", (0,)),
    ]


def test_lines_that_are_none_and_a_cut_are_gaps(tmp_path):
    report = printed_in_part(tmp_path, TEXT[:-30] + "\nwhat is this\n")
    assert report.gaps["line"].tolist() == [6, 7]
    assert len(report.runs[0].hops) == 3


def test_a_cut_json_keeps_the_runs_before_it(tmp_path):
    report = printed_in_part(tmp_path, JSON + JSON[:300])
    assert len(report.runs) == 1
    with pytest.raises(Corrupt):
        printed(tmp_path, JSON[:300])


def test_a_comparison_has_loss_and_round_trip_of_every_hop():
    healthy, loss = (pf.load(samples.path(f"network/mtr.{one}.csv")) for one in ("healthy", "loss"))
    comparison = pf.compare(healthy, loss)
    changes = comparison.frames["changes"].set_index("measure")
    assert changes.loc["hop 3: 203.0.113.2: loss", ["before", "after"]].tolist() == [0.0, 17.5]
    (finding,) = comparison.findings()
    assert finding.rule == "network.tool_change"
    assert "203.0.113.2: loss: 0 % → 17.5 %" in finding.title
    assert not pf.compare(healthy, healthy).findings()
