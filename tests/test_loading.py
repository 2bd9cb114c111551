"""The verbs of the front door, in one process, in many, and on a cluster."""

import gzip
import subprocess
import sys
import textwrap

import fsspec
import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import (
    BadOption,
    Corrupt,
    ForensicsError,
    NotComparable,
    PartialEvidenceWarning,
    SourceError,
    UnknownFormat,
)

REPORTS = [str(samples.path(f"heap/native/memcheck.{run}.xml")) for run in ("clean", "long")]


@pytest.mark.parametrize("as_given", [str, lambda path: path, lambda path: f"file://{path}"])
def test_a_file_is_loaded_by_path_or_address(toy, as_given):
    assert pf.load(as_given(toy())).title == "box.toy"


def test_a_packed_file_is_loaded_under_its_own_name(toy):
    path = toy(name="box.toy.gz")
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert pf.load(path).title == "box.toy.gz"


def test_a_damaged_file_is_loaded_in_part_with_a_warning(toy):
    path = toy(("bear", 120), tail=b"car\nship\n")
    with pytest.warns(PartialEvidenceWarning, match=r"box\.toy: loaded in part: .* and 1 more"):
        evidence = pf.load(path)
    assert [name for name, _ in evidence.things] == ["bear"]


def test_the_warning_points_at_the_caller(toy):
    with pytest.warns(PartialEvidenceWarning) as caught:
        pf.load(toy(tail=b"car"))
    assert caught[0].filename == __file__


def test_strict_raises_instead(toy):
    with pytest.raises(Corrupt, match="not a thing"):
        pf.load(toy(tail=b"car"), strict=True)
    assert pf.load(toy(), strict=True).all_gaps() == []


def test_a_file_that_is_packed_and_cut_is_loaded_in_part(toy):
    path = toy(*[(f"thing {n}", n) for n in range(5000)])
    path.write_bytes(gzip.compress(path.read_bytes())[:-5000])
    with pytest.warns(PartialEvidenceWarning, match="gz stream ends early"):
        evidence = pf.load(path)
    assert len(evidence.things) > 100


def test_a_limit_is_passed_on(toy):
    path = toy(*[("x" * 1000, n) for n in range(1000)])
    path.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(pf.errors.Bomb):
        pf.load(path, max_unpacked_bytes=1000)


@pytest.mark.parametrize("path", ["/nowhere", "", "~nobody-of-this-name/a", "x" * 5000, "a\0b"])
def test_a_path_that_leads_nowhere_is_an_error_of_ours(path):
    with pytest.raises(ForensicsError):
        pf.load(path)


def test_an_option_for_a_folder_is_refused(toy, tmp_path):
    folder = pf.load(toy()).save(tmp_path / "saved")
    with pytest.raises(ForensicsError):
        pf.load(folder, most=3)


# -- compare ----------------------------------------------------------------------------------


def test_two_and_more_of_a_kind_are_compared_in_order(toy):
    boxes = [pf.load(toy(name=f"{n}.toy")) for n in range(3)]
    assert pf.compare(*boxes).title == "0.toy → 1.toy → 2.toy"


def test_what_cannot_be_compared_is_said(toy):
    box = pf.load(toy())
    with pytest.raises(NotComparable, match="box of toys, leak report"):
        pf.compare(pf.load(REPORTS[0]), box)
    with pytest.raises(BadOption, match="cannot compare str"):
        pf.compare("a.toy", box)


# -- many -------------------------------------------------------------------------------------


def test_many_files_are_loaded_in_the_order_of_their_names():
    loaded = pf.load_many(str(samples.path("heap/native/memcheck.long.xml").parent / "*.xml"))
    assert [one.title for one in loaded] == [
        "memcheck.clean.xml",
        "memcheck.long.xml",
        "memcheck.short.xml",
    ]
    assert len(loaded[1].frames["leaks"])
    assert loaded[1].findings().likely
    assert loaded[1].source.format == "valgrind-xml"


def test_one_file_needs_no_other_process(toy):
    assert [one.title for one in pf.load_many([toy()])] == ["box.toy"]


def test_nothing_to_load_is_said():
    with pytest.raises(SourceError, match="no file matches"):
        pf.load_many("/nowhere/*.xml")
    with pytest.raises(SourceError):
        pf.load_many([])
    with pytest.raises(SourceError):
        pf.load_many("nonsense://bucket/*")


def test_addresses_have_patterns_too(toy):
    for name in ("b.toy", "a.toy"):
        with fsspec.open(f"memory://many/{name}", "wb") as file:
            file.write(toy().read_bytes())
    with fsspec.open("memory://many/other.txt", "wb") as file:
        file.write(b"other")
    from prodforensics.loading import _matching

    assert _matching("memory://many/*.toy") == ["memory:///many/a.toy", "memory:///many/b.toy"]
    assert pf.load(_matching("memory://many/*.toy")[0]).title == "a.toy"


def test_damage_is_told_here_although_another_process_met_it(tmp_path):
    whole = samples.path("heap/native/memcheck.long.xml").read_bytes()
    for name in ("a.xml", "b.xml"):
        (tmp_path / name).write_bytes(whole[: -len(whole) // 3])
    with pytest.warns(PartialEvidenceWarning) as caught:
        loaded = pf.load_many(f"{tmp_path}/*.xml")
    # Whatever else is reported at that moment, such as a file that an earlier test left open.
    ours = [one.message for one in caught if one.category is PartialEvidenceWarning]
    assert len(ours) == len(loaded) == 2
    assert "a.xml" in str(ours[0])


def test_an_error_of_another_process_arrives_here(tmp_path):
    (tmp_path / "a.xml").write_text("<other/>")
    with pytest.raises(UnknownFormat, match=r"a\.xml: no reader recognises it"):
        pf.load_many([REPORTS[0], str(tmp_path / "a.xml")])


def test_a_script_without_a_guard_is_told_so(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(f"""
        import prodforensics as pf
        try:
            pf.load_many({REPORTS!r})
        except pf.ForensicsError as error:
            print(error)
        """)
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=120, check=False
    )
    assert "__main__" in done.stdout


@pytest.mark.parametrize("processes", [False, True])
def test_a_dask_client_is_a_scheduler(processes, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=processes,
            dashboard_address=None,
            local_directory=tmp_path,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        loaded = pf.load_many(REPORTS, scheduler=client)
        assert [one.title for one in loaded] == ["memcheck.clean.xml", "memcheck.long.xml"]
        assert len(loaded[1].frames["leaks"])
        (tmp_path / "a.xml").write_text("<other/>")
        with pytest.raises(UnknownFormat, match="no reader recognises it"):
            pf.load_many([str(tmp_path / "a.xml")], scheduler=client)
