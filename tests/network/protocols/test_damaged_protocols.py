"""Captures cut anywhere, and with any bytes changed: their protocols load as far as they go."""

import random
import warnings

import pytest

import prodforensics as pf
from prodforensics.errors import ForensicsError
from prodforensics.source import Source

FRAMES = ("dns", "http", "icmp")
SAMPLES = (
    "clear_text_secret.pcap.zst", "dns.tcp.pcap.gz", "dns_servfail.pcap.zst", "healthy.h2c.pcap.gz",
    "healthy.http.pcap", "ipv6.too_big.pcap.zst", "mtu.frag_needed.pcap.zst", "snaplen.pcap.zst",
)  # fmt: skip


def bytes_of(name):
    return bytearray(b"".join(Source(pf.samples.path(f"network/{name}")).chunks()))


def read_all(file):
    """Make every frame of protocols, and follow every stream; return the rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pf.errors.PartialEvidenceWarning)
        try:
            capture = pf.load(file, format="pcap", progress=False)
        except ForensicsError:
            return {}
        for name in FRAMES:
            capture.schemas[name].validate(capture.frames[name])
        for stream in range(min(len(capture.streams), 5)):
            said = capture.follow(stream)
            assert len(said.text(redact=False)) + len(said.hex()) >= 0
        for exchange in range(min(len(capture.frames["http"]), 3)):
            capture.headers(exchange)
    return {name: len(capture.frames[name]) for name in FRAMES}


@pytest.mark.parametrize("name", SAMPLES)
def test_changed_bytes(name, tmp_path):
    whole, file = bytes_of(name), tmp_path / "changed.pcap"
    for seed in range(6):
        chance = random.Random(seed)
        data = bytearray(whole)
        for _ in range(chance.choice([1, 10, 100])):
            data[chance.randrange(24, len(data))] = chance.randrange(256)
        file.write_bytes(data)
        read_all(file)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_cut_capture_has_no_more_rows_than_the_whole(name, tmp_path):
    whole, file = bytes_of(name), tmp_path / "cut.pcap"
    file.write_bytes(whole)
    most = read_all(file)
    chance = random.Random(name)
    for _ in range(4):
        file.write_bytes(whole[: chance.randrange(24, len(whole))])
        rows = read_all(file)
        assert all(rows[frame] <= most[frame] for frame in rows)
