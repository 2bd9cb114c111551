"""Every core sample: which program, what goes wrong in it, and what is known of that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PYTHON = "/usr/bin/python3"
SECRETS = ["aws_access_key", "aws_secret_key", "jwt", "password", "private_key", "url_password"]


@dataclass(frozen=True)
class Core:
    """One core to record.

    Attributes
    ----------
    title, program, arguments
        The program of `programs.PROGRAMS` and what follows its name.
    rules
        What a finding has to say; empty for a healthy process.
    function, fault
        Where the process died, or what holds everybody up; the line is the one with the mark
        ``THE FAULT: fault`` in the source.
    truth
        What else is known.
    how
        ``"crash"``: the kernel writes the core; ``"gcore"``: gdb does, of a living process;
        ``"quit"``: the kernel, when the process is sent SIGQUIT; ``"qemu"``: qemu does, which runs
        a program of another processor.
    settings
        As of `cores.crash`.
    packing
        Ending of the packed core.
    rebuilt
        A program of the same name and another build, given along.
    is_cut
        The kernel cuts the core in the middle.
    """

    title: str
    program: str
    arguments: str
    rules: tuple[str, ...] = ()
    function: str = ""
    fault: str = ""
    truth: dict[str, Any] = field(default_factory=dict)
    how: str = "crash"
    settings: dict[str, Any] = field(default_factory=dict)
    packing: str = "zst"
    rebuilt: str = ""
    is_cut: bool = False


NULL = {"signal": "SIGSEGV", "code": "SEGV_MAPERR", "address": 0, "expression": "line->discount"}
ABORT = {"signal": "SIGABRT", "code": "SI_TKILL"}
CROWD = {"signal": "", "lock": "stock_lock"}

CORES: dict[str, Core] = {
    "null": Core(
        "Till: the discount of a line is null, three calls deep",
        "till",
        "null ada 1001",
        ("core.null_dereference",),
        "discounted",
        "null",
        NULL,
        rebuilt="till-rebuilt",
    ),
    "null.again": Core(
        "Till: the same null dereference for another customer",
        "till",
        "null grace 2002",
        ("core.null_dereference",),
        "discounted",
        "null",
        NULL | {"same_crash_as": "null"},
    ),
    "null.refund": Core(
        "Till: the same null dereference, reached by a refund",
        "till",
        "null_refund ada 1001",
        ("core.null_dereference",),
        "discounted",
        "null",
        NULL | {"differs_from": {"null": "refund"}},
        packing="lz4",
    ),
    "null.optimised": Core(
        "Till: the same null dereference in a build with -O2",
        "till-optimised",
        "null ada 1001",
        ("core.null_dereference",),
        "discounted",
        "null",
        NULL | {"same_crash_as": "null"},
    ),
    "null.aarch64": Core(
        "Till: the same null dereference on arm64, as qemu writes it",
        "till-aarch64",
        "null ada 1001",
        ("core.null_dereference",),
        "discounted",
        "null",
        # qemu writes no siginfo: what was wrong stands in the instruction and its registers.
        {"signal": "SIGSEGV", "expression": "line->discount"},
        "qemu",
    ),
    "null.truncated": Core(
        "Till: the core of a null dereference, cut by ulimit -c",
        "till",
        "null ada 1001",
        ("core.null_dereference", "core.truncated"),
        "discounted",
        "null",
        NULL,
        is_cut=True,
    ),
    "use_after_free": Core(
        "Till: a method of a basket that was freed",
        "till-static",
        "use_after_free",
        ("core.use_after_free_suspect",),
        "print_total",
        "use_after_free",
        {"signal": "SIGSEGV", "code": "SI_KERNEL", "pattern": "tcache_key"},
        settings={"environment": {"GLIBC_TUNABLES": "glibc.malloc.perturb=165"}},
    ),
    "use_after_free.reused": Core(
        "Till: a pointer in a freed basket that malloc wrote over",
        "till-static",
        "use_after_free_reused",
        ("core.use_after_free_suspect",),
        "print_discount",
        "use_after_free_reused",
        {"signal": "SIGSEGV", "pattern": "tcache: address of the chunk >> 12"},
    ),
    "double_free": Core(
        "Till: an order is cancelled twice, glibc aborts",
        "till-static",
        "double_free",
        ("core.abort",),
        "cancel",
        "double_free",
        ABORT | {"message": "free(): double free detected in tcache 2", "cause": "heap corruption"},
    ),
    "heap_corruption": Core(
        "Till: a name longer than its buffer, glibc aborts in free",
        "till-static",
        "heap_corruption",
        ("core.abort",),
        "name_tag",
        "heap_corruption",
        ABORT | {"message": "double free or corruption (out)", "cause": "heap corruption"},
    ),
    "stack_overflow": Core(
        "Till: a bundle that contains itself, priced by two functions in turn",
        "till-static",
        "stack_overflow",
        ("core.stack_overflow",),
        "price_bundle",
        "stack_overflow",
        {
            "signal": "SIGSEGV",
            "code": "SEGV_MAPERR",
            "cycle": ["price_bundle", "price_part"],
        },
        settings={"stack": 128 << 10},
    ),
    "assertion": Core(
        "Till: an assertion fails, paid less than due",
        "till-static",
        "assertion",
        ("core.abort",),
        "pay",
        "assertion",
        ABORT | {"message": "paid_cents >= due_cents", "cause": "assertion"},
    ),
    "exception": Core(
        "Orders: an exception that nobody catches",
        "orders",
        "exception",
        ("core.abort",),
        "shop::Catalogue<int, shop::Article>::find",
        "exception",
        ABORT
        | {
            "cause": "uncaught exception",
            "exception": "shop::PriceError",
            "message": "no price for SKU 4711",
        },
    ),
    "bad_alloc": Core(
        "Orders: a picture larger than any memory",
        "orders",
        "bad_alloc",
        ("core.out_of_memory",),
        "shop::picture",
        "bad_alloc",
        ABORT | {"exception": "std::bad_alloc", "message": "std::bad_alloc"},
    ),
    "illegal": Core(
        "Till: an unknown currency runs into ud2",
        "till",
        "illegal",
        ("core.illegal_instruction",),
        "currency_index",
        "illegal",
        {"signal": "SIGILL", "code": "ILL_ILLOPN", "instruction": "ud2"},
    ),
    "bus": Core(
        "Till: a mapped file became shorter",
        "till",
        "bus",
        ("core.bus_error",),
        "record_price",
        "bus",
        {"signal": "SIGBUS", "code": "BUS_ADRERR", "mapped": "prices.dat"},
        packing="xz",
    ),
    "deadlock": Core(
        "Till: two threads hold what the other wants, twelve customers wait",
        "till",
        "deadlock",
        ("core.deadlock",),
        "sell",
        "deadlock",
        CROWD | {"cycle": ["sell", "take_stock"], "waiters": 12},
        "gcore",
    ),
    "deadlock.static": Core(
        "Till: the same deadlock in a program that is linked statically",
        "till-static",
        "deadlock",
        ("core.deadlock",),
        "sell",
        "deadlock",
        CROWD | {"cycle": ["sell", "take_stock"], "waiters": 12},
        "gcore",
    ),
    "lock_convoy": Core(
        "Till: fourteen receipts wait for a ledger that is flushed to a slow disk",
        "till",
        "lock_convoy",
        ("core.lock_convoy",),
        "slow_disk",
        "lock_convoy",
        {"signal": "", "lock": "ledger_lock", "waiters": 14, "holder": "flush_ledger"},
        "gcore",
    ),
    "healthy": Core(
        "Till: nothing is wrong, six workers and a clock wait",
        "till",
        "healthy",
        truth={"signal": "", "waiters_for_work": 6},
        how="gcore",
    ),
    "secret": Core(
        "Till: passwords, tokens and a key in heap and environment",
        "till",
        "secret",
        ("core.contains_secrets",),
        "serve",
        "secret",
        {"signal": "", "secrets": SECRETS},
        "gcore",
        {"environment": {"TILL_DATABASE": "postgres://till:s3cr3t-till-pw@db.shop.example/till"}},
    ),
    "rust_panic": Core(
        "Stock (Rust): an index out of bounds, panic=abort",
        "stock",
        "rust_panic",
        ("core.abort",),
        "stock::piece_at",
        "rust_panic",
        ABORT | {"message": "index out of bounds: the len is 3 but the index is 3"},
    ),
    "rust_null": Core(
        "Stock (Rust): a null pointer in unsafe code",
        "stock",
        "rust_null",
        ("core.null_dereference",),
        "stock::pieces_of",
        "rust_null",
        {"signal": "SIGSEGV", "code": "SEGV_MAPERR"},
    ),
    "go_null": Core(
        "Ledger (Go): an account that is not there, GOTRACEBACK=crash",
        "ledger",
        "go_null",
        ("core.abort",),
        "main.(*ledger).post",
        "go_null",
        {"signal": "SIGABRT", "goroutine": "main.clerk", "panic": "SIGSEGV: nil pointer"},
        settings={"environment": {"GOTRACEBACK": "crash", "GOMAXPROCS": "2"}, "stack": 8 << 20},
    ),
    "go_quit": Core(
        "Ledger (Go): nothing is wrong, eight clerks wait for sales; kill -QUIT",
        "ledger",
        "go_quit",
        ("core.abort",),
        truth={"signal": "SIGABRT", "goroutines": {"main.clerk": 8}},
        how="quit",
        settings={"environment": {"GOTRACEBACK": "crash", "GOMAXPROCS": "2"}, "stack": 8 << 20},
    ),
    "python_null": Core(
        "Kiosk (Python 3.11): ctypes reads from a null pointer, three calls deep",
        "kiosk",
        "python_null",
        ("core.null_dereference",),
        "device_name",
        "python_null",
        {
            "signal": "SIGSEGV",
            "code": "SEGV_MAPERR",
            "address": 0,
            "python": ["device_name", "print_ticket", "sell", "main", "<module>"],
            "secret_local": ["sell", "password"],
        },
        settings={"stack": 512 << 10},
    ),
    "python_healthy": Core(
        "Kiosk (Python 3.11): nothing is wrong, two threads sleep",
        "kiosk",
        "python_healthy",
        truth={"signal": "", "python": ["main", "<module>"]},
        how="gcore",
        settings={"environment": {"MALLOC_ARENA_MAX": "1"}, "stack": 512 << 10},
    ),
}
