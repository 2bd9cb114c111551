"""The Python of the README and of the guide runs, on the samples under the names that it uses."""

from __future__ import annotations

import doctest
import re
import shutil
from pathlib import Path

import pytest

import prodforensics as pf
from prodforensics.formats import Probe
from prodforensics.source import Source

ROOT = Path(__file__).parents[2]


def _blocks(page: str) -> list[str]:
    """Return the Python blocks of a page, but for sessions with output."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.findall(r"^ *```python\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [block for block in found if ">>>" not in block]


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the examples load; a packed file is recognised by its bytes."""
    files = {
        "before.heapsnapshot": "heap/listeners.1.heapsnapshot.zst",
        "after.heapsnapshot": "heap/listeners.2.heapsnapshot.zst",
        "leaks.xml": "heap/native/memcheck.long.xml",
        "short.xml": "heap/native/memcheck.short.xml",
        "long.xml": "heap/native/memcheck.long.xml",
        "cpu.pb.gz": "profile/go/quadratic.cpu.pb.gz",
        "healthy.pb.gz": "profile/go/healthy.cpu.pb.gz",
        "incident.pb.gz": "profile/go/quadratic.cpu.pb.gz",
        "healthy.pcap": "network/compare.baseline.pcap.zst",
        "incident.pcap": "network/compare.incident.pcap.zst",
        "client.pcap": "network/lossy_path.client.pcap.zst",
        "server.pcap": "network/lossy_path.server.pcap.zst",
    }
    for name, sample in files.items():
        shutil.copy(pf.samples.path(sample), tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", ["README.md", "docs/pages/index.md", "docs/pages/quick-start.md"])
def test_the_first_example_compares_two_snapshots(page: str, case: Path) -> None:
    (block, *_) = _blocks(page)
    names: dict[str, object] = {"pf": pf}
    exec(block, names)
    growth = names["growth"]
    assert growth.findings().likely[0].rule == "heap.leak.event_listener"
    if "report" in block:
        assert "order:updated" in (case / "leak.html").read_text(encoding="utf-8")


GUIDE = ["heap/questions.md", "heap/leak-reports.md"]
GUIDE += [f"profile/{page}.md" for page in ("questions", "comparing")]
GUIDE += ["network/comparing.md"]


@pytest.mark.parametrize("page", GUIDE)
def test_the_guide_asks_questions_that_are_answered(page: str, case: Path) -> None:
    names: dict[str, object] = {"pf": pf}
    for block in _blocks(f"docs/pages/{page}"):
        exec(block, names)


def test_every_question_of_the_guide_is_a_call_that_works(case: Path) -> None:
    page = "docs/pages/heap/questions.md"
    names: dict[str, object] = {"pf": pf}
    exec(_blocks(page)[0], names)
    names["edges"] = [0]
    calls = re.findall(r"^\| .*?\| `(snapshot\.[^`]+)`", (ROOT / page).read_text(), re.MULTILINE)
    assert len(calls) > 8
    answers = {call: eval(call, names) for call in calls}
    assert len(answers["snapshot.path_to_root(one)"]) > 3
    assert len(answers['snapshot.find(name="OrderFeed")']) > 0


def test_the_plug_in_of_the_guide_reads_its_format(tmp_path: Path) -> None:
    names: dict[str, object] = {"__name__": "alloclog"}
    exec(_blocks("docs/pages/plug-ins.md")[0], names)
    file = tmp_path / "x.log"
    file.write_text("#alloclog 1\nmain\t12\nno number\nparse\t30\n")
    source = Source(file)
    assert names["sniff"](Probe(source.head(), source.tail(), source.name, source.size))
    assert names["sniff"](Probe(b"{}", b"{}", "x.log", 2)) is None
    log = names["read"](source)
    assert log.frames["sites"]["live_bytes"].tolist() == [12, 30]
    names["SITES"].validate(log.frames["sites"])
    assert log.gaps["line"].tolist() == [3]


PAGES = sorted((ROOT / "docs/pages").rglob("*.md"))
SESSIONS = [page for page in PAGES if "```pycon" in page.read_text("utf-8")]


@pytest.mark.parametrize("page", SESSIONS, ids=lambda page: page.stem)
def test_the_sessions_of_the_guide_answer_as_shown(page: Path) -> None:
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed, tried = doctest.testfile(str(page), module_relative=False, optionflags=flags)
    assert tried
    assert not failed
