"""Load what a tool is said to have printed."""

import pytest

import prodforensics as pf


def printed(tmp_path, text, **options):
    """Write a text to a file and load it."""
    path = tmp_path / "printed.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return pf.load(path, progress=False, **options)


def printed_in_part(tmp_path, text, **options):
    """Load a text that something is wrong with."""
    with pytest.warns(pf.PartialEvidenceWarning):
        return printed(tmp_path, text, **options)


def verdicts(evidence):
    """Return (rule, verdict) of every finding."""
    return [(one.rule, str(one.verdict)) for one in evidence.findings()]
