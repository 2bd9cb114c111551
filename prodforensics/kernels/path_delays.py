"""How long packets were on their way longer than others, by TCP's timestamps."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["path_delays"]

SPAN = 100_000_000
"""ns; over less the clock of a sender cannot be told."""
DRIFT = 5000
"""Two clocks drift apart by one part in 5,000 at the most (real ones by less)."""
RST = 4


@kernel
def path_delays(protocol, stream, direction, time, flags, value, streams, delay):
    """Estimate how much later than the quickest ones of its flow every packet came.

    A sender writes its clock into every packet in the moment it sends it, so that what passes until
    the packet is captured varies by the path alone, not by how long the sender worked. The quickest
    packets, with what the clocks drift, are the base.

    Parameters
    ----------
    protocol, stream, direction, time, flags
        Columns of `prodforensics.network.packets.Packets`.
    value : int64[n]
        The timestamp of the option; -1 where there is none.
    streams : int
        How many TCP streams there are.
    delay : int64[n]
        Filled with -1; receives how much later a packet came, ns, to a tick of its sender's clock.
    """
    flows = 2 * streams
    begin, first = np.full(flows, -1, np.int64), np.zeros(flows, np.int64)
    span, ticks = np.zeros(flows, np.int64), np.zeros(flows, np.int64)
    for i in range(stream.size):
        s = stream[i]
        if s < 0 or protocol[i] != 6 or value[i] < 0 or flags[i] & RST:
            continue
        flow = 2 * s + np.int64(direction[i])
        if begin[flow] < 0:
            begin[flow], first[flow] = time[i], value[i]
        elif time[i] - begin[flow] > span[flow]:
            span[flow] = time[i] - begin[flow]
            ticks[flow] = since(value[i], first[flow])
    tick = np.zeros(flows, np.int64)
    for flow in range(flows):
        if span[flow] >= SPAN and ticks[flow] > 9:
            tick[flow] = nearest_tick(span[flow] / ticks[flow])
    base, last = np.full(flows, -1, np.int64), np.zeros(flows, np.int64)
    for backwards in range(2):
        base[:] = np.iinfo(np.int64).max // 2
        last[:] = 0
        for k in range(stream.size):
            i = stream.size - 1 - k if backwards else k
            s = stream[i]
            if s < 0 or protocol[i] != 6 or value[i] < 0 or flags[i] & RST:
                continue
            flow = 2 * s + np.int64(direction[i])
            if not tick[flow]:
                continue
            passed = time[i] - begin[flow]
            late = passed - since(value[i], first[flow]) * tick[flow]
            drifted = base[flow] + abs(passed - last[flow]) // DRIFT
            base[flow] = min(drifted, late)
            last[flow] = passed
            delay[i] = max(delay[i], late - base[flow])


@kernel
def since(value, first):
    """Return the ticks between two timestamps, which wrap around."""
    step = (value - first) & 0xFFFFFFFF
    return step - 0x100000000 if step >= 0x80000000 else step


@kernel
def nearest_tick(measured):
    """Return the tick of a clock, ns: 1 µs, 1 ms, 4 ms, 10 ms or 100 ms; 0 for none of them."""
    for tick in (1000, 1_000_000, 4_000_000, 10_000_000, 100_000_000):
        if 0.6 * tick <= measured <= 1.7 * tick:
            return np.int64(tick)
    return np.int64(0)
