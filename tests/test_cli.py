"""The same verbs in a shell: exit codes 0, 1 and 2, JSON for programs, never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import prodforensics as pf
from prodforensics import samples
from prodforensics.cli import app
from tests.conftest import HOSTILE

LONG, SHORT = (str(samples.path(f"heap/native/memcheck.{run}.xml")) for run in ("long", "short"))
COMMAND = [sys.executable, "-m", "prodforensics"]


def invoke(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def shell(*arguments, **more):
    more = {"capture_output": True, "text": True, "timeout": 120, "check": False} | more
    return subprocess.run([*COMMAND, *map(str, arguments)], **more)


# -- exit codes, in a real process ------------------------------------------------------------


def test_0_and_the_answer_on_standard_output():
    done = shell("info", LONG)
    assert done.returncode == 0
    assert "memcheck.long.xml" in done.stdout
    assert pf.load(LONG).source.sha256 in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["info", "/nowhere"], "No such file"),
        (["info", "/dev/zero"], "not a regular file"),
        (["findings", sys.executable], "it looks like an ELF file"),
        (["compare", LONG, "/nowhere"], "No such file"),
        (["report", LONG, "-o", "/nowhere/a.html"], "No such file"),
        (["new", "memory_leek", "-o", "a.ipynb"], "did you mean 'memory_leak'"),
        (["info", LONG, "--format", "valgrind"], "there is no format"),
    ],
)
def test_1_with_message_and_hint_and_no_traceback(arguments, says):
    done = shell(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert says in done.stderr
    assert "\ntry:   " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["nonsense"], ["info"], ["compare", LONG], ["info", "-x"]])
def test_2_for_wrong_usage(arguments):
    done = shell(*arguments)
    assert done.returncode == 2
    assert "Usage" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_file_warns_on_standard_error_and_is_shown(tmp_path):
    path = tmp_path / "cut.xml"
    path.write_bytes(Path(LONG).read_bytes()[:-300])
    done = shell("info", path)
    assert done.returncode == 0
    assert done.stderr.startswith("warning: cut.xml: loaded in part")
    assert "gap: " in done.stdout
    strict = shell("info", path, "--strict")
    assert strict.returncode == 1
    assert "Traceback" not in strict.stderr


@pytest.mark.parametrize("arguments", ["samples", f"info --json {LONG}", f"findings {LONG}"])
def test_a_reader_that_leaves_early_is_no_failure(arguments):
    command = " ".join(COMMAND)
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} {arguments} | true"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_without_unicode_gets_no_traceback():
    done = shell("findings", LONG, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "heap.native_leak" in done.stdout


def test_a_table_in_a_pipe_has_whole_names():
    done = shell("samples")
    for entry in samples.entries():
        assert entry["path"] in done.stdout


# -- the verbs --------------------------------------------------------------------------------


def test_formats_lists_every_format():
    assert "v8-heap-snapshot" in invoke("formats").stdout


def test_version():
    assert invoke("--version").stdout == f"prodforensics {pf.__version__}\n"


def test_findings_tell_verdict_rule_reason_and_next_step():
    text = invoke("findings", LONG).stdout
    for finding in pf.load(LONG).findings():
        for words in (finding.verdict, finding.rule, finding.title, finding.next_step):
            assert words in text


def test_nothing_found_is_said(toy):
    assert "nothing suspicious found in box.toy" in invoke("findings", toy(("bear", 1))).stdout


@pytest.mark.parametrize("verb", [["info", LONG], ["findings", LONG], ["compare", SHORT, LONG]])
def test_json_is_for_programs(verb):
    done = invoke(*verb, "--json")
    told = json.loads(done.stdout)
    assert set(told) == {
        "kind",
        "title",
        "headline",
        "facts",
        "sources",
        "frames",
        "gaps",
        "findings",
    }
    evidence = pf.load(LONG)
    assert evidence.source.sha256 in [source["sha256"] for source in told["sources"]]
    if verb[0] != "compare":
        assert told["findings"] == json.loads(
            json.dumps([finding.as_dict() for finding in evidence.findings()])
        )


def test_options_of_a_reader_are_given_by_name(tmp_path):
    found = samples.files("core/null.core.zst", tmp_path)
    given = [f"executable={found['executable']}", f"debug_dirs={found['debug']}"]
    given += [f"debug_dirs={tmp_path}", "redact=true"]
    core = samples.path("core/null.core.zst")
    words = [word for one in given for word in ("--with", one)]
    told = json.loads(invoke("info", core, "--json", *words).stdout)
    assert told["kind"] == "core dump"
    assert shell("info", str(core), "--with", "executable=absent").returncode == 1
    assert shell("info", str(core), "--with", "no_such=1").returncode == 1


@pytest.mark.parametrize("given", ["executable", "=till", "a b=1"])
def test_an_option_of_a_reader_without_name_or_value_is_wrong_usage(given):
    assert shell("info", str(LONG), "--with", given).returncode == 2


def test_compare_says_what_changed():
    text = invoke("compare", SHORT, LONG).stdout
    assert "memcheck.short.xml → memcheck.long.xml" in text


def test_report_of_several_files_begins_with_their_comparison(tmp_path):
    done = invoke("report", SHORT, LONG, "-o", tmp_path / "a.html")
    assert done.stdout.startswith("wrote ")
    page = (tmp_path / "a.html").read_text()
    assert page.index("memcheck.short.xml → memcheck.long.xml") < page.index("</ol>")
    assert '<section id="evidence-3">' in page


def test_report_of_files_of_different_kinds_has_a_chapter_each(toy, tmp_path):
    assert invoke("report", toy(), LONG, "-o", tmp_path / "a.html").exit_code == 0
    assert '<section id="evidence-3">' not in (tmp_path / "a.html").read_text()


def test_new_writes_a_notebook_with_the_files(tmp_path):
    done = invoke("new", "memory_leak", LONG, "-o", tmp_path / "a.ipynb")
    assert done.exit_code == 0
    assert LONG in (tmp_path / "a.ipynb").read_text()


def test_doctor_tells_a_missing_tool_and_a_broken_one(monkeypatch, tmp_path):
    broken = tmp_path / "gdb"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    lines = invoke("doctor").stdout.splitlines()
    (lldb,) = [line for line in lines if " lldb " in line and "missing" in line]
    assert "apt install lldb" in lldb
    assert any("gdb" in line and "does not run" in line for line in lines)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("verb", ["info", "findings"])
def test_hostile_names_are_printed_as_they_are_read_and_do_nothing(toy, verb, text):
    printed = invoke(verb, toy((text, 120))).stdout
    assert not set(printed) & set("\x1b\x07\x00\u202e\u2066")
    if "[red]" in text:
        assert text in printed
    assert invoke(verb, "--json", toy((text, 120))).stdout.isascii()


def test_hostile_names_of_files_do_nothing_in_an_error(tmp_path):
    done = shell("info", str(tmp_path / "\x1b]0;title\x07[red]\udce9"), errors="replace")
    assert done.returncode == 1
    assert not set(done.stderr) & set("\x1b\x07")
    assert "[red]" in done.stderr
