"""Where a secret may begin, beside a slow search with regular expressions."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.core.secret_tables import MARKS, tables
from prodforensics.kernels.secret_anchors import ADDRESS, ASSIGNED, MARKED, find_anchors

PIECES = st.sampled_from(
    [
        *(mark for mark, _, _ in MARKS),
        *("password=", "token: ", "secret", "=", ":", "://user:", "@", "x1" * 12, " ", "\n", "a"),
    ]
)


def anchors(data, strict=True, start=0, stop=None):
    array = np.frombuffer(data, np.uint8)
    stop = len(data) if stop is None else stop
    *found, reached = find_anchors(array, start, stop, strict, *tables().arguments(), 10_000)
    assert reached == stop
    return list(zip(*(one.tolist() for one in found), strict=True))


@given(st.lists(PIECES, max_size=12).map("".join), st.sampled_from([1, 2]))
def test_every_mark_is_found_whatever_surrounds_it(text, stride):
    data = text.encode("latin-1" if stride == 1 else "utf-16-le")
    got = {(where, MARKS[kind - MARKED][0]) for where, kind, *_ in anchors(data, strict=False)
           if kind >= MARKED}  # fmt: skip
    expected = {
        (found.start() * stride, mark)
        for mark, _, _ in MARKS
        for found in re.finditer(f"(?={re.escape(mark)})", text)
    }
    # Of marks that begin in one place the longest part is enough: each place has one.
    assert {where for where, _ in expected} <= {where for where, _ in got} or expected <= got


@given(st.lists(PIECES, max_size=12).map("".join))
def test_pieces_find_what_the_whole_finds(text):
    data = text.encode("latin-1")
    whole = anchors(data)
    middle = len(data) // 2
    assert sorted(anchors(data, stop=middle) + anchors(data, start=middle)) == sorted(whole)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("password=hunter22", "hunter22", ASSIGNED),
        ('{"token": "a1b2c3d4e5"}', "a1b2c3d4e5", ASSIGNED),
        ("db://app:hunter2@host/db", "hunter2", ADDRESS),
        ("api_key = abcd1234abcd1234abcd", "abcd1234abcd1234abcd", ASSIGNED),
    ],
)
def test_a_value_behind_a_name_is_found_with_its_length(text, value, kind, stride):
    data = (text + "\0").encode("latin-1" if stride == 1 else "utf-16-le")
    ((where, found, length, step, _),) = anchors(data)
    assert (found, step) == (kind, stride)
    assert (where, length) == (text.index(value) * stride, len(value))


@pytest.mark.parametrize(
    "text",
    [
        "password = getpass()",
        "password=%s",
        "token: string",
        "if (token == null)",
        "secret::Key",
        "the password: it is written down",
        "http://host:8080/path",
    ],
)
def test_code_and_prose_are_none(text):
    assert anchors(text.encode()) == []
