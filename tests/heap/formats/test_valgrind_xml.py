"""Valgrind's XML: the same facts as its text, and no element lost to damage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import prodforensics as pf
from prodforensics.errors import Corrupt, ForensicsError, PartialEvidenceWarning

LONG = pf.samples.path("heap/native/memcheck.long.xml").read_text()
SAME = ["kind", "size_bytes", "blocks", "indirect_bytes", "function", "location"]


@pytest.fixture
def load(tmp_path):
    def load(text, **options):
        path = tmp_path / "memcheck.xml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return pf.load(path, **options)

    return load


def by_size(report):
    leaks = report.frames["leaks"][SAME]
    return leaks.sort_values(["size_bytes", "function"], ignore_index=True)


@pytest.mark.parametrize("run", ["short", "long", "clean"])
def test_the_xml_says_what_the_text_says(run):
    xml = pf.load(pf.samples.path(f"heap/native/memcheck.{run}.xml"))
    text = pf.load(pf.samples.path(f"heap/native/memcheck.{run}.txt"))
    assert by_size(xml).equals(by_size(text))
    same = ["kind", "what", "function", "location", "detail"]
    assert xml.frames["errors"][same].iloc[:, :4].equals(text.frames["errors"][same].iloc[:, :4])
    command = xml.frames["processes"]["command"][0]
    assert command == text.frames["processes"]["command"][0]


def test_files_have_their_folders_and_modules_are_kept():
    frames = pf.load(pf.samples.path("heap/native/memcheck.long.xml")).frames["frames"]
    assert (frames.query("function == 'main'")["file"] == "/srv/app/leaky.c").all()
    assert (frames.query("function == 'main'")["module"] == "/srv/app/leaky").all()


def test_counts_and_used_suppressions(load):
    counts = "<errorcounts><pair><count>31</count><unique>0x0</unique></pair></errorcounts>"
    supps = "<suppcounts><pair><count>3</count><name>dl-hack</name></pair></suppcounts>"
    report = load(LONG.replace("</valgrindoutput>", f"{counts}{supps}</valgrindoutput>"))
    assert report.frames["errors"]["count"].tolist() == [31]
    suppressions = report.frames["suppressions"]
    assert suppressions[["name", "count"]].values.tolist() == [["dl-hack", 3]]


def test_a_fatal_signal_is_an_error(load):
    signal = (
        "<fatal_signal><tid>1</tid><signo>11</signo><signame>SIGSEGV</signame><sicode>1</sicode>"
        "<event>Access not within mapped region</event><stack><frame><ip>0x1</ip><fn>crash</fn>"
        "</frame></stack></fatal_signal>"
    )
    report = load(LONG.replace("</valgrindoutput>", f"{signal}</valgrindoutput>"))
    assert report.frames["errors"].iloc[-1][["kind", "function"]].tolist() == [
        "FatalSignal",
        "crash",
    ]


def test_a_file_that_ends_early_keeps_every_whole_element(load):
    cut = LONG.rindex("<error>") + 200
    with pytest.warns(PartialEvidenceWarning):
        report = load(LONG[:cut])
    assert len(report.frames["leaks"]) == 5
    gap = report.gaps.iloc[0]
    assert "<error> is cut short" in gap["what"]
    assert gap["lost_bytes"] == 200


def test_rubbish_in_one_element_costs_that_element_alone(load):
    broken = LONG.replace(
        "<leakedblocks>1199</leakedblocks>", "<leakedblocks>11<oops</leakedblocks>"
    )
    with pytest.warns(PartialEvidenceWarning):
        report = load(broken)
    assert len(report.frames["leaks"]) == 5
    assert len(report.gaps) == 1


def test_bytes_that_xml_forbids_are_replaced(load):
    hostile = LONG.replace("parse_request", "parse\x1b[31m").encode().replace(b"\x1b", b"\xff\x1b")
    functions = load(hostile).frames["functions"]["function"].tolist()
    assert "parse\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31m" in functions


def test_documents_one_after_the_other_in_one_file(load):
    report = load(LONG + LONG.replace("<pid>", "<pid>1"))
    assert len(report.frames["processes"]) == 2
    assert report.bytes_of("definitely lost") == 2 * 76_752


def test_entities_are_never_expanded(load):
    bomb = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    text = LONG.replace("<valgrindoutput>", f"{bomb}<valgrindoutput>", 1)
    assert len(load(text).frames["leaks"]) == 6
    with pytest.warns(PartialEvidenceWarning):
        report = load(text.replace("<fn>parse_request</fn>", "<fn>&b;</fn>", 1))
    assert "aaaa" not in report.frames["frames"]["function"].str.cat()


def test_a_file_without_an_element_of_valgrind_is_refused(load):
    with pytest.raises(Corrupt):
        load("<html></html>", format="valgrind-xml")


def test_many_openings_without_an_end_take_no_longer_than_the_file_is_long(load):
    with pytest.warns(PartialEvidenceWarning):
        report = load("<valgrindoutput>" + "<error>" * 20_000)
    assert len(report.gaps) > 0


@given(cut=st.integers(0, len(LONG)), junk=st.binary(max_size=40))
@pytest.mark.filterwarnings("ignore::prodforensics.errors.PartialEvidenceWarning")
def test_damage_anywhere_gives_a_report_or_a_clear_error(tmp_path_factory, cut, junk):
    path = tmp_path_factory.mktemp("cut") / "memcheck.xml"
    path.write_bytes(LONG.encode()[:cut] + junk + LONG.encode()[cut + len(junk) :])
    try:
        report = pf.load(path, format="valgrind-xml")
    except ForensicsError:
        return
    for name, frame in report.frames.items():
        report.schemas[name].validate(frame)
    report.findings()
