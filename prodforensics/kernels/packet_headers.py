"""Headers of packets, from the link to the transport layer, decoded into columns.

Every read is checked against the bytes that were captured: what is cut short leaves its columns as
they were.
"""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._jit import kernel

__all__ = ["decode"]

IPV4, IPV6, VLAN, QINQ, QINQ_OLD = 0x0800, 0x86DD, 0x8100, 0x88A8, 0x9100
BRIDGED = 0x6558
VXLAN_PORT, GENEVE_PORT = 4789, 6081
VXLAN, GRE, GENEVE, IN_IP = 1, 2, 3, 4
DEEPEST = 8  # headers within headers; a hostile packet could go on
WHOLE, PART = 0, 1
ROUTED = 16  # addresses that one IP header may add: a routing header names more
RANGES = 3  # of a SACK option, that Wireshark counts


@kernel
def be16(data, p):
    return np.int64(data[p]) << 8 | np.int64(data[p + 1])


@kernel
def be32(data, p):
    return be16(data, p) << 16 | be16(data, p + 2)


@kernel
def link_header(data, p, end, link):
    """Skip the header of the link layer.

    Returns
    -------
    ether_type : int
        0 where what follows is not known.
    p : int
        Where the next header begins.
    """
    if link == 1:
        return (be16(data, p + 12), p + 14) if p + 14 <= end else (0, end)
    if link == 113:
        return (be16(data, p + 14), p + 16) if p + 16 <= end else (0, end)
    if link == 276:
        return (be16(data, p), p + 20) if p + 20 <= end else (0, end)
    if link == 0 or link == 108:
        if p + 4 > end:
            return 0, end
        # The family in the byte order of the machine that captured; IPv6 differs by system.
        family = max(np.int64(data[p]), np.int64(data[p + 3]))
        return (IPV4 if family == 2 else IPV6 if family in (10, 24, 28, 30) else 0), p + 4
    if link == 9 or link == 50 or link == 166:
        if link == 166:
            p += 1  # direction (LINKTYPE_PPP_PPPD)
        if p + 4 <= end and data[p] == 0xFF and data[p + 1] == 3:
            p += 2
        if p + 2 > end:
            return 0, end
        protocol = be16(data, p)
        if data[p] & 1:  # compressed to one byte
            protocol = np.int64(data[p])
            p += 1
        else:
            p += 2
        return (IPV4 if protocol == 0x21 else IPV6 if protocol == 0x57 else 0), p
    if link == 101 or link == 12 or link == 14 or link == 228 or link == 229:
        if p >= end:
            return 0, end
        version = data[p] >> 4
        return (IPV4 if version == 4 else IPV6 if version == 6 else 0), p
    return 0, end


@kernel
def address_number(slots, octets, version, count, data, p, kind):
    """Return the number of an address, a new one if it is not known; the table is not full."""
    size = 4 if kind == 4 else 16
    hashed = np.uint64(1469598103934665603) ^ np.uint64(kind)
    for k in range(size):
        hashed = (hashed ^ np.uint64(data[p + k])) * np.uint64(1099511628211)
    hashed ^= hashed >> np.uint64(32)
    mask = np.uint64(slots.size - 1)
    slot = np.int64(hashed & mask)
    while True:
        number = slots[slot]
        if number < 0:
            slots[slot] = count
            version[count] = kind
            for k in range(16):
                octets[count, k] = data[p + k] if k < size else 0
            return count, count + 1
        if version[number] == kind:
            same = True
            for k in range(size):
                if octets[number, k] != data[p + k]:
                    same = False
                    break
            if same:
                return number, count
        slot = (slot + 1) & np.int64(mask)


@kernel
def grown(slots, octets, version, count):
    """Return tables of twice the size with the same addresses in them."""
    wider = np.full(2 * slots.size, -1, np.int32)
    more = np.zeros((2 * octets.shape[0], 16), np.uint8)
    kinds = np.zeros(more.shape[0], np.uint8)
    total = 0
    for number in range(count):
        _, total = address_number(wider, more, kinds, total, octets[number], 0, version[number])
    return wider, more, kinds


