"""Every sample core gives the findings of its ground truth, and no other that is likely."""

import pytest

import prodforensics as pf
from prodforensics import samples
from tests.conftest import require_tool
from tests.core.sample_cores import PATHS, sample_core, sample_files
from tests.core.test_sample_truth import loaded


def likely(core):
    return sorted(finding.rule for finding in core.findings().likely)


@pytest.mark.parametrize("scenario", PATHS)
def test_the_findings_are_those_of_the_ground_truth(scenario):
    truth = samples.truth(PATHS[scenario])
    with loaded(scenario) as core:
        assert likely(core) == sorted(truth["rules"])
        (first, *_) = core.findings().likely or [None]
        said = f"{first.title} {first.why}" if first else ""
    expected = [truth.get(name, "") for name in ("message", "exception", "mapped", "instruction")]
    expected += [truth["crashed_function"]] if "crashed_function" in truth else []
    for words in expected:
        assert words in said


@pytest.mark.parametrize("scenario", ["null", "exception", "deadlock", "stack_overflow"])
def test_rows_of_findings_are_labels_of_their_frames(scenario):
    with loaded(scenario) as core:
        for finding in core.findings():
            assert finding.rows
            for name, labels in finding.rows.items():
                assert set(labels) <= set(core.frames[name].index)


def test_with_the_source_at_hand_the_expression_that_is_null_is_named(tmp_path):
    require_tool("gdb")
    files = samples.files(PATHS["null"], tmp_path)
    folders = (files["debug"], tmp_path)
    with pf.load(files["artifact"], executable=files["executable"], debug_dirs=folders) as core:
        (finding,) = core.findings().likely
        assert finding.title == "line->discount is null in discounted at till.c:72"
        assert "line->discount->percent" in finding.why


def test_a_program_of_another_build_is_named_and_not_used():
    files = sample_files("null")
    with pf.load(files["artifact"], executable=files["rebuilt"]) as core:
        assert "core.mismatched_executable" in likely(core)
        program = core.image.executable
        assert program.matched == "mismatched"
        assert program.build_id in next(
            one.why for one in core.findings() if one.rule == "core.mismatched_executable"
        )
        frames = core.frames["frames"]
        of_program = frames[frames["module"] == program.path]
        assert len(of_program)
        assert set(of_program["function"]) == {""}
        assert set(of_program["symbol_trust"]) == {"mismatched"}


def test_a_core_alone_says_which_files_to_get():
    with pf.load(samples.path(PATHS["null"])) as core:
        found = [one for one in core.findings() if one.rule == "core.missing_symbols"]
        assert len(found) == 1
        assert core.image.executable.build_id in found[0].why
        assert "core.null_dereference" in likely(core)


def test_an_exception_is_told_without_the_file_that_names_its_type():
    with pf.load(samples.path(PATHS["exception"])) as core:
        (found,) = (one for one in core.findings() if one.rule == "core.abort")
        assert found.title == "Uncaught exception: no price for SKU 4711"
        assert "whose type is in a file that is not at hand" in found.why


def test_secrets_are_never_in_the_words_of_findings():
    with sample_core("secret") as core:
        text = "".join(f"{one.title}{one.why}{one.next_step}" for one in core.findings())
        for secret in ("hunter2", "wJalrXUtnFEMI", "IOSFODNN7"):
            assert secret not in text


def test_the_card_starts_no_debugger_and_tells_the_crash_once_it_is_known():
    with loaded("exception") as core:
        before = core._repr_mimebundle_()["text/html"]
        assert "walk" not in core.__dict__
        assert "shop::Order::total" not in before
        core.findings()
        after = core._repr_mimebundle_()["text/html"]
        for said in ("no price for SKU 4711", "shop::Order::total", "orders.cpp:34"):
            assert said in after
