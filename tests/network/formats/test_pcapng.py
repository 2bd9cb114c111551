"""pcapng: sections, interfaces, times of any unit, names, comments; and what is damaged."""

from ipaddress import ip_address

import pytest

import prodforensics as pf
from prodforensics import samples
from tests.network.pcapng_files import (
    block,
    comment,
    interface,
    names,
    packet,
    section,
    simple,
    statistics,
)
from tests.network.wire import tcp

pytestmark = pytest.mark.filterwarnings("ignore::prodforensics.PartialEvidenceWarning")

PACKETS = [tcp(sequence=number, payload=b"x" * number) for number in range(10)]


@pytest.fixture
def load(tmp_path):
    def load(data):
        file = tmp_path / "one.pcapng"
        file.write_bytes(data)
        return pf.load(file)

    return load


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders(load, order):
    capture = load(section(interface(), *map(packet, PACKETS), order=order))
    assert capture.all_gaps() == []
    assert capture.packets.sequence.tolist() == list(range(10))
    assert set(capture.packets.time.tolist()) == {1_700_000_000 * 10**9}


@pytest.mark.parametrize(
    ("resolution", "ticks", "time"),
    [
        (b"\6", 1_700_000_000_123_456, 1_700_000_000_123_456_000),
        (b"\0", 1_700_000_000, 1_700_000_000_000_000_000),
        (b"\3", 1_700_000_000_123, 1_700_000_000_123_000_000),
        (b"\x09", 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
        (b"\x8a", 1_700_000_000 << 10 | 512, 1_700_000_000_500_000_000),
        (b"\x9e", 1_700_000_000 << 30 | 1 << 29, 1_700_000_000_500_000_000),
        (b"\xa0", 1_700_000_000 << 32 | 1 << 31, 1_700_000_000_500_000_000),
    ],
)
def test_times_of_any_unit(load, resolution, ticks, time):
    capture = load(section(interface(resolution=resolution), packet(PACKETS[0], ticks)))
    assert capture.packets.time.tolist() == [time]


def test_a_time_may_be_shifted_by_seconds(load):
    def shift(order):
        return (-3600).to_bytes(8, "little" if order == "<" else "big", signed=True)

    for order in "<>":
        capture = load(section(interface(shift=shift), packet(PACKETS[0]), order=order))
        assert capture.packets.time.tolist() == [(1_700_000_000 - 3600) * 10**9]


def test_absurd_times_are_numbers_all_the_same(load):
    capture = load(
        section(interface(resolution=b"\xff"), packet(PACKETS[0], 2**64 - 2))
        + section(interface(resolution=b"\0"), packet(PACKETS[0], 2**64 - 2))
    )
    assert len(capture.frames["packets"]) == 2


def test_interfaces_of_several_sections_are_told_apart(load):
    first = section(
        interface(name=b"eth0", description=b"uplink", filter=b"\0tcp port 80"),
        interface(101, name=b"tun0"),
        packet(PACKETS[1], number=0),
        packet(PACKETS[2][14:], number=1),
        statistics(17, number=1),
    )
    capture = load(first + section(interface(name=b"eth9"), packet(PACKETS[3]), order=">"))
    assert [one.name for one in capture.packets.interfaces] == ["eth0", "tun0", "eth9"]
    assert capture.packets.interfaces[0].filter == "tcp port 80"
    assert [one.dropped for one in capture.packets.interfaces] == [None, 17, None]
    assert capture.packets.interface.tolist() == [0, 1, 2]
    assert capture.packets.sequence.tolist() == [1, 2, 3]
    assert capture.frames["quality"].loc["dropped", "count"] == 17


def test_names_of_addresses(load):
    named = names(
        (ip_address("10.0.0.2").packed, b"shop.example"),
        (ip_address("fd00::2").packed, b"shop6.example"),
        (ip_address("10.0.0.9").packed, b"\xff<b>"),
    )
    capture = load(section(interface(), named, packet(PACKETS[0])))
    assert capture.names == {
        "10.0.0.2": "shop.example",
        "fd00::2": "shop6.example",
        "10.0.0.9": "\ufffd<b>",
    }


def test_comments_of_a_section(load):
    capture = load(section(interface(), packet(PACKETS[0]), options=comment(b"after the deploy")))
    assert capture.comments == ("after the deploy",)


def test_packets_without_a_time(load):
    capture = load(section(interface(), simple(PACKETS[4])))
    assert capture.packets.sequence.tolist() == [4]
    assert capture.packets.time.tolist() == [0]


def test_blocks_of_other_kinds_are_skipped(load):
    secrets, custom = block(0x0A, b"keys"), block(0xBAD, b"whatever")
    capture = load(section(interface(), secrets, packet(PACKETS[0]), custom, packet(PACKETS[1])))
    assert capture.packets.sequence.tolist() == [0, 1]
    assert capture.all_gaps() == []


def test_packets_of_an_interface_that_nobody_described_are_a_gap(load):
    capture = load(section(interface(), packet(PACKETS[0]), packet(PACKETS[1], number=3)))
    (gap,) = capture.all_gaps()
    assert (len(capture.packets), gap.lost_records) == (1, 1)


@pytest.mark.parametrize("missing", [1, 4, 40, 70])
def test_a_cut_end_is_a_gap(load, missing):
    whole = section(interface(), *map(packet, PACKETS))
    capture = load(whole[:-missing])
    assert len(capture.all_gaps()) == 1
    assert len(capture.packets) == 9


def test_it_goes_on_with_the_next_section_behind_a_broken_block(load):
    broken = section(interface(), packet(PACKETS[0]), lambda order: b"\6\0\0\0\xff\xff\xff\xff")
    capture = load(broken + section(interface(), packet(PACKETS[1])))
    (gap,) = capture.all_gaps()
    assert (capture.packets.sequence.tolist(), gap.lost_bytes) == ([0, 1], 8)


@pytest.mark.parametrize("size", [0, 1, 4, 8, 11, 13, 2**31, 2**32 - 4])
def test_a_block_of_an_absurd_length_ends_its_section(load, size):
    absurd = b"\6\0\0\0" + size.to_bytes(4, "little") + bytes(100)
    capture = load(section(interface(), packet(PACKETS[0]), lambda order: absurd))
    assert len(capture.packets) == 1
    assert capture.all_gaps()


def test_a_packet_longer_than_its_block_ends_its_section(load):
    data = bytearray(section(interface(), packet(PACKETS[0])))
    at = data.index(b"\6\0\0\0")
    data[at + 20 : at + 24] = b"\xff\xff\0\0"
    assert load(bytes(data)).all_gaps()


def test_tens_of_thousands_of_interfaces_and_sections_are_no_hang(load):
    many = section(*[interface() for _ in range(40_000)], packet(PACKETS[0]))
    capture = load(many + section(interface(), packet(PACKETS[1])) * 300)
    assert len(capture.packets) >= 1
    assert capture.frames["packets"]["interface"].max() < len(capture.packets.interfaces)


def test_options_that_run_over_are_left_out(load):
    data = section(interface(name=b"eth0"), packet(PACKETS[0]))
    data = data.replace(b"\2\0\4\0eth0", b"\2\0\xff\xffeth0")
    capture = load(data)
    assert capture.packets.interfaces[0].name == ""
    assert len(capture.packets) == 1


def test_samples_tell_their_names_interfaces_and_notes():
    named = pf.load(samples.path("network/pcapng.named.pcapng.zst"))
    assert named.names
    assert len(pf.load(samples.path("network/pcapng.sections.pcapng.zst")).packets.interfaces) > 1
    assert pf.load(samples.path("network/pcapng.noted.pcapng")).comments
