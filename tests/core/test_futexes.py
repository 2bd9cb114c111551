"""What a blocked futex call waits for, from the words around its address."""

from __future__ import annotations

import struct
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.core.futexes import Call, Lock, Threads, calls, condition_offset, lock_of

AT = 0x7F0000001000
WAIT, BITSET, LOCK_PI = 0, 9, 6
PRIVATE, REALTIME = 128, 256
THREADS = Threads({70: 1, 71: 2, 72: 3}, {0x7F00AA00: 70, 0x7F00BB00: 71})


class Memory:
    """Bytes at an address, and nothing around them."""

    def __init__(self, start, content):
        self.start, self.content = start, content

    def read_some(self, address, size):
        at = address - self.start
        return self.content[at : at + size] if 0 <= at <= len(self.content) else b""


def mutex(owner, lock=2, count=0, kind=0):
    return Memory(AT, struct.pack("<IIIIIi", lock, count, owner, 1, kind, 0))


def waiting(value=2, command=WAIT, address=AT, private=True):
    return Call(address, command, private, value)


def test_a_mutex_notes_who_holds_it():
    assert lock_of(mutex(71), waiting(), "mutex", THREADS) == Lock("mutex", AT, 71)
    assert lock_of(mutex(71), waiting(), "", THREADS) == Lock("mutex", AT, 71)


def test_an_owner_that_is_gone_is_told_where_the_stack_says_that_it_is_a_mutex():
    assert lock_of(mutex(9), waiting(), "mutex", THREADS) == Lock("mutex", AT, 9)
    assert lock_of(mutex(9), waiting(), "", THREADS) == Lock("futex", AT)
    assert lock_of(mutex(1 << 23), waiting(), "mutex", THREADS) == Lock("mutex", AT)


def test_a_mutex_that_was_let_go_meanwhile_has_no_holder():
    assert lock_of(mutex(0, lock=0), waiting(), "mutex", THREADS) == Lock("mutex", AT)


def test_robust_and_inheriting_mutexes_hold_the_owner_in_their_word():
    robust = Memory(AT, struct.pack("<I", 71 | 0x80000000))
    call = waiting(71 | 0x80000000)
    assert lock_of(robust, call, "mutex", THREADS) == Lock("mutex", AT, 71)
    call = waiting(command=LOCK_PI)
    assert lock_of(robust, call, "", THREADS) == Lock("mutex", AT, 71)


@pytest.mark.parametrize(("address", "base"), [(AT + 8, AT), (AT + 12, AT)])
def test_a_lock_of_readers_and_writers_notes_its_writer(address, base):
    memory = Memory(AT, struct.pack("<8I", 0, 0, 1, 2, 0, 0, 72, 0))
    call = waiting(1, BITSET, address)
    assert lock_of(memory, call, "rwlock", THREADS) == Lock("rwlock", base, 72)


def test_a_join_waits_for_the_thread_that_is_its_value():
    call = Call(AT, BITSET, private=False, value=72)
    assert lock_of(Memory(AT, b""), call, "", THREADS) == Lock("join", AT, 72)
    assert lock_of(Memory(AT, b""), call, "join", THREADS) == Lock("join", AT, 72)


def test_a_private_word_whose_value_is_a_thread_is_no_join():
    call = waiting(72, BITSET)
    assert lock_of(Memory(AT, b""), call, "", THREADS) == Lock("futex", AT)


def test_a_condition_variable_is_where_its_signals_say():
    for address in (AT + 40, AT + 44):
        call = waiting(0, BITSET, address)
        assert lock_of(Memory(AT, b""), call, "condition", THREADS) == Lock("condition", AT)
    call = waiting(0, BITSET, AT + 36)
    assert lock_of(Memory(AT, b""), call, "condition", THREADS, 32) == Lock("condition", AT)


