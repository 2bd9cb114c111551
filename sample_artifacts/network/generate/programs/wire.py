"""A cable between two namespaces, in user space: what netem does, where the kernel has no netem.

``python wire.py LEFT RIGHT [options]`` makes a TAP (or TUN) device in each namespace and carries
frames between them. SIGUSR1 cuts the cable, and joins it again.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import fcntl
import heapq
import os
import random
import select
import signal
import struct
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_TAP, IFF_NO_PI = 1, 2, 0x1000
ARP = b"\x08\x06"


def device(namespace: str, name: str, kind: int) -> int:
    """Open a new device of a namespace, ready to read frames from."""
    libc = ctypes.CDLL("libc.so.6", use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if libc.setns(there, CLONE_NEWNET):
        raise SystemExit(f"cannot enter {namespace}")
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", name.encode(), kind | IFF_NO_PI)
    fcntl.ioctl(handle, TUNSETIFF, request)
    libc.setns(home, CLONE_NEWNET)
    return handle


class Direction:
    """One direction of the cable, its faults and its queue."""

    def __init__(self, out: int, options: argparse.Namespace, loss: float, shift: int) -> None:
        self.out, self.options, self.loss = out, options, loss
        self.chance = random.Random(options.seed + shift)
        self.free_at = self.last = 0.0
        self.seen = 0

    def due(self, frame: bytes, now: float) -> list[float]:
        """Say when the frame arrives: never, once, or twice."""
        options, chance = self.options, self.chance
        if frame[12:14] == ARP and not options.tun:
            return [now]
        self.seen += 1
        if self.seen > options.clean_frames and chance.random() < self.loss:
            return []
        if options.max_frame and len(frame) > options.max_frame:
            return []
        if options.rate:
            waits = max(self.free_at - now, 0)
            if waits > options.queue_ms / 1e3:
                return []
            self.free_at = now + waits + len(frame) * 8 / (options.rate * 1e3)
            now = self.free_at
        delay = options.delay + chance.uniform(-options.jitter, options.jitter)
        at = max(now + delay / 1e3, self.last)
        if chance.random() < options.reorder:
            return [at + options.reorder_ms / 1e3]
        self.last = at
        return [at, at + 0.0002] if chance.random() < options.duplicate else [at]


def carry(left: int, right: int, options: argparse.Namespace) -> None:
    """Carry frames until the process is ended."""
    ways = {
        left: Direction(right, options, options.loss, 0),
        right: Direction(left, options, options.loss_back, 1),
    }
    cut = False

    def toggle(*_: object) -> None:
        nonlocal cut
        cut = not cut

    signal.signal(signal.SIGUSR1, toggle)
    waiting: list[tuple[float, int, int, bytes]] = []
    number = 0
    print("up", flush=True)
    while True:
        pause = max(0, waiting[0][0] - time.monotonic()) if waiting else 1
        for handle in select.select(list(ways), [], [], pause)[0]:
            now = time.monotonic()
            while True:
                try:
                    frame = os.read(handle, 65536)
                except BlockingIOError:
                    break
                for at in ways[handle].due(frame, now) if not cut else []:
                    number += 1
                    heapq.heappush(waiting, (at, number, ways[handle].out, frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, out, frame = heapq.heappop(waiting)
            with contextlib.suppress(OSError):  # the device is down: the frame is lost
                os.write(out, frame)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("left", help="namespace:device")
    parser.add_argument("right", help="namespace:device")
    parser.add_argument("--tun", action="store_true", help="bare IP packets, no Ethernet")
    parser.add_argument("--delay", type=float, default=1, help="one way, in ms")
    parser.add_argument("--jitter", type=float, default=0, help="more or less, in ms")
    parser.add_argument("--loss", type=float, default=0, help="share lost from left to right")
    parser.add_argument("--loss-back", type=float, default=0, help="share lost from right to left")
    parser.add_argument("--clean-frames", type=int, default=0, help="frames before the first loss")
    parser.add_argument("--duplicate", type=float, default=0, help="share that arrives twice")
    parser.add_argument("--reorder", type=float, default=0, help="share that others overtake")
    parser.add_argument("--reorder-ms", type=float, default=8, help="how late these arrive")
    parser.add_argument("--max-frame", type=int, default=0, help="longer frames vanish")
    parser.add_argument("--rate", type=float, default=0, help="kbit/s each way")
    parser.add_argument("--queue-ms", type=float, default=300, help="what waits longer is dropped")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    kind = IFF_TUN if options.tun else IFF_TAP
    left, right = (device(*end.split(":"), kind) for end in (options.left, options.right))
    carry(left, right, options)


if __name__ == "__main__":
    main()
