"""Strings and secrets of memory: found, masked, and overwritten in a copy."""

import os

import pytest

import prodforensics as pf
from prodforensics._text import MASK
from prodforensics.core.secret_scan import find_secrets
from tests.conftest import require_tool
from tests.core.sample_cores import PATHS, sample_core, sample_files

# What the recorder put into the process; see sample_artifacts/core/generate.
PLAIN = (
    b"hunter2-till-7",
    b"AKIAIOSFODNN7EXAMPLE",
    b"wJalrXUtnFEMI/K7MDENG",
    b"eyJzdWIiOiJ0aWxsLTci",
)


@pytest.fixture(scope="module")
def core():
    with sample_core("secret") as loaded:
        yield loaded


def test_every_planted_secret_is_found_once_with_its_place(core):
    found = core.frames["secrets"]
    truth = pf.samples.truth(PATHS["secret"])["secrets"]
    assert sorted(found["pattern"].astype(str)) == sorted(truth)
    for row, one in zip(found.itertuples(), find_secrets(core.image), strict=True):
        raw = core.image.memory.read(int(row.address), int(row.length))
        assert raw == one.text.encode()
        data = core.image.memory.core.data
        assert data[row.offset : row.offset + row.length] == raw


def test_values_are_never_shown(core):
    with sample_core("secret", redact=False) as plain:
        for frame in (core.frames["secrets"], plain.frames["secrets"]):
            assert frame["value"].str.endswith(MASK).all()
            assert frame["value"].str.len().max() <= len(MASK) + 4


@pytest.mark.parametrize("scenario", ["healthy", "null", "python_healthy", "go_quit", "rust_panic"])
def test_other_samples_have_none(scenario):
    with sample_core(scenario) as other:
        assert other.frames["secrets"].empty


def test_strings_are_masked_and_the_rest_of_them_stays(core):
    texts = core.frames["strings"]["text"]
    assert texts.str.contains("shop = till-7", regex=False).any()
    assert texts.str.contains("aws_secret_access_key = ", regex=False).any()
    whole = "\n".join(texts)
    assert not any(secret.decode() in whole for secret in PLAIN)
    with sample_core("secret", redact=False) as plain:
        shown = "\n".join(plain.frames["strings"]["text"])
        assert all(secret.decode() in shown for secret in PLAIN)


def test_a_redacted_copy_has_no_secret_and_the_same_stacks(core, tmp_path):
    require_tool("gdb")
    copy = core.redact(tmp_path / "redacted.core")
    raw = copy.read_bytes()
    assert not any(secret in raw for secret in PLAIN)
    assert len(raw) == core.image.memory.core.size
    files = sample_files("secret")
    with pf.load(copy, executable=files["executable"], debug_dirs=(files["debug"],)) as again:
        assert again.frames["secrets"].empty
        columns = ["thread_id", "frame_index", "function", "file", "line", "address"]
        assert again.frames["frames"][columns].equals(core.frames["frames"][columns])
        assert again.image.environment != core.image.environment
        assert dict(again.image.environment)["HOME"] == dict(core.image.environment)["HOME"]


def test_a_copy_keeps_holes_and_never_replaces_a_file(core, tmp_path):
    copy = core.redact(tmp_path / "one.core")
    assert os.stat(copy).st_blocks * 512 < os.stat(copy).st_size  # noqa: PTH116
    with pytest.raises(pf.errors.SourceError, match="is there already"):
        core.redact(copy)
    with pytest.raises(pf.errors.SourceError):
        core.redact(tmp_path / "nowhere" / "two.core")
