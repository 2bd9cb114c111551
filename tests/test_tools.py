"""The system's programs are found, run within a time limit, and stopped with all they started."""

import os
import stat
import sys
import time

import pytest

from prodforensics import tools
from prodforensics.errors import MissingTool, ToolFailed, UnknownName
from prodforensics.tools import Tool


@pytest.fixture
def python(monkeypatch):
    """Register the running Python as a tool."""
    one = Tool("python", "runs programs", "apt install python3", (sys.executable,))
    monkeypatch.setattr(tools, "TOOLS", (one,))


def test_every_tool_says_what_it_is_for_and_how_to_install_it():
    for one in tools.TOOLS:
        assert one.unlocks
        assert one.install.startswith("apt install ")
        assert one.commands


def test_a_tool_is_found_under_any_of_its_names(monkeypatch, tmp_path):
    program = tmp_path / "google-chrome"
    program.write_text("#!/bin/sh\necho Google Chrome 140.0.1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + "/bin")
    assert tools.find("chromium") in (program, *(p for p in [tools.find("chromium")] if p.exists()))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tools.find("chromium") == program
    assert tools.version("chromium") == "140.0.1"


def test_a_missing_tool_tells_what_it_would_do_and_how_to_install_it(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingTool) as caught:
        tools.find("gdb")
    assert "core dumps" in caught.value.message
    assert caught.value.hint == "apt install gdb"


def test_a_tool_that_is_not_in_the_table_tells_those_that_are():
    with pytest.raises(UnknownName, match="did you mean 'valgrind'"):
        tools.tool("valgrindd")


def test_a_tool_runs_with_its_input_and_without_a_shell(python):
    done = tools.run("python", ["-c", "print(input(), '$HOME;')"], seconds=20, text="hello\n")
    assert (done.returncode, done.stdout) == (0, "hello $HOME;\n")


def test_output_that_is_no_text_is_shown_as_far_as_it_goes(python):
    program = "import sys; sys.stdout.buffer.write(b'a\\xffb')"
    assert tools.run("python", ["-c", program], seconds=20).stdout == "a\ufffdb"


def test_a_failure_tells_the_last_lines_and_the_command(python):
    program = "import sys; sys.exit('no such core')"
    with pytest.raises(ToolFailed, match="exit code 1: no such core") as caught:
        tools.run("python", ["-c", program], seconds=20)
    assert "-c 'import sys;" in caught.value.hint
    assert tools.run("python", ["-c", program], seconds=20, check=False).returncode == 1


def test_a_tool_is_stopped_at_the_limit_with_what_it_started(python):
    # The child keeps the pipes open: waiting for them to close would wait a minute.
    program = "import subprocess, time; subprocess.Popen(['sleep', '60']); time.sleep(60)"
    begun = time.monotonic()
    with pytest.raises(ToolFailed, match=r"was stopped after 0\.5 s"):
        tools.run("python", ["-c", program], seconds=0.5)
    assert time.monotonic() - begun < 10


def test_a_file_that_is_no_program_is_an_error_of_ours(monkeypatch, tmp_path):
    program = tmp_path / "gdb"
    program.write_bytes(b"\x7fELF and nothing more")
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolFailed, match="cannot be started"):
        tools.run("gdb", [], seconds=5)
