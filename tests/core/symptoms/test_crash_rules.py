"""What findings say of crashes that the samples do not show: programs that die on purpose."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest

import prodforensics as pf
from prodforensics.core import taking
from tests.conftest import require_tool

C = r"""
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct item { struct item *next; long price; };
struct till { int (*total)(int); struct item *first; };

static long follow(struct item *item) { return item->next->price; }
static long follow_value(uint64_t value) {
  struct item *item = malloc(sizeof *item);
  item->next = (struct item *)value;
  return follow(item);
}
static long freed_link(void) {
  struct item *items[3];
  for (int i = 0; i < 3; i++) { items[i] = malloc(200); items[i]->price = i; }
  for (int i = 0; i < 3; i++) free(items[i]);
  return follow(items[2]); /* its first word links to items[1] */
}
static long freed_last(void) {
  struct item *item = malloc(200);
  free(item);
  return follow(item);
}
static long wide_frame(void) {
  volatile char room[64 << 20];
  room[1 << 20] = 1;
  return room[1 << 20];
}
static int deep(int n) { volatile char room[4096]; room[0] = n; return deep(n + 1) + room[0]; }
static void *in_thread(void *x) { return (void *)(long)deep(0); }
static int call(struct till *till) { return till->total(7); }

static int divide(int by) { return 7 / by; }
static void again(int number) { signal(number, SIG_DFL); raise(number); }
static void gives_up(int number) { (void)number; abort(); }
static void handle(void (*handler)(int)) {
  static char room[1 << 16];
  stack_t stack = {.ss_sp = room, .ss_size = sizeof room};
  sigaltstack(&stack, 0);
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
  sigaction(SIGSEGV, &action, 0);
}

