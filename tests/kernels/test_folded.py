"""Folded stacks are read as a plain loop over lines reads them."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.kernels.folded import inherited, read_folded
from prodforensics.kernels.prefix_tree import paths

FRAMES = st.sampled_from(["a", "b", "c", "main", "a longer name than eight bytes", "x 5", "", "é"])
COUNTS = st.integers(0, 10**6).map(str) | st.sampled_from(
    ["1.5", "0.25", "12.", "9007199254740991"]
)
LINES = st.builds(
    lambda frames, counts, end: ";".join(frames) + " " + " ".join(counts) + end,
    st.lists(FRAMES, min_size=1, max_size=6),
    st.lists(COUNTS, min_size=1, max_size=2),
    st.sampled_from(["", "\r", " "]),
) | st.sampled_from(["", "no count", "# said 5", "a;b x", "12", " 3", "a -1", "a 1.2.3", "a .5"])


def number(text):
    """Return the number that a text is; None for none."""
    if not text or text.strip("0123456789.") or text.startswith(".") or text.count(".") > 1:
        return None
    return float(text) if float(text) < 2**53 else None


def split(text):
    """Part the last number from what stands before it."""
    before, _, last = text.replace("\t", " ").rpartition(" ")
    found = number(last) if " " in text else None
    return (None, None) if found is None else (before.rstrip(" "), found)


def plain_loop(text, two):
    """Read folded stacks line by line."""
    rows, other = [], []
    for place, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r ")
        if not line:
            continue
        stack, last = split(line)
        first = 0.0
        if stack is not None and two:
            stack, first = split(stack)
        if stack is None or line.startswith("# "):
            other.append(place)
        else:
            rows.append(([frame for frame in stack.split(";") if frame], first, last))
    return rows, other


@given(st.lists(LINES, max_size=30), st.booleans())
def test_reads_what_a_plain_loop_reads(lines, two):
    text = "\n".join(lines)
    buf = np.frombuffer(text.encode(), np.uint8)
    first, size, parent, frame, node, base, count, whole, other, others = read_folded(buf, two)
    names = [text.encode()[a : a + n].decode() for a, n in zip(first, size, strict=True)]
    assert len(set(names)) == len(names)
    bounds, above = paths(parent, node)
    stacks = [[names[frame[v]] for v in above[a:b][::-1]] for a, b in pairwise(bounds)]
    rows, missing = plain_loop(text, two)
    assert list(zip(stacks, base, count, strict=True)) == rows
    assert other[:, 2].tolist() == missing
    assert others == len(missing)
    assert whole == all(value == int(value) for row in rows for value in row[1:])


def test_equal_stacks_share_their_nodes():
    buf = np.frombuffer(b"a;b;c 1\na;b;d 2\na;b;c 3\nb;a 4\n", np.uint8)
    _, _, parent, frame, node, *_ = read_folded(buf, False)
    assert parent.tolist() == [-1, 0, 1, 1, -1, 4]
    assert frame.tolist() == [0, 1, 2, 3, 1, 0]
    assert node.tolist() == [2, 3, 2, 5]


def test_many_frames_and_deep_stacks_make_the_tables_grow():
    lines = [";".join(f"f{i * 7 % 5000}.{k}" for k in range(i % 90)) + f" {i}" for i in range(6000)]
    buf = np.frombuffer("\n".join(lines).encode(), np.uint8)
    first, size, parent, frame, node, _, count, *_ = read_folded(buf, False)
    bounds, above = paths(parent, node)
    for i in (0, 89, 1234, 5999):
        spans = [(first[f], size[f]) for f in frame[above[bounds[i] : bounds[i + 1]][::-1]]]
        stack = b";".join(buf[a : a + n].tobytes() for a, n in spans).decode()
        assert f"{stack} {int(count[i])}" == lines[i]


def test_a_node_inherits_from_the_nearest_above_that_has_a_number():
    parent = np.array([-1, 0, 1, -1, 3], np.int32)
    own = np.array([-1, 7, -1, -1, 9], np.int32)
    assert inherited(parent, own).tolist() == [-1, 7, 7, -1, 9]
