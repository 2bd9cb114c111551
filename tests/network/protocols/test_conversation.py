"""What both sides of a stream said, as text and as bytes."""

import pytest

import prodforensics as pf
from prodforensics.errors import UnknownName
from prodforensics.network.protocols.conversation import mask_headers
from tests.network.protocols.test_reassembly import SYNS, back, capture_of, sent
from tests.network.wire import udp


def sample(name):
    return pf.load(pf.samples.path(f"network/{name}"), progress=False)


def test_turns_as_text(tmp_path):
    said = sent(b"GET / HTTP/1.1\r\n\r\n", 100), back(b"HTTP/1.1 204 No Content\r\n\r\n", 1)
    conversation = capture_of(tmp_path, *SYNS, *said, sent(b"GET /again", 118)).follow(0)
    assert conversation.text() == (
        ">>> 10.0.0.1:40000, frame 3\nGET / HTTP/1.1\n\n\n\n"
        "<<< 10.0.0.2:80, frame 4\nHTTP/1.1 204 No Content\n\n\n\n"
        ">>> 10.0.0.1:40000, frame 5\nGET /again\n"
    )
    assert conversation.client == b"GET / HTTP/1.1\r\n\r\nGET /again"
    assert conversation.server == b"HTTP/1.1 204 No Content\r\n\r\n"
    assert repr(conversation) == (
        "<Conversation tcp 0: 10.0.0.1:40000 sent 28 bytes, 10.0.0.2:80 27 bytes>"
    )


def test_turns_in_hexadecimal(tmp_path):
    conversation = capture_of(tmp_path, *SYNS, sent(b"0123456789abcdef\x00\xff", 100)).follow(0)
    assert conversation.hex().splitlines() == [
        ">>> 10.0.0.1:40000, frame 3",
        "00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef",
        "00000010  00 ff                                            ..",
    ]


def test_what_is_missing_is_named(tmp_path):
    packets = sent(b"ab", 100), sent(b"yz", 110), back(b"ok", 1, acknowledgment=120)
    conversation = capture_of(tmp_path, *SYNS, *packets).follow(0)
    missing = "[8 bytes are not in the capture]"
    for shown in (conversation.text(), conversation.hex()):
        assert shown.count(missing) == 2
    assert f"ab{missing}yz{missing}\n" in conversation.text()
    assert conversation.holes.values.tolist() == [["orig", 2, 8], ["orig", 4, 8]]
    assert conversation.segments.reset_index().values.tolist() == [
        [3, "orig", 0, 2, 0], [4, "orig", 2, 4, 8], [5, "resp", 0, 2, 0],
    ]  # fmt: skip


def test_what_came_early_is_read_when_the_rest_is_there(tmp_path):
    packets = sent(b"CD", 102), back(b"12", 1), sent(b"AB", 100)
    conversation = capture_of(tmp_path, *SYNS, *packets).follow(0)
    assert [turn.side for turn in conversation.turns()] == [1, 0]
    assert conversation.segments.index.tolist() == [4, 5, 3]


def test_secrets_are_masked_unless_wanted():
    capture, hidden = sample("clear_text_secret.pcap.zst"), 0
    path = "network/clear_text_secret.pcap.zst"
    (entry,) = (one for one in pf.samples.entries() if one["path"] == path)
    never = entry["ground_truth"]["never_shown"]
    for stream in range(len(capture.streams)):
        conversation = capture.follow(stream)
        assert not [word for word in never if word in conversation.text()]
        hidden += any(word in conversation.text(redact=False) for word in never)
    assert hidden >= 5


def test_headers_of_secret_names_lose_all_they_hold():
    text = "Set-Cookie: a=1; b=2\nX-Api-Key:12\nAuthorization: Digest user, response\nAge: 3\n"
    masked = mask_headers(text)
    assert masked == "Set-Cookie: ••••••\nX-Api-Key:••••••\nAuthorization: ••••••\nAge: 3\n"


def test_text_drives_no_terminal(tmp_path):
    conversation = capture_of(tmp_path, *SYNS, sent("\x1b[31m\u202ered\xff".encode(), 100)).follow(
        0
    )
    assert "\n.[31m.red\xff\n" in conversation.text()


def test_datagrams(tmp_path):
    packets = udp(payload=b"ask"), udp("10.0.0.2:53", "10.0.0.1:40000", b"answer"), udp()
    conversation = capture_of(tmp_path, *packets).follow(0, "udp")
    assert (conversation.client, conversation.server) == (b"ask", b"answer")
    assert conversation.segments.index.tolist() == [1, 2]


def test_a_stream_that_says_nothing(tmp_path):
    conversation = capture_of(tmp_path, *SYNS).follow(0)
    assert (conversation.text(), conversation.hex()) == ("", "")
    assert conversation.segments.empty
    assert conversation.holes.empty
    with pytest.raises(UnknownName):
        capture_of(tmp_path, *SYNS).follow(7)