int main(int count, char **words) {
  const char *how = words[1];
  if (getenv("HANDLER")) handle(strcmp(getenv("HANDLER"), "abort") ? again : gives_up);
  if (!strcmp(how, "wild")) *(volatile int *)0x123456789000 = 1;
  if (!strcmp(how, "constant")) *(volatile char *)"a text" = 'b';
  if (!strcmp(how, "jump")) { static char data[64]; ((void (*)(void))data)(); }
  if (!strcmp(how, "deep")) return deep(0);
  if (!strcmp(how, "divide")) return divide(count - 2);
  if (!strcmp(how, "overrun")) {
    volatile char *room = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    volatile char *end = mmap((void *)(room + 4096), 4096, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    end[0] = room[0];
  }
  if (!strcmp(how, "raise")) raise(atoi(words[2]));
  if (!strcmp(how, "held")) { puts("ready"); fflush(stdout); pause(); }
  if (!strcmp(how, "value")) return follow_value(strtoull(words[2], 0, 16));
  if (!strcmp(how, "link")) return freed_link();
  if (!strcmp(how, "last")) return freed_last();
  if (!strcmp(how, "wide")) return wide_frame();
  if (!strcmp(how, "call")) { struct till till = {0, 0}; return call(&till); }
  if (!strcmp(how, "thread")) {
    pthread_t thread; pthread_create(&thread, 0, in_thread, 0); pthread_join(thread, 0);
  }
  return 0;
}
"""
CPP = r"""
#include <cstring>
#include <exception>
#include <thread>

struct Shape {
  Shape() { describe(); }
  void describe() { area(); }
  virtual void area() = 0;
};
struct Circle : Shape { void area() override {} };

static void start() { std::thread worker([] {}); }

int main(int count, char **words) {
  if (!strcmp(words[1], "virtual")) Circle circle;
  if (!strcmp(words[1], "thread")) start();
  if (!strcmp(words[1], "terminate")) std::terminate();
}
"""
RULES = {
    "core.abort",
    "core.arithmetic_error",
    "core.bus_error",
    "core.illegal_instruction",
    "core.invalid_access",
    "core.null_dereference",
    "core.stack_overflow",
    "core.use_after_free_suspect",
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """A program in C and one in C++, built with debug information."""
    folder = tmp_path_factory.mktemp("programs")
    for compiler, name, text in (("gcc", "dies.c", C), ("g++", "ends.cpp", CPP)):
        require_tool(compiler)
        (folder / name).write_text(text)
        build = [compiler, "-g", "-O0", "-pthread", "-o", name.partition(".")[0], name]
        subprocess.run(build, cwd=folder, check=True)
    return folder


@pytest.fixture
def died(programs, tmp_path, monkeypatch):
    """Run a program with arguments, and give the findings on its crash by their rule."""
    require_tool("gdb")

    def run(program, *arguments, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        core = tmp_path / "core"
        taking.core_of_crash([str(programs / program), *arguments], core, seconds=60)
        return findings_of(core)

    return run


def findings_of(path):
    with pf.load(path) as core:
        return {one.rule: one for one in core.findings() if one.rule in RULES}


@pytest.mark.parametrize("name", ["SIGILL", "SIGBUS", "SIGSEGV", "SIGFPE"])
def test_a_signal_that_was_raised_is_no_fault(died, name):
    assert died("dies", "raise", str(int(signal.Signals[name]))) == {}


def require_kernel():
    """Skip where gdb has to take the cores: it stops at the first signal, before any handler."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern != "core" or hard != resource.RLIM_INFINITY:
        pytest.skip("the kernel writes no cores here")


def held_and_killed(programs, folder, number):
    """Send a signal to a program that waits, and give the findings."""
    require_kernel()
    process = subprocess.Popen(
        ["sh", "-c", f"ulimit -c unlimited; exec {programs / 'dies'} held"],
        cwd=folder,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
    (core,) = folder.glob("core*")
    return findings_of(core)


def test_an_abort_that_another_process_sent_names_it(programs, tmp_path):
    found = held_and_killed(programs, tmp_path, signal.SIGABRT)
    assert set(found) == {"core.abort"}
    assert found["core.abort"].title == f"SIGABRT was sent by process {os.getpid()}"
    assert "main at dies.c" in found["core.abort"].why


def test_an_illegal_instruction_that_another_process_sent_is_none(programs, tmp_path):
    assert held_and_killed(programs, tmp_path, signal.SIGILL) == {}


def test_an_abort_of_its_own_is_still_one(died):
    found = died("dies", "raise", str(int(signal.SIGABRT)))
    assert found["core.abort"].title == "abort() was called in main at dies.c:66"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("4141414141414141", "the byte 0x41, the character 'A', eight times"),
        ("9999999999999999", "the byte 0x99 eight times"),
    ],
)
def test_any_byte_eight_times_is_only_possibly_freed_memory(died, value, said):
    (finding,) = died("dies", "value", value).values()
    assert finding.rule == "core.use_after_free_suspect"
    assert finding.verdict == "possible"
    assert said in finding.why


def test_a_byte_that_an_allocator_fills_freed_memory_with_is_likely_so(died):
    (finding,) = died("dies", "value", "5a5a5a5a5a5a5a5a").values()
    assert finding.verdict == "likely"
    assert "jemalloc" in finding.why


@pytest.mark.parametrize(
    "environment",
    [{"MALLOC_PERTURB_": "153"}, {"GLIBC_TUNABLES": "glibc.malloc.perturb=0x99"}],
)
def test_the_byte_that_the_environment_asks_for_is_likely_so(died, environment):
    (finding,) = died("dies", "value", "9999999999999999", **environment).values()
    assert finding.verdict == "likely"
    assert "MALLOC_PERTURB_" in finding.why


@pytest.mark.parametrize(
    ("how", "said"),
    [("link", "the address of the next freed chunk, 0x"), ("last", "last freed chunk")],
)
def test_the_links_of_freed_chunks_are_known(died, how, said):
    (finding,) = died("dies", how).values()
    assert finding.verdict == "likely"
    assert finding.rule == "core.use_after_free_suspect"
    assert said in finding.why
    assert "follow at dies.c" in finding.title


