"""The sample cores with their programs, unpacked once into ``.cache`` of the checkout."""

from pathlib import Path

import pytest

import prodforensics as pf
from prodforensics import samples
from tests.conftest import require_tool

CACHE = Path(__file__).parents[2] / ".cache" / "sample-cores"
PATHS = {e["scenario"]: e["path"] for e in samples.entries() if e["investigation"] == "core"}


def sample_files(scenario):
    """Give the files of a sample by their role: `artifact`, `executable`, `debug` ..."""
    name = PATHS[scenario]
    sha256 = next(e["sha256"] for e in samples.entries() if e["path"] == name)
    return samples.files(name, CACHE / f"{scenario}.{sha256[:12]}")


def require_gdb(scenario):
    """Skip the test, or fail it in CI, without the gdb that knows the machine of a sample."""
    require_tool("gdb-multiarch" if scenario.endswith("aarch64") else "gdb")


def sample_core(scenario, **options):
    """Load a sample with its program and its debug file."""
    files = sample_files(scenario)
    given = {name: files[name] for name in ("executable",) if name in files}
    given |= {"debug_dirs": (files["debug"],)} if "debug" in files else {}
    if scenario.endswith("truncated"):
        with pytest.warns(pf.PartialEvidenceWarning):
            return pf.load(files["artifact"], **(given | options))
    return pf.load(files["artifact"], **(given | options))
