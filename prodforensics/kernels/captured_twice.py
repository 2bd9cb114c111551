"""Packets that stand in a capture twice: of two interfaces, or of a mirrored port."""

from __future__ import annotations

from prodforensics.kernels._jit import kernel

__all__ = ["captured_twice"]

WINDOW = 8  # packets that one is compared with (editcap -d looks at five)
SOON = 5_000_000  # ns


@kernel
def captured_twice(
    time, protocol, source, destination, source_port, destination_port, ip_id, payload,
    flags, sequence, acknowledgment, timestamp_value, timestamp_echo, interface, vlan, ttl, twice,
):  # fmt: skip
    """Mark packets whose headers are those of one just before.

    Only packets that are not equal by chance are compared: of IPv4 with an identification, or those
    of TCP with timestamps that were seen at two places, by interface, VLAN or time to live (a
    segment of IPv6 that is sent again looks the same).

    Parameters
    ----------
    time, protocol, ... : n each
        Columns of `prodforensics.network.packets.Packets`.
    twice : bool[n]
        Falses; receives True for the later one of two.
    """
    for i in range(time.size):
        if source[i] < 0 or (ip_id[i] <= 0 and timestamp_value[i] < 0):
            continue
        for j in range(i - 1, max(i - 1 - WINDOW, -1), -1):
            if time[i] - time[j] > SOON:
                break
            if (source[j] == source[i] and destination[j] == destination[i]
                    and ip_id[j] == ip_id[i] and protocol[j] == protocol[i]
                    and payload[j] == payload[i] and source_port[j] == source_port[i]
                    and destination_port[j] == destination_port[i] and flags[j] == flags[i]
                    and sequence[j] == sequence[i] and acknowledgment[j] == acknowledgment[i]
                    and timestamp_value[j] == timestamp_value[i]
                    and timestamp_echo[j] == timestamp_echo[i]
                    and (ip_id[i] > 0 or interface[j] != interface[i] or vlan[j] != vlan[i]
                         or ttl[j] != ttl[i])):  # fmt: skip
                twice[i] = True
                break