def test_one_wide_frame_may_leap_over_the_end_of_the_stack(died):
    (finding,) = died("dies", "wide").values()
    assert finding.rule == "core.stack_overflow"
    assert finding.verdict == "likely"
    assert "wide_frame at dies.c" in finding.title
    assert "MB below its end" in finding.why


def test_the_stack_of_a_thread_is_told_with_its_own_size(died):
    (finding,) = died("dies", "thread").values()
    assert finding.title == "Stack overflow: deep repeats"
    assert finding.verdict == "likely"
    assert "The stack of 8.39 MB is full" in finding.why


def test_a_null_pointer_that_is_called_is_told_so(died):
    (finding,) = died("dies", "call").values()
    assert finding.verdict == "likely"
    assert finding.title == "till->total is null in call at dies.c:39"
    assert "called as a function" in finding.why


def test_a_pure_virtual_call_is_told_so(died):
    (finding,) = died("ends", "virtual").values()
    assert finding.title == "Pure virtual method called in Shape::describe at ends.cpp:8"


@pytest.mark.parametrize(
    ("how", "title", "said"),
    [
        ("thread", "std::terminate was called in start at ends.cpp:13", "before join()"),
        ("terminate", "std::terminate was called in main at ends.cpp:18", "No exception"),
    ],
)
def test_an_end_without_an_exception_is_told_so(died, how, title, said):
    (finding,) = died("ends", how).values()
    assert finding.title == title
    assert said in finding.why


@pytest.mark.parametrize(
    ("how", "title", "said"),
    [
        ("wild", "Write to 0x123456789000, where nothing is mapped, in main", "never set"),
        ("constant", "Write to memory that can only be read in main", "texts in quotes"),
        ("overrun", "Write to memory that is protected in main", "permissions ---"),
        ("jump", "which is no code, in main", "data memory"),
    ],
)
def test_every_other_fault_says_what_was_accessed(died, how, title, said):
    require_kernel()  # gcore does not keep what a mapping permits
    (finding,) = died("dies", how).values()
    assert finding.rule == "core.invalid_access"
    assert finding.verdict == "likely"
    assert title in finding.title
    assert said in finding.why


def test_a_division_by_zero_is_told(died):
    (finding,) = died("dies", "divide").values()
    assert finding.rule == "core.arithmetic_error"
    assert "Integer division by zero in divide at dies.c" in finding.title
    assert "7 / by" in finding.why


@pytest.mark.parametrize(("handler", "ending"), [("again", "SIGSEGV"), ("abort", "SIGABRT")])
@pytest.mark.parametrize(
    ("arguments", "rule", "said"),
    [
        (("call",), "core.null_dereference", "till->total is null in call at dies.c"),
        (("link",), "core.use_after_free_suspect", "in follow at dies.c"),
        (("wild",), "core.invalid_access", "0x123456789000"),
        (("deep",), "core.stack_overflow", "deep repeats"),
    ],
)
def test_a_handler_of_the_program_does_not_hide_the_fault(
    died, handler, ending, arguments, rule, said
):
    require_kernel()
    (finding,) = died("dies", *arguments, HANDLER=handler).values()
    assert finding.rule == rule
    assert said in finding.title
    assert "handler was called for SIGSEGV" in finding.why
    assert f"ended it with {ending}" in finding.why


def test_a_crash_is_the_same_with_a_handler_and_without(programs, tmp_path, monkeypatch):
    require_tool("gdb")
    require_kernel()
    cores = []
    for handler in ("", "again", "abort"):
        if handler:
            monkeypatch.setenv("HANDLER", handler)
        cores.append(tmp_path / f"{handler}.core")
        taking.core_of_crash([str(programs / "dies"), "link"], cores[-1], seconds=60)
    compared = pf.compare(*map(pf.load, cores))
    assert len(compared.frames["buckets"]) == 1
