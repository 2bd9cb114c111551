"""What a thread that is blocked in the kernel's futex call waits for, from registers and memory.

No debugger is asked and no debug information is needed. The registers of a blocked thread hold the
arguments of its system call: the address of a word, the operation, and the value that the word had.
What stands around that word is fixed by glibc's ABI:

* ``pthread_mutex_t``: ``__lock`` at 0, ``__owner`` (what the kernel calls the thread) at 8,
  ``__kind`` at 16 (``sysdeps/nptl/bits/struct_mutex.h``);
* ``pthread_rwlock_t``: ``__wrphase_futex`` at 8, ``__writers_futex`` at 12, ``__cur_writer`` at 24
  (``struct_rwlock.h``);
* ``pthread_cond_t``: ``__g_signals[2]`` at 40, since glibc 2.41 at 32;
* ``pthread_join`` waits, without FUTEX_PRIVATE_FLAG, until the kernel clears ``pd->tid``, so that
  the value is the thread that is awaited;
* the lock of a ``FILE``: ``lock`` at 0, ``owner`` (a thread pointer) at 8.

What a word belongs to is told by the functions of the stack where there is one (`wait_names`), and
without one only where the memory leaves no doubt.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prodforensics.core.image import Image, Thread
    from prodforensics.core.memory import Memory

__all__ = ["Call", "Lock", "Threads", "calls", "condition_offset", "lock_of"]

_WAIT, _WAIT_BITSET, _LOCK_PI, _LOCK_PI2 = 0, 9, 6, 13
_PRIVATE, _COMMAND = 128, 0x7F
_WAITERS, _TID = 0x80000000, 0x3FFFFFFF
_CONTENDED = 2
"""The value of a low-level lock that is taken and waited for."""
_KINDS = 0x7 | 16 | 32 | 64 | 128 | 256 | 512
"""Every flag of a mutex' ``__kind``: type, robust, inheritance, ceiling, shared, elision."""
_ADDRESSES = 1 << 64
_PID_MAX = 1 << 22
"""No thread of Linux has a larger number."""
_SUPERVISOR_CALL = b"\x01\x00\x00\xd4"
"""aarch64: ``svc #0``."""


@dataclass(frozen=True)
class Call:
    """A blocked futex call.

    Parameters
    ----------
    address : int
        Of the word.
    command : int
        FUTEX_WAIT and so on, without flags.
    private : bool
        FUTEX_PRIVATE_FLAG: the word belongs to this process alone.
    value : int
        What the word held when the call was made; 32 bits.
    timed : bool
        The call ends after some time.
    """

    address: int
    command: int
    private: bool
    value: int
    timed: bool = False


@dataclass(frozen=True)
class Lock:
    """What is waited for.

    Parameters
    ----------
    kind : str
        mutex, rwlock, condition, join, semaphore, stdio, lock (of libc itself) or futex.
    address : int
        Of the lock as the program knows it.
    owner_tid : int
        os_tid of the thread that holds it; 0 where that is unknown.
    """

    kind: str
    address: int
    owner_tid: int = 0


@dataclass(frozen=True)
class Threads:
    """The threads of the core, by what locks call them."""

    tids: Mapping[int, int]
    """thread_id by os_tid."""
    pointers: Mapping[int, int]
    """os_tid by thread pointer (``fs_base``, ``tpidr``)."""

    @classmethod
    def of(cls, image: Image) -> Threads:
        """Index the threads of a core."""
        return cls(
            {one.os_tid: one.thread_id for one in image.threads},
            {one.registers.get("fs_base", 0): one.os_tid for one in image.threads},
        )


def calls(image: Image) -> Iterator[tuple[Thread, Call]]:
    """Give the threads that are blocked in a futex call, each with its call.

    Notes
    -----
    x86-64 keeps the number of the call in ``orig_rax``. aarch64 keeps it in ``x8``, which is any
    value outside of a call: there the instruction at the program counter, or before it, must be
    ``svc``.
    """
    for thread in image.threads:
        registers = thread.registers
        if image.machine.name == "x86_64":
            if registers.get("orig_rax") != 202:
                continue
            names = ("rdi", "rsi", "rdx", "r10")
        elif image.machine.name == "aarch64":
            if registers.get("x8") != 98 or not _in_call(image.memory, registers.get("pc", 0)):
                continue
            names = ("x0", "x1", "x2", "x3")
        else:
            continue
        address, operation, value, timeout = (registers.get(name, 0) for name in names)
        command = operation & _COMMAND
        if command in (_WAIT, _WAIT_BITSET, _LOCK_PI, _LOCK_PI2):
            private = bool(operation & _PRIVATE)
            yield thread, Call(address, command, private, value & 0xFFFFFFFF, timeout != 0)


