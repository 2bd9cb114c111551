"""LeakSanitizer's text: symbols or none, alone or after a program's output, whole or cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import prodforensics as pf
from prodforensics.errors import Corrupt, ForensicsError, PartialEvidenceWarning

LONG = pf.samples.path("heap/native/lsan.long.txt").read_text()


@pytest.fixture
def load(tmp_path):
    def load(text, **options):
        path = tmp_path / "lsan.log"
        path.write_text(text)
        return pf.load(path, **options)

    return load


def report_of(*frames):
    stack = "".join(f"    #{i} 0x{i + 1:x}{frame}\n" for i, frame in enumerate(frames))
    return (
        "==7==ERROR: LeakSanitizer: detected memory leaks\n\n"
        f"Direct leak of 16 byte(s) in 1 object(s) allocated from:\n{stack}\n"
        "SUMMARY: LeakSanitizer: 16 byte(s) leaked in 1 allocation(s).\n"
    )


def test_direct_leaks_are_definitely_lost_and_indirect_ones_indirectly():
    leaks = pf.load(pf.samples.path("heap/native/lsan.long.txt")).frames["leaks"]
    assert leaks[["function", "kind", "size_bytes", "blocks"]].values.tolist() == [
        ["parse_request", "definitely lost", 57_552, 1_199],
        ["build_order", "definitely lost", 19_200, 1_200],
        ["add_line", "indirectly lost", 115_200, 3_600],
    ]


def test_the_sum_of_the_list_is_the_summary():
    report = pf.load(pf.samples.path("heap/native/lsan.long.txt"))
    total = report.frames["summary"].query("kind == 'total'").iloc[0]
    assert total["listed_bytes"] == total["stated_bytes"] == 191_952
    assert total["listed_blocks"] == total["stated_blocks"] == 5_999


@pytest.mark.parametrize(
    ("text", "function", "file", "line", "module"),
    [
        (" in parse /srv/app/a.c:42:23", "parse", "/srv/app/a.c", 42, ""),
        (" in parse /srv/my app/a.c:42", "parse", "/srv/my app/a.c", 42, ""),
        (" in parse a.c:42", "parse", "a.c", 42, ""),
        (" in operator new(long) (/srv/app+0x1f)", "operator new(long)", "", None, "/srv/app"),
        (" in malloc (/srv/app+0x1f) (BuildId: ab12)", "malloc", "", None, "/srv/app"),
        (" in a<int, b>::c(char const*) /x/y.h:7:1", "a<int, b>::c(char const*)", "/x/y.h", 7, ""),
        (" in a::b(char const*)", "a::b(char const*)", "", None, ""),
        (" (/srv/lib x/libz.so+0x99)", "", "", None, "/srv/lib x/libz.so"),
        (" in start csu/../sysdeps/x.h:58:16", "start", "csu/../sysdeps/x.h", 58, ""),
    ],
)  # fmt: skip
def test_every_way_to_write_a_frame(load, text, function, file, line, module):
    frame = load(report_of(text)).frames["frames"].iloc[0]
    assert (frame["function"], frame["file"], frame["module"]) == (function, file, module)
    assert frame["line"] == line if line else frame.isna()["line"]


def test_reports_of_several_processes(load):
    report = load(report_of(" in f a.c:1") + report_of(" in f a.c:1").replace("==7==", "==8=="))
    assert report.frames["leaks"]["process"].tolist() == [0, 1]
    assert report.frames["processes"]["pid"].tolist() == [7, 8]
    assert not len(report.gaps)


def test_restarts_of_a_container_whose_process_always_has_the_same_id(load):
    report = load(3 * report_of(" in f a.c:1"))
    assert report.frames["processes"]["pid"].tolist() == [7, 7, 7]
    assert report.bytes_of("definitely lost") == 48
    assert not len(report.gaps)


def test_used_suppressions(load):
    used = (
        "-----------------------------------------------------\n"
        "Suppressions used:\n  count      bytes template\n"
        "      2         96 leak:libfoo with blanks\n"
        "-----------------------------------------------------\n\n"
    )
    suppressions = load(report_of(" in f a.c:1") + used).frames["suppressions"]
    assert suppressions[["name", "count", "size_bytes"]].values.tolist() == [
        ["leak:libfoo with blanks", 2, 96]
    ]


def test_a_total_that_is_not_the_sum_is_a_gap(load):
    with pytest.warns(PartialEvidenceWarning):
        report = load(report_of(" in f a.c:1").replace("16 byte(s) leaked", "80 byte(s) leaked"))
    assert report.gaps["lost_bytes"].tolist() == [64]


def test_a_report_that_is_cut_keeps_its_whole_leaks(load):
    with pytest.warns(PartialEvidenceWarning):
        report = load(LONG[: LONG.index("Indirect leak") + 100])
    assert len(report.frames["leaks"]) == 2
    assert report.gaps["what"].tolist() == [
        "the last leak is cut short",
        f"process {report.frames['processes']['pid'][0]}: the report ends before its SUMMARY",
    ]


def test_a_checker_that_failed_says_so(load):
    fatal = "==7==ERROR: LeakSanitizer: LeakSanitizer has encountered a fatal error.\n"
    with pytest.warns(PartialEvidenceWarning):
        report = load(fatal)
    assert "fatal error" in report.gaps["what"][0]


def test_a_file_without_a_report_is_refused(load):
    with pytest.raises(Corrupt):
        load("hello\n", format="leak-sanitizer")


@given(cut=st.integers(0, len(LONG)), junk=st.binary(max_size=40))
@pytest.mark.filterwarnings("ignore::prodforensics.errors.PartialEvidenceWarning")
def test_damage_anywhere_gives_a_report_or_a_clear_error(tmp_path_factory, cut, junk):
    path = tmp_path_factory.mktemp("cut") / "lsan.log"
    path.write_bytes(LONG.encode()[:cut] + junk + LONG.encode()[cut + len(junk) :])
    try:
        report = pf.load(path, format="leak-sanitizer")
    except ForensicsError:
        return
    for name, frame in report.frames.items():
        report.schemas[name].validate(frame)
    report.findings()
