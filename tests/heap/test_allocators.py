"""Whose allocation it is."""

import pytest

from prodforensics.heap.allocators import culprit
from prodforensics.heap.leak_records import StackFrame as Call

MAIN = Call("main", "/srv/app/a.cpp", 90)


@pytest.mark.parametrize(
    "allocator",
    [
        "malloc", "calloc", "realloc", "posix_memalign", "strdup", "asprintf", "g_malloc0_n",
        "operator new(unsigned long)", "operator new[](unsigned long, std::nothrow_t const&)",
        "__interceptor_malloc", "__interceptor_strdup", "xmalloc", "je_malloc", "_Znwm",
        "PyMem_RawMalloc", "__rust_alloc", "strndup",
    ],
)  # fmt: skip
def test_allocators_are_passed_over(allocator):
    assert culprit((Call(allocator), Call("load", "a.c", 3), MAIN)).function == "load"


@pytest.mark.parametrize("function", ["mallocate_table", "strdup_all", "new_order", "freelist_get"])
def test_functions_of_the_program_with_similar_names_are_not(function):
    assert culprit((Call("malloc"), Call(function, "a.c", 3), MAIN)).function == function


def test_the_standard_library_between_is_passed_over():
    stack = (
        Call("operator new(unsigned long)", "vg_replace_malloc.c", 334),
        Call("__gnu_cxx::new_allocator<int>::allocate(unsigned long)", "new_allocator.h", 127),
        Call("std::vector<int, std::allocator<int> >::push_back(int const&)", "stl_vector.h", 1281),
        Call("void std::sort<int*>(int*, int*)", "stl_algo.h", 4),
        Call("Report::add(int)", "report.cpp", 12),
        MAIN,
    )  # fmt: skip
    assert culprit(stack).function == "Report::add(int)"


def test_a_function_that_takes_a_standard_type_is_the_programs():
    add = Call("Cache::add(std::string const&)", "cache.cpp", 12)
    assert culprit((Call("malloc"), add, MAIN)) == add


def test_libraries_of_the_system_are_passed_over():
    library = Call("XOpenDisplay", module="/usr/lib/x86_64-linux-gnu/libX11.so.6")
    assert culprit((Call("malloc"), library, MAIN)) == MAIN


def test_a_stack_in_libraries_alone_names_the_library_that_allocated():
    library = Call("XOpenDisplay", module="/usr/lib/x86_64-linux-gnu/libX11.so.6")
    start = Call("(below main)", "libc_start_call_main.h", 58)
    assert culprit((Call("malloc"), library, start)) == library


def test_code_without_symbols_is_better_than_the_allocator():
    stripped = Call("???", module="/srv/app/plugin.so")
    assert culprit((Call("malloc"), stripped)) == stripped


def test_an_empty_stack():
    assert culprit(()) == Call()
