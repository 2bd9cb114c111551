"""A path of which the truth is known: what a client and a server send, captured at both ends."""

import random

import prodforensics as pf
from tests.network.wire import ACK, PSH, RST, SYN, pcap, tcp, udp

START = 1_700_000_000 * 10**9
CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
OUTSIDE = "192.0.2.9"  # the client's address behind NAT
MS = 1_000_000


class Path:
    """Packets of one or more connections, each with its time, its direction and what became of it.

    Parameters
    ----------
    seed : int
    delay, jitter : int
        Of one way, and what may come on top, ns.
    offset, drift : int, float
        Of the server's clock: ns, and ns a ns.
    nat : bool
        Whether the server sees another address and port of the client.
    """

    def __init__(self, seed=1, delay=10 * MS, jitter=MS, offset=0, drift=0.0, nat=False):
        self.chance = random.Random(seed)
        self.delay, self.jitter, self.offset, self.drift, self.nat = (
            delay,
            jitter,
            offset,
            drift,
            nat,
        )
        self.client, self.server = [], []
        self.lost = {"to_server": 0, "to_client": 0}
        self.now, self.ip_id = START, 0

    def clock(self, time):
        """Return what the server's clock says."""
        return time + self.offset + round((time - START) * self.drift)

    def send(self, to_server, build, lose=False):
        """Send one packet; ``build(client)`` writes it with that address of the client."""
        self.ip_id += 1
        arrives = self.now + self.delay + self.chance.randrange(self.jitter + 1)
        here = build(f"{CLIENT}:{self.port}", self.ip_id)
        there = build(
            f"{OUTSIDE}:{self.port + 9}" if self.nat else f"{CLIENT}:{self.port}", self.ip_id
        )
        if to_server:
            self.client.append((self.now, here))
            if not lose:
                self.server.append((self.clock(arrives), there))
        else:
            self.server.append((self.clock(self.now), there))
            if not lose:
                self.client.append((arrives, here))
        if lose:
            self.lost["to_server" if to_server else "to_client"] += 1

    def talk(self, port=40000, turns=20, loss=0.0, step=50 * MS, size=400):
        """Open a connection; the client asks and the server answers with two segments a turn."""
        self.port = port
        up, down = self.chance.randrange(2**32), self.chance.randrange(2**32)
        server = f"{SERVER}:443"

        def packet(to_server, flags, payload=b""):
            seq, ack = (up, down) if to_server else (down, up)

            def build(client, ip_id):
                ends = (client, server) if to_server else (server, client)
                return tcp(*ends, flags, seq, ack if flags & ACK else 0, payload, ip_id=ip_id)

            self.send(to_server, build, self.chance.random() < loss)
            self.now += step

        packet(True, SYN)
        packet(False, SYN | ACK)
        up, down = up + 1, down + 1
        packet(True, ACK)
        for _ in range(turns):
            packet(True, ACK | PSH, self.chance.randbytes(80))
            up += 80
            for _ in range(2):
                packet(False, ACK | PSH, self.chance.randbytes(size))
                down += size
            packet(True, ACK)
        return self

    def ask(self, port=50000, turns=10, loss=0.0):
        """Send datagrams there and back."""
        self.port = port
        for _ in range(turns):
            payload = self.chance.randbytes(40)
            for to_server in (True, False):

                def build(client, ip_id, to_server=to_server, payload=payload):
                    ends = (client, f"{SERVER}:53") if to_server else (f"{SERVER}:53", client)
                    return udp(*ends, payload + bytes([to_server]), ip_id)

                self.send(to_server, build, self.chance.random() < loss)
                self.now += 50 * MS
        return self

    def inject(self, port=40000):
        """Let something on the path reset the connection in the client's name."""
        one = tcp(f"{CLIENT}:{port}", f"{SERVER}:443", RST | ACK, 12345, 0, ip_id=0)
        self.server.append((self.clock(self.now), one))

    def captures(self, folder, client=None, server=None):
        """Write and load what both ends saw."""
        loaded = []
        given = (("client", client or self.client), ("server", server or self.server))
        for name, packets in given:
            file = folder / f"{name}.pcap"
            file.write_bytes(pcap(sorted(packets, key=lambda one: one[0])))
            loaded.append(pf.load(file))
        return loaded
