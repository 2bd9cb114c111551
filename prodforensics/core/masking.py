"""Values of variables, arguments and the environment with their secrets masked, and the reasons.

Debuggers print values each in their own way: ``0x5555 "text"``, ``{user = ..., password = ...}``
(gdb), ``(user = ..., password = ...)`` (lldb), ``{.password = (char [8])"..."}`` (drgn),
``Config {password: "..."}`` (Rust, Go), ``{'password': '...'}`` (Python). A secret is told by the
name of the variable, by that of a field, or by its form. Addresses stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import partial

from prodforensics.secret_forms import MASK, NAMES, is_secret_name, mask_forms

__all__ = ["mask_arguments", "mask_value", "mask_values"]

# What a debugger puts into quotes; a text that it cut has no closing one.
_LITERAL = r'"(?:[^"\\]|\\[\s\S])*(?:"|\Z)' + r"|'(?:[^'\\]|\\[\s\S])*(?:'|\Z)"
_TIMES = r"(?: <repeats (\d+) times>)?"
# gdb breaks one text into several where a character repeats: "ab", 'x' <repeats 20 times>, "c".
_TEXT = re.compile(rf"(?:{_LITERAL}){_TIMES}(?:, (?:{_LITERAL}){_TIMES})*")
_PIECE = re.compile(rf"({_LITERAL}){_TIMES}")
_FIELD = re.compile(
    rf"(?P<literal>{_LITERAL})(?P<of>\s{{0,3}}[:=](?![:=])\s{{0,3}})?"
    r"|(?<![\w$.])\.?(?P<name>[A-Za-z_$][\w$.-]{0,200})\s{0,3}[:=](?![:=])\s{0,3}"
)
_BLANK = re.compile(
    # Nothing, an address, a small number, a switch: all that is no secret though its name says so.
    r"\s*(?:|[\"']{2}|\(?(?:[\w :]{1,80}\*+ ?(?:const)?\))?\s*"
    r"\(?(?:0x[0-9a-f]{1,16}|[+-]?\d{1,6}L?)\)?(?: <[^\"'>]{0,200}>)?"
    r"|true|false|yes|no|on|off|null|nullptr|nil|none|undefined"
    r"|<[^\"']{0,200}>|\.\.\.)\s*",
    re.IGNORECASE,
)
_HIDDEN_ADDRESS = re.compile(
    r"\s*((?:\([^()\"']{1,120}\)\s*)?0x[0-9a-fA-F]{1,16}(?: <[^\"'>]{0,200}>)?(?: =)? )"
)
# A short std::string keeps its characters where a longer one keeps a number.
_CAPACITY = re.compile(r"(_M_allocated_capacity = )\d{7,}")
_OPEN, _CLOSE = "{([", "})]"
_WORD = re.compile(NAMES, re.IGNORECASE)
_NUMBER = re.compile(r"0x[0-9a-f]{1,16}|-?\d{1,20}")
_LONGEST = 4096
_OPTION = re.compile(r"--?([A-Za-z][\w-]*)")


def mask_value(name: str, type_: str, value: str, *, redact: bool = True) -> tuple[str, str]:
    """Mask what may be secret in one value.

    Parameters
    ----------
    name : str
        Of the variable.
    type_ : str
        As the debugger writes it; empty for what no debugger printed: the environment, arguments.
    value : str
    redact : bool
        False leaves the value as it is.

    Returns
    -------
    text : str
        The value with `prodforensics._text.MASK` in the place of secrets. Addresses, names of
        fields and everything else stay.
    reason : str
        Why, in words; empty where nothing is masked.

    Examples
    --------
    >>> mask_value("password", "char *", '0x5555 "hunter2"')
    ('0x5555 "••••••"', 'its name says that it is a secret')
    >>> mask_value("c", "struct config", '{user = 0x10 "app", password = 0x20 "hunter2"}')
    ('{user = 0x10 "app", password = 0x20 "••••••"}', 'the name of its field password')
    >>> mask_value("DATABASE_URL", "", "postgres://app:hunter2@db/orders")
    ('postgres://app:••••••@db/orders', 'it holds the password of an address')
    >>> mask_value("tokens", "int", "3")
    ('3', '')
    """
    if not redact or not value:
        return value, ""
    if is_secret_name(name) and not (type_ and _is_code(type_)):
        hidden = _hide(value)
        if hidden != value:
            return hidden, "its name says that it is a secret"
    return _mask_printed(value) if type_ else _mask_text(value)


def mask_values(
    variables: Iterable[tuple[str, str, str]], *, redact: bool = True
) -> list[tuple[str, str]]:
    """Return `mask_value` of many variables; equal ones are looked at once.

    Parameters
    ----------
    variables : iterable of (name, type, value)
    redact : bool

    Examples
    --------
    >>> mask_values([("i", "int", "3"), ("pwd", "char *", '0x1 "abc"')])
    [('3', ''), ('0x1 "••••••"', 'its name says that it is a secret')]
    """
    known: dict[tuple[str, str, str], tuple[str, str]] = {}
    secret: dict[str, bool] = {}
    calm: dict[str, bool] = {}
    masked = []
    for variable in variables:
        name, type_, value = variable
        if name not in secret:
            secret[name] = is_secret_name(name)
        if not secret[name] and _is_harmless(type_, value, calm):
            masked.append((value, ""))
            continue
        one = known.get(variable)
        if one is None:
            one = known[variable] = mask_value(*variable, redact=redact)
        masked.append(one)
    return masked


def _is_harmless(type_: str, value: str, calm: dict[str, bool]) -> bool:
    """Tell whether a value is a number, an address or a structure of them, as most are.

    Without texts in it, a value of one type has the same names of fields as any other.
    """
    if _NUMBER.fullmatch(value):
        return True
    if not type_ or value[:1] != "{" or '"' in value or "'" in value:
        return False
    if type_ not in calm:
        calm[type_] = not _WORD.search(value)
    return calm[type_]


def mask_arguments(arguments: Sequence[str], *, redact: bool = True) -> list[tuple[str, str]]:
    """Mask what may be secret in the arguments of a command.

    Parameters
    ----------
    arguments : sequence of str
        The command line, the program first.
    redact : bool

    Returns
    -------
    list of (text, reason)
        As from `mask_value`, one for each argument.

    Examples
    --------
    >>> [text for text, _ in mask_arguments(["db", "--password", "hunter2", "--token=abcdef"])]
    ['db', '--password', '••••••', '--token=••••••']
    """
    masked: list[tuple[str, str]] = []
    option = ""
    for argument in arguments:
        found = _OPTION.fullmatch(argument)
        before, option = option, found[1] if found else ""
        name, equals, value = argument.partition("=")
        own = _OPTION.fullmatch(name) if equals else None
        if before and not found:
            masked.append(mask_value(before, "", argument, redact=redact))
        elif own:
            text, reason = mask_value(own[1], "", value, redact=redact)
            masked.append((f"{name}={text}", reason))
        else:
            masked.append(mask_value("", "", argument, redact=redact))
    return masked


# -- by name ----------------------------------------------------------------------------------


def _is_code(type_: str) -> bool:
    """Tell whether a variable of this type is a function, or a switch."""
    return type_.split()[-1:] in (["bool"], ["_Bool"]) or "(*)" in type_ or type_.endswith(")")


def _hide(value: str) -> str:
    """Mask a whole value; addresses stay, and what is nothing."""
    if _BLANK.fullmatch(value):
        return value
    pointer = _HIDDEN_ADDRESS.match(value)
    if pointer:
        rest = value[pointer.end() :]
        return value[: pointer.end()] + (f'"{MASK}"' if rest[:1] in {'"', "'"} else _hide(rest))
    stripped = value.strip()
    if stripped[:1] in {'"', "'"}:
        return f"{stripped[0]}{MASK}{stripped[0]}"
    if stripped.endswith(("}", ")", "]")) and stripped[:1] in set(_OPEN):
        return f"{stripped[0]}{MASK}{stripped[-1]}"
    return MASK


# -- by form ----------------------------------------------------------------------------------


def _mask_text(value: str) -> tuple[str, str]:
    """Mask a text that no debugger printed."""
    # A whole value in the notation of JSON or Python, as configuration often is.
    if value[:1] in set("{[(\"'"):
        return _mask_printed(value)
    text, found = mask_forms(value)
    return text, _reason(found, ())


def _mask_printed(value: str) -> tuple[str, str]:
    """Mask fields by their names, and texts by their forms, in a value as debuggers print it."""
    if not any(mark in value for mark in "\"'=:"):
        text, found = mask_forms(value)
        return text, _reason(found, ())
    fields: dict[str, None] = {}
    kept = _mask_fields(value, fields)
    found: dict[str, None] = {}
    masked = _TEXT.sub(partial(_mask_literals, found=found), kept)
    if fields or found:
        masked = _CAPACITY.sub(rf"\g<1>{MASK}", masked)
    return masked, _reason(tuple(found), tuple(fields))


def _mask_fields(value: str, fields: dict[str, None]) -> str:
    pieces, done, at = [], 0, 0
    while found := _FIELD.search(value, at):
        at = found.end()
        name = found["name"] or (found["literal"][1:-1] if found["of"] else "")
        if not name or not is_secret_name(name):
            continue
        end = _end_of_value(value, at)
        hidden = _hide(value[at:end])
        if hidden != value[at:end]:
            fields[name] = None
            pieces += [value[done:at], hidden]
            done = at = end
    return "".join(pieces) + value[done:]


def _end_of_value(value: str, at: int) -> int:
    """Return where the value of a field ends: at a comma, a bracket or a line of its own level."""
    depth = 0
    while at < len(value):
        byte = value[at]
        if byte in "\"'":
            # Texts in several pieces are one value, though there are commas between them.
            literal = _TEXT.match(value, at)
            at = literal.end() if literal else at + 1
            continue
        if byte in _OPEN:
            depth += 1
        elif byte in _CLOSE:
            if not depth:
                return at
            depth -= 1
        elif byte in ",;\n" and not depth:
            return at
        at += 1
    return at


def _mask_literals(match: re.Match[str], found: dict[str, None]) -> str:
    """Mask one text of a debugger, in one piece or several."""
    whole = match[0]
    pieces = _PIECE.findall(whole)
    if len(pieces) == 1 and not pieces[0][1]:
        text, why = mask_forms(whole[1:].removesuffix(whole[0]))
        found.update(dict.fromkeys(why))
        closed = whole[0] if len(whole) > 1 and whole.endswith(whole[0]) else ""
        return f"{whole[0]}{text}{closed}" if why else whole
    joined = "".join(text[1:-1] * min(int(times or 1), _LONGEST) for text, times in pieces)
    text, why = mask_forms(joined[:_LONGEST])
    found.update(dict.fromkeys(why))
    return f'"{text}"' if why else whole


def _reason(forms: Sequence[str], fields: Sequence[str]) -> str:
    said: list[str] = []
    if fields:
        said.append(f"the name of its {'field' if len(fields) == 1 else 'fields'} {_few(fields)}")
    if forms:
        said.append(f"it holds {_few(forms)}")
    return "; ".join(said)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
