"""Valgrind's text: whole, cut, several processes, with everything its options add."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import prodforensics as pf
from prodforensics.errors import Corrupt, ForensicsError, PartialEvidenceWarning

LONG = pf.samples.path("heap/native/memcheck.long.txt").read_text()


@pytest.fixture
def load(tmp_path):
    def load(text, **options):
        path = tmp_path / "memcheck.log"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return pf.load(path, **options)

    return load


def log(*lines, pid=7, end=True):
    lines = [*lines, "", "ERROR SUMMARY: 1 errors from 1 contexts (suppressed: 0 from 0)"]
    lines = lines if end else lines[:-2]
    head = ["Memcheck, a memory error detector", "Command: ./a b", ""]
    return "".join(f"=={pid}== {line}\n" for line in head + lines)


LEAK = (
    "48 bytes in 2 blocks are definitely lost in loss record 1 of 1",
    "   at 0x4846: operator new(unsigned long) (vg_replace_malloc.c:334)",
    "   by 0x1091: Cache<int (*)(char)>::add(std::string const&) (cache.cpp:12)",
    "   by 0x1092: ??? (in /opt/my app/libplugin.so)",
    "   by 0x1093: ???",
    "   by 0x1094: (below main) (libc_start_call_main.h:58)",
    "",
)


def test_functions_files_lines_modules_and_addresses_of_a_stack(load):
    frames = load(log(*LEAK)).frames["frames"]
    assert frames["function"].tolist() == [
        "operator new(unsigned long)",
        "Cache<int (*)(char)>::add(std::string const&)",
        "???",
        "???",
        "(below main)",
    ]
    assert frames["file"].tolist() == [
        "vg_replace_malloc.c",
        "cache.cpp",
        "",
        "",
        "libc_start_call_main.h",
    ]
    assert frames["line"].tolist()[:2] == [334, 12]
    assert frames["module"].tolist()[2] == "/opt/my app/libplugin.so"
    assert frames["address"].tolist()[0] == 0x4846


def test_direct_and_indirect_bytes_are_told_apart():
    leaks = pf.load(pf.samples.path("heap/native/memcheck.long.txt")).frames["leaks"]
    order = leaks[(leaks["function"] == "build_order")].iloc[0]
    assert order[["size_bytes", "indirect_bytes", "blocks"]].tolist() == [19_200, 115_200, 1_200]


def test_the_sums_of_the_list_are_those_of_the_leak_summary():
    report = pf.load(pf.samples.path("heap/native/memcheck.long.txt"))
    summary = report.frames["summary"].dropna(subset="stated_bytes")
    assert len(summary) == 5
    assert summary["listed_bytes"].tolist() == summary["stated_bytes"].tolist()
    assert summary["listed_blocks"].tolist() == summary["stated_blocks"].tolist()
    process = report.frames["processes"].iloc[0]
    assert process["in_use_bytes"] == summary["stated_bytes"].sum()


def test_a_list_that_does_not_add_up_is_a_gap(load):
    with pytest.warns(PartialEvidenceWarning):
        report = load(LONG.replace("57,552 bytes in 1,199", "57,000 bytes in 1,199"))
    assert "76,752 bytes" in report.gaps["what"][0]
    assert report.gaps["lost_bytes"][0] == 552


def test_kinds_that_were_not_asked_for_are_named_and_no_gap(load):
    blocks = [block for block in LONG.split("== \n") if "still reachable in" not in block]
    report = load("== \n".join(blocks))
    assert report.not_listed() == ["still reachable"]
    assert not len(report.gaps)
    assert report.bytes_of("still reachable") == 19_248
    reachable = [f for f in report.findings() if f.rule.endswith("still_reachable")]
    assert "--show-leak-kinds=all" in reachable[0].next_step


def test_processes_that_write_into_one_log_are_kept_apart(load):
    pid = LONG.split("==")[1]
    lines = LONG.splitlines(keepends=True)
    other = [line.replace(f"=={pid}==", "==99999==") for line in lines]
    mixed = "".join(line for pair in zip(lines, other, strict=True) for line in pair)
    report = load(mixed)
    assert report.frames["processes"]["pid"].tolist() == [int(pid), 99_999]
    assert report.bytes_of("definitely lost") == 2 * 76_752
    assert not len(report.gaps)


def test_restarts_of_a_container_whose_process_always_has_the_same_id(load):
    report = load(3 * LONG)
    assert len(report.frames["processes"]) == 3
    assert report.bytes_of("definitely lost") == 3 * 76_752
    assert len(report.frames["leaks"]) == 18
    assert not len(report.gaps)


def test_the_output_of_the_program_may_stand_between(load):
    noisy = "".join(f"{line}listening on :8080\n" for line in LONG.splitlines(keepends=True))
    assert load(noisy).frames["leaks"].equals(load(LONG).frames["leaks"])


def test_time_stamps_before_the_process_id(load):
    stamped = "\n".join(
        line.replace("==", "==00:00:01:02.345 ", 1) if line.startswith("==") else line
        for line in LONG.splitlines()
    )
    assert load(stamped).frames["leaks"].equals(load(LONG).frames["leaks"])


def test_only_the_last_of_several_searches_of_a_process_counts(load):
    summary = ("LEAK SUMMARY:", "   definitely lost: 48 bytes in 2 blocks", "")
    grown = [
        line.replace("48 bytes in 2 blocks", "96 (+48) bytes in 4 (+2) blocks") for line in LEAK
    ]
    grown_summary = [
        line.replace("48 bytes in 2 blocks", "96 (+48) bytes in 4 (+2) blocks") for line in summary
    ]
    report = load(log(*LEAK, *summary, *grown, *grown_summary))
    assert report.frames["leaks"]["size_bytes"].tolist() == [96]
    assert report.bytes_of("definitely lost") == 96


def test_errors_that_are_no_leaks_with_what_is_known_of_the_address():
    errors = pf.load(pf.samples.path("heap/native/memcheck.long.txt")).frames["errors"]
    error = errors.iloc[0]
    assert error["kind"] == "InvalidRead"
    assert (error["function"], error["location"]) == ("checksum", "leaky.c:48")
    assert "0 bytes after a block of size 10" in error["detail"]
    assert error["detail_stack_id"] != error["stack_id"]


def test_counts_and_suppressions_that_s_prints(load):
    error = ("Invalid read of size 1", "   at 0x10: peek (a.c:1)", "")
    listed = (
        "",
        "ERROR SUMMARY: 12 errors from 1 contexts (suppressed: 3 from 1)",
        "",
        "12 errors in context 1 of 1:",
        *error,
    )
    used = "--7-- used_suppression:      3 dl-hack /x.supp:9 suppressed: 1,024 bytes in 2 blocks\n"
    report = load(log(*error, *listed, end=False) + used)
    assert report.frames["errors"]["count"].tolist() == [12]
    row = report.frames["suppressions"].iloc[0]
    assert row[["name", "count", "size_bytes", "blocks"]].tolist() == [
        "dl-hack /x.supp:9",
        3,
        1024,
        2,
    ]


def test_a_log_that_is_cut_keeps_its_whole_records(load):
    cut = LONG.index("134,400")
    with pytest.warns(PartialEvidenceWarning):
        report = load(LONG[: cut + 90])
    assert len(report.frames["leaks"]) == 5
    assert report.gaps["what"].str.contains("cut short").any()
    with pytest.raises(Corrupt):
        load(LONG[: cut + 90], strict=True)


def test_numbers_beyond_any_address_space_are_gaps(load):
    with pytest.warns(PartialEvidenceWarning):
        report = load(LONG.replace("57,552 bytes", "99999999999999999999 bytes"))
    assert report.gaps["what"].str.contains("cannot be read").any()
    assert len(report.frames["leaks"]) == 5


def test_a_file_without_a_line_of_valgrind_is_refused(load):
    with pytest.raises(Corrupt):
        load("hello\n", format="valgrind-text")


@given(cut=st.integers(0, len(LONG)), junk=st.binary(max_size=40))
@pytest.mark.filterwarnings("ignore::prodforensics.errors.PartialEvidenceWarning")
def test_damage_anywhere_gives_a_report_or_a_clear_error(tmp_path_factory, cut, junk):
    path = tmp_path_factory.mktemp("cut") / "memcheck.log"
    path.write_bytes(LONG.encode()[:cut] + junk + LONG.encode()[cut + len(junk) :])
    try:
        report = pf.load(path, format="valgrind-text")
    except ForensicsError:
        return
    for name, frame in report.frames.items():
        report.schemas[name].validate(frame)
    report.findings()