def _in_call(memory: Memory, pc: int) -> bool:
    code = memory.read_some(pc - 4, 8) if pc >= 4 else b""
    return _SUPERVISOR_CALL in (code[:4], code[4:8])


def lock_of(memory: Memory, call: Call, hint: str, threads: Threads, condition: int = 40) -> Lock:
    """Return what a call waits for.

    Parameters
    ----------
    memory : Memory
    call : Call
    hint : str
        The kind that the functions of the stack tell (`wait_names.kind_of`), or empty. What
        follows a slash is a runtime with locks of its own, in which no owner is looked for.
    threads : Threads
    condition : int
        Bytes from a condition variable to its signals, see `condition_offset`.

    Returns
    -------
    Lock
        Its owner is one of `threads`, or, where the stack says that it is a mutex, one that is
        not in this process any more.
    """
    if call.command in (_LOCK_PI, _LOCK_PI2):
        return Lock("mutex", call.address, _word(memory, call.address) & _TID)
    if hint == "join" or (not hint and not call.private and call.value in threads.tids):
        return Lock("join", call.address, call.value)
    kind, _, runtime = hint.partition("/")
    if runtime:
        return Lock(kind, call.address)
    if hint == "rwlock":
        # glibc aligns it to 8 bytes, so the remainder tells which of its words this is.
        base = (call.address - (12 if call.address % 8 else 8)) % _ADDRESSES
        return Lock("rwlock", base, _known(_word(memory, base + 24), threads))
    if hint in ("condition", "gil"):
        # The interpreter's lock of Python is waited for with a condition.
        base = (call.address - condition - (4 if call.address % 8 else 0)) % _ADDRESSES
        return Lock(hint, base)
    if hint in ("", "mutex", "lock"):
        return _mutex(memory, call, hint, threads)
    return Lock(hint, call.address)


def _mutex(memory: Memory, call: Call, hint: str, threads: Threads) -> Lock:
    if call.value & _WAITERS and (call.value & _TID) in threads.tids:
        # Robust: the word itself holds the owner.
        return Lock("mutex", call.address, call.value & _TID)
    if call.value == _CONTENDED:
        seen = memory.read_some(call.address, 20)
        if len(seen) == 20:
            lock, count, owner, _, kind = struct.unpack("<IIIII", seen)
            pointer = struct.unpack_from("<Q", seen, 8)[0]
            if hint != "mutex" and pointer in threads.pointers and pointer:
                return Lock("stdio", call.address, threads.pointers[pointer])
            sane = lock in (1, _CONTENDED) and count < 1 << 20 and not kind & ~_KINDS
            gone = hint == "mutex" and 0 < owner < _PID_MAX
            if sane and (owner in threads.tids or gone):
                return Lock("mutex", call.address, owner)
    return Lock(hint or "futex", call.address)


def _word(memory: Memory, address: int) -> int:
    return int.from_bytes(memory.read_some(address, 4), "little")


def _known(tid: int, threads: Threads) -> int:
    return tid if tid in threads.tids else 0


def condition_offset(image: Image) -> int:
    """Return where the signals of a condition variable stand, by the version of the core's libc.

    glibc 2.41 took ``__g_refs`` out of ``pthread_cond_t``. A libc that does not tell its version
    is taken to be older.
    """
    for module in image.modules:
        if module.path.rpartition("/")[2].startswith(("libc.so", "libc-2")):
            size = min(module.end - module.start, 8 << 20)
            text = image.memory.read_some(module.start, size)
            if not text or b"release version " not in text:
                continue
            version = text.partition(b"release version ")[2][:8].partition(b",")[0].rstrip(b".")
            numbers = [int(one) for one in version.split(b".") if one.isdigit()]
            return 32 if numbers >= [2, 41] else 40
    return 40
