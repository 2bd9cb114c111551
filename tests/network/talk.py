"""Conversations made by hand: connections whose sequence numbers, times and flags fit."""

from tests.network.wire import ACK, FIN, PSH, RST, SYN, mss, pcap, scale, tcp

START = 1_700_000_000 * 10**9
CLIENT, SERVER = 0, 1
MSS = 1460


class Wire:
    """The packets of all conversations of a capture, in the order of time."""

    def __init__(self):
        self.packets = []

    def add(self, time, packet):
        self.packets.append((round(time), packet))

    def write(self, folder):
        """Write the capture and return it, loaded."""
        import prodforensics as pf

        file = folder / "talk.pcap"
        file.write_bytes(pcap(sorted(self.packets, key=lambda one: one[0])))
        return pf.load(file)


class Talk:
    """One connection. Times are in seconds since the capture began."""

    def __init__(
        self, wire, client="10.0.0.1:40000", server="10.0.0.2:80", at=0.0, rtt=0.01, ttl=(64, 60)
    ):
        self.wire, self.ends, self.now, self.rtt, self.ttl = wire, (client, server), at, rtt, ttl
        self.sequence = [1000, 5000]
        self.window = [1000, 1000]

    def send(self, side, flags=ACK, payload=b"", *, again=0, **more):
        """Send a packet; `again` steps back by so many bytes."""
        other = 1 - side
        packet = tcp(
            self.ends[side],
            self.ends[other],
            flags,
            self.sequence[side] - again,
            self.sequence[other] if flags & ACK else 0,
            payload,
            **{"window": self.window[side], "ttl": self.ttl[side]} | more,
        )
        self.wire.add(START + self.now * 1e9, packet)
        if not again:
            step = len(payload) + bool(flags & SYN) + bool(flags & FIN)
            self.sequence[side] += step
        self.now += 1e-5
        return self

    def open(self):
        """Shake hands, as seen by the client."""
        options = mss(MSS) + scale(7)
        self.send(CLIENT, SYN, options=options)
        self.wait(self.rtt)
        self.send(SERVER, SYN | ACK, options=options)
        return self.send(CLIENT)

    def wait(self, seconds):
        self.now += seconds
        return self

    def ask(self, size=100):
        """Send a request, which is acknowledged."""
        self.send(CLIENT, ACK | PSH, b"q" * size)
        self.wait(self.rtt)
        return self.send(SERVER)

    def answer(self, size=200):
        """Send an answer in segments, which are acknowledged."""
        for start in range(0, size, MSS):
            self.send(SERVER, ACK | PSH, b"a" * min(MSS, size - start))
            self.send(CLIENT)
        return self

    def close(self):
        """End it as it should end."""
        self.send(CLIENT, FIN | ACK)
        self.wait(self.rtt)
        self.send(SERVER, FIN | ACK)
        return self.send(CLIENT)

    def reset(self, side, flags=RST | ACK, **more):
        return self.send(side, flags, **more)


def healthy(wire, count, server="10.0.0.2:80", at=0.0, rtt=0.01, first_port=50000):
    """Add sound connections, one after the other."""
    for number in range(count):
        client = f"10.0.0.{1 + number % 9}:{first_port + number}"
        Talk(wire, client, server, at=at + number * 0.05, rtt=rtt).open().ask().answer().close()
