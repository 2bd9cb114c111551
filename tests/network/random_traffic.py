"""Connections in which everything goes wrong: losses, repeats, resets, closed windows."""

import random

from tests.network.wire import ACK, FIN, PSH, RST, SYN, mss, pcap, sack, scale, tcp

START = 1_700_000_000 * 10**9
STEPS = (1000, 500_000, 2_000_000, 5_000_000, 30_000_000)
FLAGS = (*[ACK] * 14, SYN, SYN | ACK, FIN | ACK, RST, RST | ACK, ACK | PSH, FIN, 0)
FIRST = (5, 1000, 2**32 - 3000), (7000, 2**32 - 100)
"""Sequence numbers of both sides; some wrap around soon."""


class Side:
    """One end of a connection: where its flow of bytes stands."""

    def __init__(self, end, sequence):
        self.end, self.sequence = end, sequence


def traffic(seed, packets=400):
    """Return a capture of four connections, the same for a seed."""
    chance, time, parts = random.Random(seed), START, []
    connections = [
        [
            Side(f"10.0.0.{number}:{40000 + number}", chance.choice(FIRST[0])),
            Side("10.0.1.1:80", chance.choice(FIRST[1])),
        ]
        for number in range(1, 5)
    ]
    for _ in range(packets):
        time += chance.choice(STEPS)
        sides = chance.choice(connections)
        chance.shuffle(sides)
        parts.append((time, packet(chance, *sides)))
    return pcap(parts)


def packet(chance, own, other):
    """Return a packet that may go on, repeat, skip, or make no sense at all."""
    flags = chance.choice(FLAGS)
    size = chance.choice((0, 0, 0, 1, 10, 100, 100, 100))
    if flags & SYN:
        size = 0 if chance.random() < 0.9 else 5
    sequence = own.sequence + chance.choice([0] * 10 + [-1, -1, -100, -200, 100, -300])
    acknowledged = other.sequence
    if chance.random() < 0.4:
        acknowledged += chance.choice((-100, -200, 100, 0, -1, 1))
    if flags == SYN and chance.random() < 0.7:
        acknowledged = 0
    if flags == SYN and chance.random() < 0.2:
        sequence = own.sequence + chance.choice((0, 5000))
    options = b""
    if flags & SYN:
        options = mss(1460)
        if chance.random() < 0.7:
            options += scale(chance.choice((0, 2, 7)))
    elif chance.random() < 0.15:
        count = chance.randrange(1, 4)
        options = sack(
            *[(acknowledged + 100 * k, acknowledged + 100 * k + 50) for k in range(count)]
        )
    if not flags & RST:
        end = sequence + size + (1 if flags & (SYN | FIN) else 0)
        own.sequence = max(own.sequence, end)
    window = chance.choice((1000, 1000, 1000, 1000, 1000, 0, 0, 100, 1001))
    return tcp(own.end, other.end, flags, sequence, acknowledged, bytes(size), window, options)
