"""What a comparison measures of each capture, by service and by path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.kernels.answer_times import answer_times
from prodforensics.kernels.tcp_states import CONNECTION_STATES, RESETS
from prodforensics.network.packets import FIN, SYN
from prodforensics.network.tcp_analysis import FLAGS

if TYPE_CHECKING:
    from prodforensics.network.connections import Flows
    from prodforensics.network.model import Capture

__all__ = ["Measured", "Traffic", "traffic"]

TCP, UDP = 6, 17
_BIT = {name: 1 << bit for bit, name in enumerate(FLAGS)}
_AGAIN = _BIT["retransmission"] | _BIT["fast_retransmission"] | _BIT["spurious_retransmission"]
_FAILED = [CONNECTION_STATES.index(one) for one in ("S0", "REJ", "RSTOS0")]
_CUT = [RESETS.index(one) for one in ("aborted", "midstream")]


@dataclass(frozen=True)
class Measured:
    """What one capture says of each group: a service, a path or a name.

    Attributes
    ----------
    sums : dict of str to int64[groups]
    times : dict of str to (integer[k], int64[k])
        Group and nanoseconds of every time that was measured.
    shares : dict of str to (int64[groups], int64[groups])
        How many, out of how many.
    parts : dict of str to (int64[groups], int64[groups])
        Shares that are parts of another one: shown, but not tested on their own.
    """

    sums: dict[str, np.ndarray]
    times: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    shares: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    parts: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)


@dataclass(frozen=True)
class Traffic:
    """The streams of a capture, first those of TCP, then of UDP, and what was measured of each.

    Attributes
    ----------
    protocol : uint8[s]
    address : int32[s, 2]
        Places in the capture's addresses: originator, responder.
    port : int32[s, 2]
    first : int64[s]
        Place of the first packet.
    counts : dict of str to int64[s]
    times : dict of str to (int32[k], int64[k])
        Stream and nanoseconds of every time that was measured.
    """

    protocol: np.ndarray
    address: np.ndarray
    port: np.ndarray
    first: np.ndarray
    counts: dict[str, np.ndarray]
    times: dict[str, tuple[np.ndarray, np.ndarray]]

    def grouped(self, group: np.ndarray, groups: int) -> Measured:
        """Sum up the streams of each group.

        Parameters
        ----------
        group : integer[s]
        groups : int
        """
        summed = {
            name: np.bincount(group, values, groups).astype(np.int64)
            for name, values in self.counts.items()
        }
        times = {name: (group[stream], value) for name, (stream, value) in self.times.items()}
        parts = {
            f"{side}_retransmission": (summed[f"{side}_again"], summed[f"{side}_segments"])
            for side in ("orig", "resp")
        }
        again, segments = (sum(pair) for pair in zip(*parts.values(), strict=True))
        shares = {
            "retransmission": (again, segments),
            "failed": (summed["failed"], summed["attempts"]),
            "reset": (summed["reset"], summed["tcp"]),
        }
        names = ("connections", "packets", "bytes")
        return Measured({name: summed[name] for name in names}, times, shares, parts)


def traffic(capture: Capture) -> Traffic:
    """Measure the streams of a capture."""
    packets, tcp = capture.packets, capture.tcp
    streams, udp = capture.streams, capture.udp_streams
    of_tcp = len(streams)

    def both(name: str) -> np.ndarray:
        return np.concatenate([getattr(streams, name), getattr(udp, name)])

    again = (tcp.analysis & (_AGAIN | _BIT["keep_alive"])) != 0
    rows = np.flatnonzero((packets.ip_protocol == TCP) & (packets.stream >= 0))
    stream = packets.stream[rows]
    side = packets.direction[rows] ^ streams.flipped[stream]
    segment = (packets.payload_length[rows] > 0) | (packets.tcp_flags[rows] & (SYN | FIN) != 0)
    segments = np.bincount(2 * stream[segment] + side[segment], minlength=2 * of_tcp)
    segments = segments.reshape(of_tcp, 2)
    rtt = tcp.ack_rtt_ns[rows]
    # With an answer in it, an acknowledgment came when the answer was ready.
    pure = (rtt >= 0) & (packets.payload_length[rows] == 0)
    counts = {
        "connections": np.ones(of_tcp + len(udp), np.int64),
        "packets": both("packets").sum(axis=1),
        "bytes": both("bytes").sum(axis=1),
        "tcp": np.repeat([1, 0], [of_tcp, len(udp)]),
        "attempts": np.concatenate([streams.completeness & 1, udp.packets[:, 0] > 0]),
        "failed": np.concatenate(
            [
                np.isin(streams.conn_state, _FAILED) & (streams.completeness & 1 != 0),
                (udp.packets[:, 0] > 0) & (udp.packets[:, 1] == 0),
            ]
        ),
        "reset": _and_none(np.isin(streams.reset_kind, _CUT), udp),
        "orig_again": _and_none(streams.retransmissions[:, 0], udp),
        "resp_again": _and_none(streams.retransmissions[:, 1], udp),
        "orig_segments": _and_none(segments[:, 0], udp),
        "resp_segments": _and_none(segments[:, 1], udp),
    }
    known = np.flatnonzero(streams.first_rtt_ns > 0)
    answers = [_answers(capture, flows, again) for flows in (streams, udp)]
    times = {"handshake": (known, streams.first_rtt_ns[known])}
    for which, name in ((1, "resp_rtt"), (0, "orig_rtt")):
        told = pure & (side == which)
        times[name] = (stream[told], rtt[told])
    times["answer"] = (
        np.concatenate([answers[0][0], answers[1][0] + of_tcp]),
        np.concatenate([answers[0][1], answers[1][1]]),
    )
    protocol = np.repeat(np.array([TCP, UDP], np.uint8), [of_tcp, len(udp)])
    return Traffic(protocol, both("address"), both("port"), both("first"), counts, times)


def _and_none(values: np.ndarray, udp: Flows) -> np.ndarray:
    """Return what was counted of TCP's streams, and nothing for those of UDP."""
    return np.concatenate([values, np.zeros(len(udp), values.dtype)])


def _answers(capture: Capture, flows: Flows, again: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    packets = capture.packets
    answer = np.full(len(packets), -1, np.int64)
    answer_times(
        flows.protocol, packets.time, packets.ip_protocol, packets.stream, packets.direction,
        packets.payload_length, again, flows.flipped, answer,
    )  # fmt: skip
    rows = np.flatnonzero(answer >= 0)
    return packets.stream[rows], answer[rows]
