"""The bytes of every stream of every sample are those that tshark follows."""

import re

import pytest

from prodforensics import tools
from tests.conftest import require_tool
from tests.network.oracle.tshark import CAPTURES, loaded, unpacked

pytestmark = [pytest.mark.oracle, pytest.mark.parametrize("name", CAPTURES)]

_HEX = re.compile(r"^(\t?)([0-9a-f]+)$", re.MULTILINE)
_MISSING = re.compile(rb"\[\d+ bytes missing in capture file\]\0?")
"""What tshark writes between bytes where there is a hole."""
_MOST = 12
"""Streams of a sample that are asked for: the first ones, and the last ones."""


def followed(file, streams):
    """Return what tshark says each side of some streams sent: first who sent the first packet."""
    arguments = ["-n", "-r", file, "-q"]
    for stream in streams:
        arguments += ["-z", f"follow,tcp,raw,{stream}"]
    printed = tools.run("tshark", arguments, seconds=60).stdout
    parts = re.split(
        r"^Follow: tcp,raw\nFilter: tcp.stream eq (\d+)\n", printed, flags=re.MULTILINE
    )
    return {
        int(stream): tuple(
            _MISSING.sub(
                b"",
                bytes.fromhex(
                    "".join(part for tab, part in _HEX.findall(text) if bool(tab) == back)
                ),
            )
            for back in (False, True)
        )
        for stream, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_bytes_of_both_sides(name, tmp_path):
    require_tool("tshark")
    capture = loaded(name)
    numbers = list(range(len(capture.streams)))
    numbers = numbers[: _MOST // 2] + numbers[max(len(numbers) - _MOST // 2, _MOST // 2) :]
    given = followed(unpacked(name, tmp_path), numbers)
    mine = {}
    for stream in given:
        said = capture.follow(stream)
        sides = said.client, said.server
        mine[stream] = sides[::-1] if capture.streams.flipped[stream] else sides
    assert mine == given
