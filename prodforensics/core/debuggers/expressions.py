"""Expressions that only read: what a person may ask of a debugger, and what not.

A core has no process to run, but debuggers have commands, convenience functions and files that
an expression reaches. What is allowed is listed here; all else is refused with its reason.
"""

from __future__ import annotations

import re

from prodforensics.errors import BadOption

__all__ = ["checked"]

_LONGEST = 1000
_DEEPEST = 50
_TOKEN = re.compile(
    r"\s+"
    r"|(?P<number>0[xX][0-9a-fA-F]+[uUlL]*|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?[uUlLfF]*)"
    r"|(?P<text>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)+')"
    r"|(?P<register>\$[A-Za-z_]\w*)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<operator><<=|>>=|->\*|\.\*|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||::"
    r"|[-+*/%&|^]=|[-+*/%&|^~!<>=.,?:;@\[\](){}#$`\\'\"])"
)
_OPERATORS = frozenset(
    "-> :: . [ ] ( ) + - * / % & | ^ ~ ! << >> < > <= >= == != && || ? : ,".split()  # noqa: SIM905 (read as a line)
)
_WHY = {
    **dict.fromkeys(
        ("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="), "it assigns"
    ),
    **dict.fromkeys(("++", "--"), "it changes what it counts"),
    ";": "it is more than one expression",
    "{": "it has braces",
    "}": "it has braces",
    "@": "ranges with @ are gdb's own; ask for the elements, or use read(address, size)",
    "...": "it has an ellipsis",
}
# Words behind which a parenthesis is no call, and those that are parts of the names of types.
_TYPE_WORDS = frozenset(
    [
        "unsigned",
        "signed",
        "int",
        "char",
        "short",
        "long",
        "float",
        "double",
        "bool",
        "void",
        "const",
        "volatile",
        "struct",
        "union",
        "enum",
        "class",
        "size_t",
        "ssize_t",
        "uint8_t",
        "uint16_t",
        "uint32_t",
        "uint64_t",
        "int8_t",
        "int16_t",
        "int32_t",
        "int64_t",
        "uintptr_t",
        "intptr_t",
        "ptrdiff_t",
        "off_t",
        "time_t",
        "pid_t",
        "wchar_t",
    ]
)
_READING_WORDS = frozenset(("sizeof", "alignof", "_Alignof"))
_CASTS = frozenset(("static_cast", "reinterpret_cast", "const_cast"))
_REFUSED_WORDS = {
    "new": "it would make an object",
    "delete": "it would delete an object",
    "throw": "it would throw",
    "dynamic_cast": "gdb may run code for a dynamic_cast",
    "typeid": "gdb may run code for typeid",
    "asm": "it is no expression",
    "__asm__": "it is no expression",
}
_REGISTERS = re.compile(
    r"\$(?:[re]?(?:ax|bx|cx|dx|si|di|bp|sp|ip)|[abcd][lh]|r(?:[89]|1[0-5])[dwbl]?|[rf]?pc|sp|fp|lr|ra"
    r"|eflags|rflags|cpsr|[cdefgs]s|[fg]s_base|orig_[re]ax|k[0-7]|mxcsr|st[0-7]|[xyz]mm\d{1,2}"
    r"|[xwvqdsbh]\d{1,2})\Z"
)


def checked(expression: str) -> str:
    """Return an expression that reads and does nothing else, as it was given but for the blanks.

    Parameters
    ----------
    expression : str
        Of C, C++, Rust or Go: names, members, ``->``, ``[]``, ``*``, ``&``, arithmetic,
        comparisons, casts to types, ``sizeof``, numbers, characters, texts, registers (``$rip``).

    Raises
    ------
    BadOption
        It calls, assigns or is otherwise more than reading; the message says what.

    Examples
    --------
    >>> checked(" order->customer.name[0] ")
    'order->customer.name[0]'
    >>> checked("(struct item *) p + 1")
    '(struct item *) p + 1'
    >>> checked("system(command)")
    Traceback (most recent call last):
    ...
    prodforensics.errors.BadOption: 'system(command)' is refused: it calls 'system'
    Try: name variables, members, elements, arithmetic, casts and registers
    """
    if not isinstance(expression, str) or not expression.strip():
        raise BadOption("there is no expression to evaluate")
    expression = expression.strip()
    if why := _why_not(expression):
        raise BadOption(
            f"{expression!r} is refused: {why}",
            hint="name variables, members, elements, arithmetic, casts and registers",
        )
    return expression


