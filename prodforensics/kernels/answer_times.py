"""How long the responder of a connection takes to answer, whatever the protocol above."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["answer_times"]

TCP = 6


@kernel
def answer_times(
    wanted, time, protocol, stream, direction, payload, sent_again, flipped, answer
):  # fmt: skip
    """Measure from the last payload of a question to the first of its answer.

    A question is what the originator sends between two answers. What it sends again does not start
    the time anew: a lost question lasts as long as it did for who asked.

    Parameters
    ----------
    wanted : int
        6 TCP or 17 UDP.
    time, protocol, stream, direction, payload
        Columns of `prodforensics.network.packets.Packets`.
    sent_again : bool[n]
        Which packets are retransmissions or keep-alives.
    flipped : bool[streams]
        Whether the first packet of a stream came from the responder.
    answer : int64[n]
        Filled with -1; receives the time, ns, at the first packet of each answer.
    """
    asked = np.zeros(flipped.size, np.int64)
    asking = np.zeros(flipped.size, np.bool_)
    for i in range(time.size):
        s = stream[i]
        if s < 0 or protocol[i] != wanted or payload[i] <= 0:
            continue
        if (direction[i] == 1) == flipped[s]:
            if not (sent_again[i] and asking[s]):
                asked[s] = time[i]
                asking[s] = True
        elif asking[s]:
            answer[i] = max(time[i] - asked[s], 0)
            asking[s] = False