def test_the_lock_of_a_file_notes_the_pointer_of_its_thread():
    stdio = Memory(AT, struct.pack("<IIQQ", 2, 1, 0x7F00BB00, 0))
    assert lock_of(stdio, waiting(), "lock", THREADS) == Lock("stdio", AT, 71)
    malloc = Memory(AT, struct.pack("<IIQQ", 2, 0, 12, 0))
    assert lock_of(malloc, waiting(), "lock", THREADS) == Lock("lock", AT)


def test_the_locks_of_rust_have_no_owner_whatever_stands_behind_them():
    assert lock_of(mutex(71), waiting(), "mutex/rust", THREADS) == Lock("mutex", AT)


def test_memory_that_is_missing_leaves_the_address():
    assert lock_of(Memory(0, b""), waiting(), "mutex", THREADS) == Lock("mutex", AT)
    assert lock_of(Memory(0, b""), waiting(), "rwlock", THREADS) == Lock("rwlock", AT - 8)


WORDS = st.one_of(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 2, 70, 71, 70 | 1 << 31]))


@given(
    st.lists(WORDS, max_size=14),
    st.sampled_from([AT, AT + 8, AT + 12, AT + 40, 0, 4, 2**64 - 4]),
    WORDS,
    st.sampled_from(["", "mutex", "rwlock", "condition", "join", "lock", "gil", "mutex/rust"]),
)
def test_whatever_stands_in_memory_gives_a_lock_in_the_address_space(words, address, value, hint):
    memory = Memory(AT, struct.pack(f"<{len(words)}I", *words))
    lock = lock_of(memory, Call(address, WAIT, True, value), hint, THREADS)
    assert lock.kind
    assert 0 <= lock.address < 2**64
    assert 0 <= lock.owner_tid < 2**32
    if hint == "":
        # Without the words of the stack only a thread of this process is a holder.
        assert lock.owner_tid in (0, *THREADS.tids)


def image(machine, registers, memory=None):
    thread = SimpleNamespace(thread_id=1, os_tid=70, registers=registers)
    return SimpleNamespace(
        machine=SimpleNamespace(name=machine), threads=(thread,), memory=memory or Memory(0, b"")
    )


def test_registers_of_a_blocked_thread_hold_the_call_on_x86_64():
    registers = {"orig_rax": 202, "rdi": AT, "rsi": WAIT | PRIVATE, "rdx": 2, "r10": 0}
    ((thread, call),) = calls(image("x86_64", registers))
    assert (thread.os_tid, call) == (70, Call(AT, WAIT, private=True, value=2))
    ((_, call),) = calls(image("x86_64", {**registers, "rsi": BITSET | REALTIME, "r10": 4096}))
    assert call == Call(AT, BITSET, private=False, value=2, timed=True)
    assert not list(calls(image("x86_64", {**registers, "orig_rax": 0xFFFFFFFFFFFFFFFF})))
    assert not list(calls(image("x86_64", {**registers, "rsi": 1 | PRIVATE})))


def test_on_aarch64_the_instruction_must_be_a_system_call():
    registers = {"x8": 98, "x0": AT, "x1": WAIT | PRIVATE, "x2": 2, "x3": 0, "pc": 0x1004}
    call = b"\x01\x00\x00\xd4"
    for code in (call + b"\x00" * 4, b"\x00" * 4 + call):
        ((_, found),) = calls(image("aarch64", registers, Memory(0x1000, code)))
        assert found == Call(AT, WAIT, private=True, value=2)
    assert not list(calls(image("aarch64", registers, Memory(0x1000, b"\x00" * 8))))
    assert not list(calls(image("riscv64", registers)))


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        (b"GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n", 40),
        (b"GNU C Library (GNU libc) stable release version 2.41.\n", 32),
        (b"nothing that tells", 40),
    ],
)
def test_the_layout_of_a_condition_variable_follows_the_version_of_libc(text, offset):
    libc = SimpleNamespace(path="/lib/libc.so.6", start=AT, end=AT + 64)
    core = SimpleNamespace(modules=(libc,), memory=Memory(AT, text))
    assert condition_offset(core) == offset