def _why_not(expression: str) -> str:
    if len(expression) > _LONGEST:
        return f"it is longer than {_LONGEST:,} characters"
    if not expression.isprintable():
        return "it has characters that cannot be seen"
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(expression):
        found = _TOKEN.match(expression, at)
        if found is None:
            return f"{expression[at]!r} is no part of an expression"
        at = found.end()
        if found.lastgroup:
            tokens.append((found.lastgroup, found.group()))
    for number, (kind, text) in enumerate(tokens):
        if why := _why_not_token(kind, text):
            return why
        if number and kind == "name" and (why := _why_not_behind(*tokens[number - 1])):
            return why
        if text == "(" and number and (why := _why_not_call(tokens, number)):
            return why
    return _why_not_nested(tokens)


def _why_not_token(kind: str, text: str) -> str:
    if kind == "register" and not _REGISTERS.match(text):
        return f"{text} is no register"
    if kind == "operator" and text not in _OPERATORS:
        return _WHY.get(text, f"{text!r} is no operator that reads")
    if kind == "name":
        return _REFUSED_WORDS.get(text, "")
    return ""


def _why_not_behind(kind: str, before: str) -> str:
    """Tell whether a name may follow a token: commands have words in a row, expressions not."""
    if kind == "operator" or before in _TYPE_WORDS or before in _READING_WORDS:
        return ""
    return f"{before!r} is followed by a name: it is no expression"


def _why_not_call(tokens: list[tuple[str, str]], number: int) -> str:
    """Tell whether an opening parenthesis is a call: it follows what can be called."""
    kind, before = tokens[number - 1]
    if kind == "name":
        if before in _READING_WORDS or before in _TYPE_WORDS:
            return ""
        return f"it calls {before!r}"
    if before in (")", "]") and not _is_cast(tokens, number - 1):
        return "it calls the value before a parenthesis"
    opened = any(text == "<" for _, text in tokens[: number - 1])
    if before == ">" and opened and not _is_named_cast(tokens, number - 1):
        # The end of template arguments, or so it may be.
        return "it calls what stands before a parenthesis"
    return "" if kind == "operator" else "it calls what stands before a parenthesis"


def _is_cast(tokens: list[tuple[str, str]], close: int) -> bool:
    """Tell whether a closed parenthesis holds a type for certain: ``(char *)``, ``(long)``."""
    if tokens[close][1] != ")":
        return False
    depth = 0
    for at in range(close, -1, -1):
        depth += {")": 1, "(": -1}.get(tokens[at][1], 0)
        if not depth:
            inside = tokens[at + 1 : close]
            if not inside:
                return False
            if at and tokens[at - 1] != ("operator", "(") and tokens[at - 1][0] != "operator":
                return False  # sizeof(x)(y), f(x)(y)
            words = [text for kind, text in inside if kind == "name"]
            rest = [text for kind, text in inside if kind != "name"]
            stars = bool(rest) and set(rest) <= {"*", "::", "&"} and inside[-1][1] in "*&"
            return bool(words) and ((set(words) <= _TYPE_WORDS and set(rest) <= {"*"}) or stars)
    return False


def _is_named_cast(tokens: list[tuple[str, str]], close: int) -> bool:
    """Tell whether ``>`` ends ``static_cast<T>``."""
    depth = 0
    for at in range(close, -1, -1):
        depth += {">": 1, ">>": 2, "<": -1, "<<": -2}.get(tokens[at][1], 0)
        if not depth:
            return at > 0 and tokens[at - 1][1] in _CASTS
    return False


def _why_not_nested(tokens: list[tuple[str, str]]) -> str:
    closing, opened = {"(": ")", "[": "]"}, []
    for kind, text in tokens:
        if kind != "operator":
            continue
        if text in closing:
            opened.append(closing[text])
            if len(opened) > _DEEPEST:
                return "it is nested too deeply"
        elif text in (")", "]") and (not opened or opened.pop() != text):
            return f"a {text!r} closes nothing"
    return f"a {opened[-1]!r} is missing" if opened else ""
