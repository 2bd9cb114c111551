"""What functions belong to: the largest modules, and packages where one module is all there is."""

from __future__ import annotations

import numpy as np

from prodforensics.profile.building import CallTable
from prodforensics.profile.groups import OTHER, groups


def functions(*rows):
    table = CallTable()
    for row in rows:
        table.call(*row)
    return table.functions()


def test_the_largest_groups_come_first_and_the_rest_is_other():
    rows = [(f"f{place}", "", f"/lib/lib{place}.so") for place in range(10)]
    found = groups(functions(*rows), np.array([1, 9, 2, 8, 3, 7, 4, 6, 5, 0]))
    assert found.names == [f"lib{place}.so" for place in (1, 3, 5, 7, 8, 6, 4)]
    assert found.of.tolist() == [OTHER, 0, OTHER, 1, 6, 2, 5, 3, 4, OTHER]


def test_one_program_is_told_apart_by_its_packages():
    found = groups(
        functions(
            ("main.price", "orders.go", "/app/orders"),
            ("net/http.(*conn).serve", "http.go", "/app/orders"),
            ("runtime.mallocgc", "malloc.go", "/app/orders"),
            ("read", "", "[kernel.kallsyms]"),
        ),
        np.array([50, 30, 15, 5]),
    )
    assert found.names == ["main", "net/http", "runtime", "kernel"]


def test_a_program_without_packages_keeps_its_files():
    found = groups(
        functions(("price", "service.c", "/app/service"), ("tax", "tax.cpp", "/app/service")),
        np.array([3, 1]),
    )
    assert found.names == ["service.c", "tax.cpp"]


def test_no_functions_have_no_groups():
    assert groups(functions(), np.array([], np.int64)).names == []
