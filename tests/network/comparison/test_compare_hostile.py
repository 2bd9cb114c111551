"""Captures of any bytes can be compared, and what stands in them stays text."""

import random

import pytest

import prodforensics as pf
from prodforensics.errors import ForensicsError
from prodforensics.network.compare import CaptureComparison
from tests.network.random_traffic import traffic
from tests.network.wire import ACK, FIN, PSH, SYN, pcap, tcp

TIMES = (2**62, -(2**62), 2**63 - 1, -(2**63), 0)
HOSTILE = "<img/src=x/onerror=alert(1)>"


def spoiled(seed, folder, name):
    """Load random traffic with some of its bytes, its end and its times changed."""
    rng = random.Random(seed)
    data = bytearray(traffic(seed // 3))
    for _ in range(rng.randrange(30)):
        data[rng.randrange(24, len(data))] = rng.randrange(256)
    if rng.random() < 0.3:
        del data[rng.randrange(100, len(data)) :]
    file = folder / name
    file.write_bytes(data)
    capture = pf.load(file)
    if rng.random() < 0.5 and len(capture.packets):
        capture.packets.time[rng.randrange(len(capture.packets))] = rng.choice(TIMES)
    return capture


def exercise(comparison):
    for name, frame in comparison.frames.items():
        comparison.schemas[name].validate(frame)
    comparison.findings()
    assert comparison.headline()
    assert comparison.sections()
    assert comparison._repr_mimebundle_()["text/html"]


@pytest.mark.filterwarnings("ignore::prodforensics.errors.PartialEvidenceWarning")
@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("seed", range(12))
def test_any_two_captures_can_be_compared(seed, tmp_path):
    try:
        one, two = (spoiled(2 * seed + k, tmp_path, f"{k}.pcap") for k in range(2))
    except ForensicsError:
        return  # a file that is none any more
    exercise(pf.compare(one, two))
    exercise(pf.compare(one, one))
    exercise(CaptureComparison(one, two))


def asked(seed, wait):
    """Ask a hostile host thirty times over HTTP."""
    rng, parts, time = random.Random(seed), [], 1_700_000_000 * 10**9
    client, server = f"10.0.0.1:{40000 + seed}", "10.0.0.2:80"
    up, down = rng.randrange(2**31), rng.randrange(2**31)
    question = f"GET /{HOSTILE} HTTP/1.1\r\nHost: {HOSTILE}\r\n\r\n".encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    def send(pause, flags, payload=b"", back=False):
        nonlocal time, up, down
        time += pause
        ends = (server, client, flags, down, up) if back else (client, server, flags, up, down)
        parts.append((time, tcp(*ends, payload)))
        size = len(payload) + bool(flags & (SYN | FIN))
        up, down = (up, down + size) if back else (up + size, down)

    send(0, SYN)
    send(10**6, SYN | ACK, back=True)
    send(1000, ACK)
    for _ in range(30):
        send(10**6, ACK | PSH, question)
        send(wait + rng.randrange(10**6), ACK | PSH, answer, back=True)
    return pcap(parts)


def test_names_of_a_capture_stay_text(tmp_path):
    captures = []
    for seed, wait in ((1, 10**7), (2, 10**9)):
        file = tmp_path / f"{seed}.pcap"
        file.write_bytes(asked(seed, wait))
        captures.append(pf.load(file))
    comparison = pf.compare(*captures)
    assert HOSTILE in comparison.findings()[0].title
    shown = comparison._repr_mimebundle_()["text/html"]
    shown += "".join(section.html for section in comparison.sections())
    assert "onerror" in shown
    assert "<img" not in shown