@kernel
def final_address(data, p, stop):
    """Return where the final destination stands in a routing header of IPv6; -1 for none."""
    size = 8 + 8 * np.int64(data[p + 1])
    if size < 24 or p + size > stop or data[p + 3] == 0:
        return np.int64(-1)
    kind = data[p + 2]
    if kind == 4:  # segment routing lists the last segment first
        return np.int64(p + 8)
    if kind == 0 or kind == 2:
        return np.int64(p + 8 + (size - 8) // 16 * 16 - 16)
    return np.int64(-1)


@kernel
def sacked_bytes(data, p, end):
    """Return the bytes that the first ranges of a SACK option cover."""
    total = np.int64(0)
    for _ in range(RANGES):
        if p + 8 > end:
            break
        total += (be32(data, p + 4) - be32(data, p)) & 0xFFFFFFFF
        p += 8
    return min(total, np.int64(0x7FFFFFFF))


@kernel
def decode(
    data, offset, captured, link, vlan, tunnel, protocol, source, destination, source_port,
    destination_port, ttl, ip_id, dont_fragment, fragment, payload, payload_length,
    payload_captured, flags, sequence, acknowledgment, window, window_scale, mss, sack, sacked,
    timestamp_value, timestamp_echo, icmp_type, icmp_code,
):  # fmt: skip
    """Decode the headers of packets.

    Parameters
    ----------
    data : uint8[:]
    offset : int64[n]
    captured, link : int32[n]
        Bytes of each packet and its link type.
    vlan, ... : n each
        Receive the columns of `prodforensics.network.packets.Packets`; filled with what stands
        for "none" before.

    Returns
    -------
    octets : uint8[a, 16]
    version : uint8[a]
        The addresses, in the order in which they are first met.
    """
    slots = np.full(4096, -1, np.int32)
    octets = np.zeros((2048, 16), np.uint8)
    version = np.zeros(2048, np.uint8)
    known = 0
    for i in range(offset.size):
        start = offset[i]
        stop = min(start + captured[i], data.size)
        ether, p = link_header(data, start, stop, link[i])
        for _ in range(DEEPEST):
            while (ether in (VLAN, QINQ, QINQ_OLD)) and p + 4 <= stop:
                vlan[i] = be16(data, p) & 0xFFF
                ether = be16(data, p + 2)
                p += 4
            if 2 * (known + ROUTED) > slots.size:
                slots, octets, version = grown(slots, octets, version, known)
            if ether == IPV4:
                if p + 20 > stop or data[p] >> 4 != 4:
                    break
                header = np.int64(data[p] & 15) * 4
                total = be16(data, p + 2)
                if header < 20:
                    break
                # Offloading leaves the length 0: then the packet's own counts.
                end = p + total if total >= header else stop
                kind = np.int64(data[p + 9])
                ttl[i] = data[p + 8]
                ip_id[i] = be16(data, p + 4)
                bits = be16(data, p + 6)
                dont_fragment[i] = (bits & 0x4000) != 0
                fragment[i] = PART if bits & 0x3FFF else WHOLE
                source[i], known = address_number(slots, octets, version, known, data, p + 12, 4)
                destination[i], known = address_number(
                    slots, octets, version, known, data, p + 16, 4
                )
                first = (bits & 0x1FFF) == 0
                p += header
            elif ether == IPV6:
                if p + 40 > stop or data[p] >> 4 != 6:
                    break
                size = be16(data, p + 4)
                end = p + 40 + size if size else stop
                kind = np.int64(data[p + 6])
                ttl[i] = data[p + 7]
                ip_id[i] = -1
                dont_fragment[i] = True
                fragment[i] = WHOLE
                source[i], known = address_number(slots, octets, version, known, data, p + 8, 6)
                destination[i], known = address_number(
                    slots, octets, version, known, data, p + 24, 6
                )
                first = True
                p += 40
                routed = 0
                while (kind == 0 or kind == 43 or kind == 44 or kind == 51 or kind == 60
                       or kind == 135) and p + 8 <= stop:  # fmt: skip
                    following = np.int64(data[p])
                    if kind == 44:
                        fragment[i] = PART if be16(data, p + 2) & 0xFFF9 else WHOLE
                        first = first and (be16(data, p + 2) & 0xFFF8) == 0
                        p += 8
                    elif kind == 51:
                        p += (np.int64(data[p + 1]) + 2) * 4
                    else:
                        if kind == 43 and routed < ROUTED - 2:
                            routed += 1
                            at = final_address(data, p, stop)
                            if at >= 0:
                                destination[i], known = address_number(
                                    slots, octets, version, known, data, at, 6
                                )
                        p += 8 + 8 * np.int64(data[p + 1])
                    kind = following
                    if not first:
                        break
            else:
                break
            protocol[i] = kind
            source_port[i] = -1
            destination_port[i] = -1
            payload[i] = -1
            payload_length[i] = 0
            payload_captured[i] = 0
            if not first or fragment[i] == PART:
                # The transport header of a datagram in parts is read once they are together.
                payload[i] = p if p <= stop else -1
                payload_length[i] = max(end - p, 0)
                payload_captured[i] = max(min(stop, end) - p, 0)
                break
            if kind == 4 or kind == 41:
                tunnel[i] = IN_IP
                ether = IPV4 if kind == 4 else IPV6
                continue
            if kind == 47 and p + 4 <= stop:
                bits = be16(data, p)
                ether = be16(data, p + 2)
                p += 4
                p += 4 if bits & 0xC000 else 0
                p += 4 if bits & 0x2000 else 0
                p += 4 if bits & 0x1000 else 0
                if ether == BRIDGED:
                    ether, p = link_header(data, p, stop, 1)
                if ether in (IPV4, IPV6, VLAN):
                    tunnel[i] = GRE
                    continue
                break
            if kind == 6:
                if p + 20 > stop:
                    break
                source_port[i] = be16(data, p)
                destination_port[i] = be16(data, p + 2)
                sequence[i] = be32(data, p + 4)
                acknowledgment[i] = be32(data, p + 8)
                header = np.int64(data[p + 12] >> 4) * 4
                flags[i] = be16(data, p + 12) & 0x1FF
                window[i] = be16(data, p + 14)
                q = p + 20
                options = min(p + header, stop)
                while q < options:
                    option = data[q]
                    if option == 0:
                        break
                    if option == 1:
                        q += 1
                        continue
                    if q + 1 >= options:
                        break
                    size = np.int64(data[q + 1])
                    if size < 2 or q + size > options:
                        break
                    if option == 2 and size == 4:
                        mss[i] = be16(data, q + 2)
                    elif option == 3 and size == 3:
                        window_scale[i] = min(data[q + 2], 14)
                    elif option == 4 and size == 2:
                        sack[i] |= 2
                    elif option == 5:
                        sack[i] |= 1
                        sacked[i] = sacked_bytes(data, q + 2, q + size)
                    elif option == 8 and size == 10:
                        timestamp_value[i] = be32(data, q + 2)
                        timestamp_echo[i] = be32(data, q + 6)
                    q += size
                p += max(header, 20)
            elif kind == 17:
                if p + 8 > stop:
                    break
                source_port[i] = be16(data, p)
                destination_port[i] = be16(data, p + 2)
                size = be16(data, p + 4)
                if size >= 8:
                    end = min(end, p + size)
                p += 8
                port = destination_port[i]
                if port == VXLAN_PORT and p + 22 <= stop and data[p] & 8:
                    tunnel[i] = VXLAN
                    ether, p = link_header(data, p + 8, stop, 1)
                    continue
                if port == GENEVE_PORT and p + 8 <= stop and data[p] >> 6 == 0:
                    inner = be16(data, p + 2)
                    q = p + 8 + 4 * np.int64(data[p] & 0x3F)
                    if inner == BRIDGED and q + 14 <= stop:
                        tunnel[i] = GENEVE
                        ether, p = link_header(data, q, stop, 1)
                        continue
                    if (inner in (IPV4, IPV6)) and q <= stop:
                        tunnel[i] = GENEVE
                        ether, p = inner, q
                        continue
            elif kind == 1 or kind == 58:
                if p + 4 > stop:
                    break
                icmp_type[i] = data[p]
                icmp_code[i] = data[p + 1]
                p += 4
            payload[i] = p if p <= stop else -1
            payload_length[i] = max(end - p, 0)
            payload_captured[i] = max(min(stop, end) - p, 0)
            break
    return octets[:known].copy(), version[:known].copy()
