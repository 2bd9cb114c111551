"""Signals and their codes in words."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Signal", "code_of", "name_of"]

# Linux's numbers on every machine but alpha, mips, parisc and sparc.
_LIST = (
    "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP "
    "TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
)
_NAMES = {number: f"SIG{name}" for number, name in enumerate(_LIST.split(), 1)}
_WORDS = {
    "SIGHUP": "hangup",
    "SIGINT": "interrupt",
    "SIGQUIT": "quit",
    "SIGILL": "illegal instruction",
    "SIGTRAP": "trap",
    "SIGABRT": "abort",
    "SIGBUS": "bus error",
    "SIGFPE": "arithmetic error",
    "SIGKILL": "killed",
    "SIGSEGV": "segmentation fault",
    "SIGPIPE": "broken pipe",
    "SIGALRM": "alarm",
    "SIGTERM": "terminated",
    "SIGSTOP": "stopped",
    "SIGXCPU": "CPU time limit",
    "SIGXFSZ": "file size limit",
    "SIGSYS": "bad system call",
}
_CODES = {
    ("SIGSEGV", 1): ("SEGV_MAPERR", "nothing is mapped at the address"),
    ("SIGSEGV", 2): ("SEGV_ACCERR", "the mapping does not permit the access"),
    ("SIGSEGV", 3): ("SEGV_BNDERR", "a bounds check failed"),
    ("SIGSEGV", 4): ("SEGV_PKUERR", "a protection key forbids the access"),
    ("SIGSEGV", 8): ("SEGV_MTEAERR", "asynchronous memory tag check failed"),
    ("SIGSEGV", 9): ("SEGV_MTESERR", "memory tag check failed"),
    ("SIGSEGV", 10): ("SEGV_CPERR", "control protection: the shadow stack disagrees"),
    ("SIGSEGV", 0x80): ("SI_KERNEL", "a general protection fault, as a non-canonical address is"),
    ("SIGBUS", 1): ("BUS_ADRALN", "the address is not aligned"),
    ("SIGBUS", 2): ("BUS_ADRERR", "no memory is behind the address: beyond the end of a file"),
    ("SIGBUS", 3): ("BUS_OBJERR", "a hardware error of the object"),
    ("SIGBUS", 4): ("BUS_MCEERR_AR", "a hardware memory error was used"),
    ("SIGBUS", 5): ("BUS_MCEERR_AO", "a hardware memory error was found"),
    ("SIGILL", 1): ("ILL_ILLOPC", "the opcode is illegal"),
    ("SIGILL", 2): ("ILL_ILLOPN", "the operand is illegal"),
    ("SIGILL", 3): ("ILL_ILLADR", "the addressing mode is illegal"),
    ("SIGILL", 4): ("ILL_ILLTRP", "an illegal trap"),
    ("SIGILL", 5): ("ILL_PRVOPC", "the opcode is privileged"),
    ("SIGILL", 6): ("ILL_PRVREG", "the register is privileged"),
    ("SIGILL", 7): ("ILL_COPROC", "a coprocessor error"),
    ("SIGILL", 8): ("ILL_BADSTK", "an internal stack error"),
    ("SIGFPE", 1): ("FPE_INTDIV", "integer division by zero"),
    ("SIGFPE", 2): ("FPE_INTOVF", "integer overflow"),
    ("SIGFPE", 3): ("FPE_FLTDIV", "floating point division by zero"),
    ("SIGFPE", 4): ("FPE_FLTOVF", "floating point overflow"),
    ("SIGFPE", 5): ("FPE_FLTUND", "floating point underflow"),
    ("SIGFPE", 6): ("FPE_FLTRES", "floating point result inexact"),
    ("SIGFPE", 7): ("FPE_FLTINV", "floating point operation invalid"),
    ("SIGFPE", 8): ("FPE_FLTSUB", "subscript out of range"),
    ("SIGTRAP", 1): ("TRAP_BRKPT", "a breakpoint"),
    ("SIGTRAP", 2): ("TRAP_TRACE", "a single step"),
    ("SIGTRAP", 3): ("TRAP_BRANCH", "a branch trap"),
    ("SIGTRAP", 4): ("TRAP_HWBKPT", "a hardware breakpoint or watchpoint"),
    ("SIGSYS", 1): ("SYS_SECCOMP", "seccomp forbids the system call"),
}
_ANY = {
    0: ("SI_USER", "sent by kill"),
    0x80: ("SI_KERNEL", "sent by the kernel"),
    -1: ("SI_QUEUE", "sent by sigqueue"),
    -2: ("SI_TIMER", "a timer"),
    -3: ("SI_MESGQ", "a message queue"),
    -4: ("SI_ASYNCIO", "asynchronous I/O"),
    -5: ("SI_SIGIO", "queued SIGIO"),
    -6: ("SI_TKILL", "sent by tkill, as raise and abort do"),
}
_FAULTS = {"SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP"}
_SENT = {0, -1, -6}
_KERNEL = 0x80


@dataclass(frozen=True)
class Signal:
    """The signal that ended a process.

    Parameters
    ----------
    thread_id : int
        The thread that got it.
    number : int
    name : str
        Such as SIGSEGV.
    code : str
        Name of si_code, such as SEGV_MAPERR; empty where the core has none.
    meaning : str
        Both in words.
    address : int or None
        The address of the fault, where there is one.
    sender_pid : int or None
        The process that sent it, where one did.
    """

    thread_id: int
    number: int
    name: str
    code: str = ""
    meaning: str = ""
    address: int | None = None
    sender_pid: int | None = None

    @property
    def is_sent(self) -> bool:
        """Whether a process sent it, with kill or raise: nothing faulted."""
        return self.sender_pid is not None

    @classmethod
    def of(
        cls, thread_id: int, number: int, code: int | None, address: int, sender_pid: int
    ) -> Signal:
        """Make it of the fields of siginfo; ``code`` is None where the core has none of them."""
        name = name_of(number)
        words = _WORDS.get(name, "")
        if code is None:
            return cls(thread_id, number, name, "", words or name)
        code_name, code_words = code_of(name, code)
        meaning = ": ".join(filter(None, (words, code_words))) or name
        # A general protection fault tells no address; kill and its kin have a sender there.
        faulted = name in _FAULTS and 0 < code < _KERNEL
        return cls(
            thread_id,
            number,
            name,
            code_name,
            meaning,
            address if faulted else None,
            sender_pid if code in _SENT else None,
        )


def name_of(number: int) -> str:
    """Name a signal of Linux.

    Examples
    --------
    >>> name_of(11), name_of(34), name_of(0)
    ('SIGSEGV', 'SIGRTMIN', '')
    """
    if 34 <= number <= 64:
        return "SIGRTMIN" + (f"+{number - 34}" if number > 34 else "")
    return _NAMES.get(number, f"signal {number}" if number else "")


def code_of(name: str, code: int) -> tuple[str, str]:
    """Name the code of a signal, and say it in words.

    Examples
    --------
    >>> code_of("SIGSEGV", 1)
    ('SEGV_MAPERR', 'nothing is mapped at the address')
    >>> code_of("SIGUSR1", 0)
    ('SI_USER', 'sent by kill')
    """
    return _CODES.get((name, code)) or _ANY.get(code) or (f"code {code}", "")
