"""What a thread was doing, from the system call that its registers show."""

from __future__ import annotations

from prodforensics.core.machines import Machine

__all__ = ["state_of", "system_call"]

# State -> system calls that wait for it, by their numbers on x86-64 and in the generic table of
# newer machines (asm-generic/unistd.h: aarch64, riscv64); -1: that machine has no such call.
_CALLS = {
    "lock": {"futex": (202, 98), "futex_waitv": (449, 449), "futex_wait": (455, 455),
             "flock": (73, 32), "semop": (65, 193), "semtimedop": (220, 192)},
    "sleep": {"nanosleep": (35, 101), "clock_nanosleep": (230, 115)},
    "io": {
        "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66),
        "pread64": (17, 67), "pwrite64": (18, 68), "preadv": (295, 69), "pwritev": (296, 70),
        "poll": (7, -1), "ppoll": (271, 73), "select": (23, -1), "pselect6": (270, 72),
        "epoll_wait": (232, -1), "epoll_pwait": (281, 22), "epoll_pwait2": (441, 441),
        "accept": (43, 202), "accept4": (288, 242), "connect": (42, 203),
        "recvfrom": (45, 207), "recvmsg": (47, 212), "recvmmsg": (299, 243),
        "sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269),
        "io_getevents": (208, 4), "io_uring_enter": (426, 426), "fsync": (74, 82),
        "fdatasync": (75, 83), "openat": (257, 56), "sendfile": (40, 71), "splice": (275, 76),
    },
    "waiting": {"wait4": (61, 260), "waitid": (247, 95), "pause": (34, -1),
                "rt_sigsuspend": (130, 133), "rt_sigtimedwait": (128, 137),
                "restart_syscall": (219, 128), "msgrcv": (70, 188)},
    "running": {"tgkill": (234, 131), "tkill": (200, 130), "kill": (62, 129),
                "sched_yield": (24, 124)},
}  # fmt: skip


def _table(column: int) -> dict[int, tuple[str, str]]:
    return {
        numbers[column]: (name, state)
        for state, calls in _CALLS.items()
        for name, numbers in calls.items()
        if numbers[column] >= 0
    }


_X86_64, _GENERIC = _table(0), _table(1)
_SVC = b"\x01\x00\x00\xd4"
_ECALL = b"\x73\x00\x00\x00"


def system_call(machine: Machine, registers: dict[str, int], before: bytes) -> tuple[str, str]:
    """Return the system call that a thread is in, and the state which that is.

    Parameters
    ----------
    machine : Machine
    registers : dict
    before : bytes
        The four bytes before its program counter; empty where the core does not hold them.

    Returns
    -------
    tuple of str
        Name and state: lock, sleep, io, waiting, system call; both are ``"running"`` and empty
        where it was in its own code, ``"unknown"`` where the machine's calls are not known.
    """
    if machine.name == "x86_64":
        number, table = registers.get("orig_rax", 2**64 - 1), _X86_64
        # Entered by an interrupt or a fault the kernel leaves something negative here.
        inside = number < 2**31
    elif machine.name == "aarch64":
        number, table = registers.get("x8", 2**64 - 1), _GENERIC
        inside = before == _SVC
    elif machine.name == "riscv64":
        number, table = registers.get("a7", 2**64 - 1), _GENERIC
        inside = before == _ECALL
    else:
        return "", "unknown"
    if not registers:
        return "", "unknown"
    if not inside:
        return "", "running"
    return table.get(number, (f"system call {number}", "system call"))


def state_of(machine: Machine, registers: dict[str, int], before: bytes) -> str:
    """Return the state alone, see `system_call`."""
    return system_call(machine, registers, before)[1]
