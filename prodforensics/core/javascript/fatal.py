"""How V8 or Node.js ended the process, and the value that was thrown.

When V8 or Node.js gives up, it does so in a few functions of its own. Their return addresses stand
on the stack of the thread that crashed; what they were given stands there, too, as references to
objects of the heap and as texts of the program. No debugger is needed for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from prodforensics.core.javascript.binary import Binary
from prodforensics.core.javascript.error_stacks import error_stack, error_text
from prodforensics.core.javascript.values import short

if TYPE_CHECKING:
    from prodforensics.core.image import Thread
    from prodforensics.core.javascript import JavaScript
    from prodforensics.core.javascript.heap import Heap

__all__ = ["Ending", "Fatal", "fatal"]

_ENDING_WORDS = 1024
"""Words of the stack in which the functions stand that end a process."""
_OBJECT_WORDS = 1024
_TEXT_WORDS = 128
_LONGEST = 500
_LIMIT = "JavaScript heap out of memory"
_REASONS = (
    "Reached heap limit",
    "Ineffective mark-compacts near heap limit",
    "CALL_AND_RETRY_LAST",
    "invalid array length",
    "invalid table size",
    "invalid string length",
)
"""What V8 says before it, by the place that gave up."""


class Ending(StrEnum):
    """How the process was ended."""

    UNCAUGHT = "uncaught exception"
    MEMORY = "out of memory"
    FATAL = "fatal error of V8"
    ASSERTION = "failed assertion of Node.js"
    HANDLED = "process.abort() while an uncaught exception was handled"
    ABORT = "process.abort()"


_TRIGGER = "_ZN4node6errors24TriggerUncaughtException"
_FUNCTIONS: tuple[tuple[str, Ending], ...] = (
    ("_ZN4node15OOMErrorHandler", Ending.MEMORY),
    ("_ZN2v88internal2V823FatalProcessOutOfMemory", Ending.MEMORY),
    ("_ZN2v88internal4Heap23FatalProcessOutOfMemory", Ending.MEMORY),
    ("_ZN4node6Assert", Ending.ASSERTION),
    (_TRIGGER, Ending.UNCAUGHT),
    ("_ZN4node6errorsL24TriggerUncaughtException", Ending.UNCAUGHT),
    ("_ZN2v88internal7Isolate20CreateMessageOrAbort", Ending.UNCAUGHT),
    ("_ZN4node12OnFatalError", Ending.FATAL),
    ("_ZN4node10FatalError", Ending.FATAL),
    ("_ZN2v85Utils16ReportApiFailure", Ending.FATAL),
    ("_Z8V8_Fatal", Ending.FATAL),
    ("_ZN4node5AbortERKN2v820FunctionCallbackInfo", Ending.ABORT),
    ("_ZN4nodeL5AbortERKN2v820FunctionCallbackInfo", Ending.ABORT),
)
"""Functions that end the process, by the start of their names."""


@dataclass(frozen=True)
class Fatal:
    """How the process was ended.

    Attributes
    ----------
    ending : Ending
    message : str
        What was thrown, or what V8 or Node.js said; empty where that is not found.
    stack : list of str
        Frames that the thrown error keeps, innermost first.
    thrown : int
        Address of what was thrown, with V8's tag; 0 where it is not found.
    is_certain : bool
        The function that ends processes so was running, and what it was given is found.
    function : str
        That function, as the linker names it.
    """

    ending: Ending
    message: str
    stack: tuple[str, ...]
    thrown: int
    is_certain: bool
    function: str


def fatal(javascript: JavaScript) -> Fatal | None:
    """Return how V8 or Node.js ended the process; None where they did not.

    Parameters
    ----------
    javascript : JavaScript

    Returns
    -------
    Fatal or None
        None also where the core has no thread that crashed, as those of gcore.
    """
    image = javascript.core.image
    thread = next((one for one in image.threads if one.is_crashed), None)
    if thread is None:
        return None
    function, ending = _ending(javascript, thread)
    if ending is None:
        return None
    heap = javascript.heap
    if ending is Ending.MEMORY:
        message = _memory_message(heap, thread)
        return Fatal(ending, message, (), 0, bool(message), function)
    if ending is Ending.ASSERTION:
        message = _assertion(heap, thread)
        return Fatal(ending, message, (), 0, bool(message), function)
    if ending is Ending.FATAL:
        texts = list(dict.fromkeys(_texts(heap, thread)))
        return Fatal(ending, " ".join(texts[:2]), (), 0, bool(texts), function)
    thrown, is_certain = _thrown(heap, thread, function)
    if not thrown:
        return Fatal(ending, "", (), 0, False, function)
    message, stack = _told(heap, thrown)
    certain = is_certain and ending is not Ending.ABORT
    return Fatal(ending, message, tuple(stack), thrown, certain, function)


# -- which function -----------------------------------------------------------------------------


def _ending(javascript: JavaScript, thread: Thread) -> tuple[str, Ending | None]:
    """Find the function that ended the process on the stack."""
    binary = Binary(javascript.constants.path)
    prefixes = tuple(name for name, _ in _FUNCTIONS)
    symbols = binary.symbols(prefixes, ".symtab") or binary.symbols(prefixes)
    module = next(
        (one for one in javascript.core.image.modules if one.found == javascript.constants.path),
        None,
    )
    bias = module.load_bias if module else 0
    first = ""
    for word in (thread.pc, *_stack(javascript.heap, thread, _ENDING_WORDS)):
        for name, symbol in symbols.items():
            # A return address stands behind the call, at the end where that never returns.
            if not symbol.value < word - bias <= symbol.value + max(symbol.size, 1):
                continue
            prefix, ending = next(one for one in _FUNCTIONS if name.startswith(one[0]))
            if ending is not Ending.ABORT and not first:
                return prefix, ending
            # Behind the abort that JavaScript asked for may stand why it did.
            if prefix == _TRIGGER:
                return prefix, Ending.HANDLED
            first = first or prefix
    return first, Ending.ABORT if first else None


def _stack(heap: Heap, thread: Thread, count: int) -> Iterator[int]:
    for place in range(count):
        try:
            yield heap.word(thread.sp + 8 * place)
        except LookupError:
            return


# -- what it was given --------------------------------------------------------------------------


def _thrown(heap: Heap, thread: Thread, function: str) -> tuple[int, bool]:
    """Return the value that was thrown, and whether that is certain."""
    if function.endswith("CreateMessageOrAbort"):
        argument = _argument_of_throw(heap, thread)
        if argument:
            return argument, True
    errors = list(_errors(heap, thread))
    if not errors:
        return 0, False
    # An error that Node.js gives up on is the argument of the function that does.
    return errors[0], len(set(errors)) == 1 or function.endswith("TriggerUncaughtException")


def _argument_of_throw(heap: Heap, thread: Thread) -> int:
    """Return what JavaScript threw: the argument of the call into V8 that stands last.

    The frame of such a call begins with its kind, as a small integer; behind it stand the frame
    pointer before, the return address and the arguments.
    """
    marker = heap.constants["frametype_ExitFrame"] << 1
    words = list(_stack(heap, thread, _OBJECT_WORDS))
    for place, word in enumerate(words[:-4]):
        if word != marker:
            continue
        frame = thread.sp + 8 * (place + 1)
        if not frame < words[place + 1] < frame + 8 * _OBJECT_WORDS * 16:
            continue
        value = words[place + 3]
        try:
            if not heap.is_object(value) or heap.type_name(value):
                return value
        except LookupError:
            continue
    return 0


def _errors(heap: Heap, thread: Thread) -> Iterator[int]:
    """Give error objects that the stack refers to, the innermost first."""
    for word in _stack(heap, thread, _OBJECT_WORDS):
        value = word
        if not word & 7 and word > 1 << 16:
            # A handle: the address of a word that refers to the object.
            try:
                value = heap.word(word)
            except LookupError:
                continue
        if heap.is_type(value, "JSError"):
            yield value


def _told(heap: Heap, thrown: int) -> tuple[str, list[str]]:
    try:
        if heap.is_type(thrown, "JSError"):
            return error_text(heap, thrown), error_stack(heap, thrown)
        return short(heap, thrown, _LONGEST).text, []
    except LookupError:
        return "", []


# -- texts of the program -----------------------------------------------------------------------


def _text_at(heap: Heap, address: int) -> str:
    """Return the text at an address, where it is one of printable characters in whole."""
    if address < 1 << 16:
        return ""
    try:
        raw = heap.memory.c_string(address, _LONGEST)
    except LookupError:
        return ""
    text = raw.decode("latin-1")
    return text if len(raw) < _LONGEST and text.isascii() and text.isprintable() else ""


def _memory_message(heap: Heap, thread: Thread) -> str:
    """Return what V8 said when memory ran out; empty where it did not say so."""
    texts = [_text_at(heap, word) for word in _stack(heap, thread, _TEXT_WORDS)]
    said = next((text for text in texts if text.endswith(_LIMIT)), "")
    reason = next((text for text in texts if text in _REASONS), "")
    return " ".join(one for one in (reason, said or (reason and _LIMIT)) if one)


def _assertion(heap: Heap, thread: Thread) -> str:
    """Return the condition, the function and the place of an assertion of Node.js.

    They stand together: place, condition, function.
    """
    for word in _stack(heap, thread, _TEXT_WORDS):
        if word & 7 or word < 1 << 16:
            continue
        try:
            place, condition, function = (
                _text_at(heap, heap.word(word + 8 * index)) for index in range(3)
            )
        except LookupError:
            continue
        file, _, line = place.rpartition(":")
        if file.endswith((".cc", ".h")) and line.isdigit() and condition:
            return f"{condition} in {function} ({place})"
    return ""


def _texts(heap: Heap, thread: Thread) -> Iterator[str]:
    """Give texts of the program that the stack points at and that read like messages."""
    for word in _stack(heap, thread, _TEXT_WORDS):
        text = _text_at(heap, word)
        if len(text) > 8 and ("::" in text or " " in text):
            yield text
