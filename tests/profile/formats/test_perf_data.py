"""perf.data is read by perf itself; what is cut is told; nothing else is started."""

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import ForensicsError, MissingTool
from prodforensics.source import Source
from tests.conftest import require_tool

NAME = "profile/c/quadratic.perf.data.zst"


@pytest.fixture
def data():
    return b"".join(Source(samples.path(NAME)).chunks())


def test_it_is_what_perf_script_prints(tmp_path, data):
    require_tool("perf")
    (tmp_path / "perf.data").write_bytes(data)
    profile = pf.load(tmp_path / "perf.data", strict=True)
    assert profile.recording.producer == "perf"
    assert profile.default_value_type.name == "cpu-clock"
    assert len(profile.data.samples) > 300
    assert set(profile.data.threads.thread_name) == {"c_service"}


def test_without_perf_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingTool, match="perf"):
        pf.load(samples.path(NAME))


@pytest.mark.filterwarnings("ignore::prodforensics.errors.PartialEvidenceWarning")
def test_a_cut_is_never_silent(tmp_path, data):
    require_tool("perf")
    for share in (0.1, 0.5, 0.9, 0.99):
        path = tmp_path / f"{share}.data"
        path.write_bytes(data[: int(share * len(data))])
        try:
            profile = pf.load(path)
        except ForensicsError:
            continue
        assert any("cut short" in what for what in profile.gaps["what"])


def test_names_in_the_file_start_no_program(tmp_path, data, monkeypatch):
    perf = require_tool("perf")
    planted = data.replace(b"/srv/app/c_service", b"/$(touch${IFS}x)\0\0")
    assert planted != data
    assert len(planted) == len(data)
    (tmp_path / "perf.data").write_bytes(planted)
    # Whatever perf would start by name is found here first, and leaves a trace.
    for name in ("addr2line", "objdump", "debuginfod-find", "less", "sh"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\necho {name} >> {tmp_path}/started\n")
        program.chmod(0o755)
    (tmp_path / "bin" / "perf").symlink_to(perf)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    pf.load(tmp_path / "perf.data")
    assert not (tmp_path / "started").exists()
    assert not list(tmp_path.glob("**/x*"))
