"""Names of functions as gdb writes them: with namespaces, without parameters."""

from __future__ import annotations

import posixpath
import re

__all__ = ["plain_file", "plain_name", "without_parameters"]

_OPEN = {"(": ")", "<": ">", "[": "]", "{": "}"}
_LONGEST = 20_000
# Names under which glibc calls its own functions, and the version of a symbol.
_VERSION = re.compile(r"@{1,2}(?:GLIBC|GLIBCXX|CXXABI|GCC|plt)\w*(?:\.\d+)*$")
_CLONE = re.compile(r" \[clone [^\]]*\]| \(\.[\w.]+\)$")
_RUST_HASH = re.compile(r"::h[0-9a-f]{16}$")
_MADE_UP = re.compile(r"^___lldb_unnamed_symbol.*$")
_TWICE = re.compile(r"^([^/]+)/\1/")


def plain_name(name: str) -> str:
    """Return a function's name without parameters and without marks of tools.

    What goes: parameters, which some debuggers write and some do not; the mark of glibc's own
    calls; the version of a symbol; the mark of a part that the compiler split off; the hash of
    Rust, and the ``::`` before its type arguments; Go's mark of functions in assembler; names that
    lldb makes up.

    Examples
    --------
    >>> plain_name("__GI___lll_lock_wait"), plain_name("__pthread_mutex_lock@GLIBC_2.2.5")
    ('__lll_lock_wait', '__pthread_mutex_lock')
    >>> plain_name("stock::pieces_of::hfb3c451ac5826014"), plain_name("runtime.futex.abi0")
    ('stock::pieces_of', 'runtime.futex')
    >>> plain_name("operator new(unsigned long) [clone .cold]")
    'operator new'
    """
    name = _MADE_UP.sub("", _CLONE.sub("", _VERSION.sub("", name)))
    name = _RUST_HASH.sub("", name).removesuffix(".abi0").removeprefix("__GI_")
    return without_parameters(name.replace("::<", "<"))


def plain_file(path: str) -> str:
    """Return the path of a source file without steps that lead nowhere.

    Packages are built in folders that nobody has; debuggers put them together each in their way.

    Examples
    --------
    >>> plain_file("./csu/../sysdeps/nptl/futex.h"), plain_file("../sysdeps/nptl/futex.h")
    ('sysdeps/nptl/futex.h', 'sysdeps/nptl/futex.h')
    >>> plain_file("./nptl/./nptl/pthread_create.c")
    'nptl/pthread_create.c'
    """
    if not path:
        return ""
    path = posixpath.normpath(path)
    while path.startswith("../"):
        path = path[3:]
    # A folder of compilation that is relative, before a name that begins with it again.
    return _TWICE.sub(r"\1/", path)


def without_parameters(name: str) -> str:
    """Return the name of a C++ function without its parameters and what stands behind them.

    Examples
    --------
    >>> without_parameters("shop::Cart<int>::total(int) const")
    'shop::Cart<int>::total'
    >>> without_parameters("shop::(anonymous namespace)::hidden(shop::Cart<int> const&)")
    'shop::(anonymous namespace)::hidden'
    >>> without_parameters("std::function<void (int)>::operator()(int) const")
    'std::function<void (int)>::operator()'
    >>> without_parameters("main"), without_parameters("main.(*ledger).post")
    ('main', 'main.(*ledger).post')
    """
    if "(" not in name or len(name) > _LONGEST:
        return name
    end = _parameters(name)
    return name if end is None else name[:end].rstrip()


def _parameters(name: str) -> int | None:
    """Find where the outermost list of parameters begins: the last one at depth 0."""
    depth, found = 0, None
    at = 0
    while at < len(name):
        if name.startswith(("operator()", "operator<", "operator>"), at) and not depth:
            at += len(_operator(name, at))
            continue
        letter = name[at]
        if letter == "(" and not depth:
            # Nor is a method of Go one: main.(*ledger).post.
            if name.startswith("(anonymous", at) or name[at - 1 : at] == ".":
                at = name.find(")", at) + 1 or len(name)
                continue
            found = at
        if letter in "(<[{":
            depth += 1
        elif letter in ")]}" or (letter == ">" and name[at - 1 : at] != "-"):
            depth = max(0, depth - 1)
        at += 1
    if found is None:
        return None
    # A list that a name follows belongs to a scope: f(int)::{lambda()#1}.
    behind = name[found:]
    return None if re.search(r"\)(?: const)?::", behind) else found


def _operator(name: str, at: int) -> str:
    for one in ("operator()", "operator<=>", "operator<<=", "operator>>=", "operator<<"):
        if name.startswith(one, at):
            return one
    for one in ("operator>>", "operator<=", "operator>=", "operator<", "operator>"):
        if name.startswith(one, at):
            return one
    return "operator"
