"""An amplified recording of perf: the same samples, in functions and at times of their own."""

import prodforensics as pf
from benchmarks.profile.perf_files import amplify
from prodforensics import samples
from prodforensics.source import Source

SAMPLE = "profile/c/healthy.perf.txt.zst"


def test_every_copy_adds_its_samples_and_its_own_stacks(tmp_path):
    text = b"".join(Source(samples.path(SAMPLE)).chunks())
    path = tmp_path / "perf.txt"
    path.write_bytes(b"".join(amplify(text, copy) for copy in range(3)))
    original, amplified = pf.load(samples.path(SAMPLE)), pf.load(path)
    assert amplified.measures.total == 3 * original.measures.total
    lines, more = original.to_folded().splitlines(), amplified.to_folded().splitlines()
    assert 2.5 * len(lines) < len(more) <= 3 * len(lines)
    assert amplified.data.samples.time.tolist() == sorted(amplified.data.samples.time.tolist())
