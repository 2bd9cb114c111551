"""Every recorded output of a tool gives the verdict that its label says."""

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics._reference import resolve
from prodforensics.formats import formats
from prodforensics.network.tools.tool_reports import ToolReport

TOOLS = [
    entry
    for entry in samples.entries()
    if entry["investigation"] == "network"
    and entry["format"] in formats()
    and issubclass(resolve(formats()[entry["format"]].model), ToolReport)
]


@pytest.mark.parametrize("entry", TOOLS, ids=lambda entry: entry["path"])
def test_the_verdict_is_that_of_the_label(entry):
    truth = entry["ground_truth"]
    found = [
        (one.rule, str(one.verdict)) for one in pf.load(samples.path(entry["path"])).findings()
    ]
    serious = {verdict for _, verdict in found} - {"cleared"}
    if truth["verdict"] is None:
        assert not serious, found
    else:
        assert (truth["rule"], truth["verdict"]) in found
    if truth["verdict"] != "likely":
        assert "likely" not in serious, found


@pytest.mark.parametrize("entry", TOOLS, ids=lambda entry: entry["path"])
def test_findings_point_at_lines_of_the_file(entry):
    report = pf.load(samples.path(entry["path"]))
    text = samples.path(entry["path"]).read_text()
    for finding in report.findings():
        assert finding.rows
        for frame, rows in finding.rows.items():
            lines = report.frames[frame].loc[list(rows), "line"]
            assert lines.between(1, text.count("\n") + 1).all()
