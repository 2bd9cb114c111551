"""Community IDs are what the specification's few lines of Python say."""

import random
from base64 import b64encode
from hashlib import sha1
from ipaddress import ip_address
from struct import pack

import numpy as np

from prodforensics.kernels.community_ids import community_ids


def plainly(protocol, source, destination, here, there):
    """Return the identifier of a flow, as the specification has it."""
    one, other = (source.packed, here), (destination.packed, there)
    if one > other:
        one, other = other, one
    data = pack(">H", 0) + one[0] + other[0] + pack(">BBHH", protocol, 0, one[1], other[1])
    return "1:" + b64encode(sha1(data).digest()).decode()


def test_random_flows():
    chance = random.Random(1)
    kinds = (
        lambda: ip_address(chance.getrandbits(32)),
        lambda: ip_address(chance.getrandbits(128)),
    )
    known = [make() for make in kinds for _ in range(20)]
    octets = np.array([list(one.packed.ljust(16, b"\0")) for one in known], np.uint8)
    version = np.array([one.version for one in known], np.uint8)
    flows = []
    for _ in range(300):
        first = chance.choice((0, 20))
        source, destination = (first + chance.randrange(20) for _ in range(2))
        ports = chance.choice((80, 443)), chance.randrange(2**16)
        flows.append((chance.choice((6, 17)), source, destination, *ports))
    protocol, *rest = zip(*flows, strict=True)
    made = community_ids(
        octets, version, np.array(protocol, np.uint8), *(np.array(one, np.int32) for one in rest)
    )
    assert [bytes(one).decode() for one in made] == [
        plainly(kind, known[source], known[destination], here, there)
        for kind, source, destination, here, there in flows
    ]
