"""The classic capture file: its variants, and what is whole of one that is damaged."""

from struct import pack, unpack_from

import numpy as np
import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import Corrupt
from prodforensics.source import Source
from tests.network.wire import pcap, tcp

pytestmark = pytest.mark.filterwarnings("ignore::prodforensics.PartialEvidenceWarning")

PACKETS = [tcp(sequence=number, payload=b"x" * number) for number in range(20)]
START = 1_700_000_000 * 10**9
RECORD = 16


@pytest.fixture
def load(tmp_path):
    def load(data):
        file = tmp_path / "one.pcap"
        file.write_bytes(data)
        return pf.load(file)

    return load


def written(order, magic, digits, header=RECORD):
    """Write the packets in a variant of the format."""
    parts = [pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, 1)]
    for number, packet in enumerate(PACKETS):
        fraction = number * 10 ** (digits - 3)
        fields = (START // 10**9, fraction, len(packet), len(packet) + 100)
        parts.append(pack(order + "IIII", *fields) + bytes(header - RECORD) + packet)
    return b"".join(parts)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("magic", "digits", "header"),
    [(0xA1B2C3D4, 6, 16), (0xA1B23C4D, 9, 16), (0xA1B2CD34, 6, 24)],
    ids=["microseconds", "nanoseconds", "modified"],
)
def test_both_byte_orders_and_units_of_time(load, order, magic, digits, header):
    capture = load(written(order, magic, digits, header))
    packets = capture.packets
    assert capture.all_gaps() == []
    assert packets.time.tolist() == [START + number * 1_000_000 for number in range(20)]
    assert packets.captured.tolist() == [len(packet) for packet in PACKETS]
    assert packets.length.tolist() == [len(packet) + 100 for packet in PACKETS]
    assert packets.sequence.tolist() == list(range(20))


def test_a_capture_without_packets(load):
    capture = load(pcap([]))
    assert (len(capture.packets), capture.all_gaps()) == (0, [])
    assert {name: len(frame) for name, frame in capture.frames.items() if name != "quality"} == {
        name: 0 for name in capture.frames if name != "quality"
    }
    assert capture.headline()


def test_the_length_of_a_check_sequence_is_no_link_type(load):
    data = bytearray(pcap(PACKETS))
    data[23] = 0x14
    assert load(bytes(data)).packets.interfaces[0].link_type == 1


def test_packed_samples_are_what_they_unpack_to(tmp_path):
    path = samples.path("network/healthy.tls1.3.pcap.gz")
    plain = tmp_path / "plain.pcap"
    plain.write_bytes(b"".join(Source(path).chunks()))
    one, other = pf.load(path), pf.load(plain)
    assert (one.packets.time == other.packets.time).all()
    assert one.payloads.of(20) == other.payloads.of(20)


@pytest.mark.parametrize("missing", [1, 15, 16, 17, 60])
def test_a_cut_end_is_a_gap(load, missing):
    whole = pcap(PACKETS)
    capture = load(whole[:-missing])
    (gap,) = capture.all_gaps()
    kept = len(PACKETS) - 1
    assert len(capture.packets) == kept
    assert gap.offset == 24 + sum(RECORD + len(packet) for packet in PACKETS[:kept])
    assert gap.lost_bytes == len(whole) - missing - gap.offset


def test_it_goes_on_behind_a_record_that_cannot_be(load):
    data = bytearray(pcap(PACKETS))
    at = 24 + sum(RECORD + len(packet) for packet in PACKETS[:5])
    data[at + 8 : at + 12] = b"\xff\xff\xff\xff"
    capture = load(bytes(data))
    (gap,) = capture.all_gaps()
    assert capture.packets.sequence.tolist() == [*range(5), *range(6, 20)]
    assert (gap.offset, gap.lost_bytes) == (at, RECORD + len(PACKETS[5]))


def test_a_length_that_is_absurd_takes_no_memory(load):
    head = pcap([])
    record = pack("<IIII", 1, 1, 2**26 - 1, 2**32 - 1)
    capture = load(head + record + bytes(100))
    assert len(capture.packets) == 0
    assert len(capture.all_gaps()) == 1


def test_a_length_on_the_wire_that_is_absurd_is_clamped(load):
    data = bytearray(pcap(PACKETS[:1]))
    data[36:40] = b"\xff\xff\xff\xff"
    assert load(bytes(data)).packets.length.tolist() == [2**31 - 1]


@pytest.mark.parametrize("data", [b"", b"\xd4\xc3\xb2\xa1", pcap([])[:23]])
def test_half_a_header_is_an_error(tmp_path, data):
    file = tmp_path / "half.pcap"
    file.write_bytes(data)
    with pytest.raises(Corrupt):
        pf.load(file, format="pcap")


def test_payloads_are_read_from_the_file(load):
    capture = load(pcap(PACKETS))
    assert [len(capture.payloads.of(number)) for number in range(20)] == list(range(20))
    with capture.payloads.open() as data:
        at = int(capture.packets.payload[3])
        assert bytes(data[at : at + 3]) == b"xxx"


def test_times_of_all_samples_run_as_their_files_say():
    for entry in samples.entries():
        if entry["format"] != "pcap":
            continue
        data = b"".join(Source(samples.path(entry["path"])).chunks())
        order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
        seconds, fraction = unpack_from(order + "II", data, 24)
        unit = 1 if data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1000
        time = pf.load(samples.path(entry["path"])).packets.time
        assert time[0] == seconds * 10**9 + fraction * unit
        assert time.dtype == np.int64
