"""Debuggers and secrets on the wire, and what only looks like them."""

import pytest

from prodforensics.findings import Verdict
from tests.network.talk import CLIENT, SERVER, Talk, Wire
from tests.network.wire import ACK, PSH

LIKELY, POSSIBLE = Verdict.LIKELY, Verdict.POSSIBLE
UUID = b"a93607e2-387a-4c89-8488-39fa889d5324"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
DAP = b'Content-Length: 60\r\n\r\n{"seq": 1, "type": "%s", "command": "initialize"}'
SPOKEN = {
    "Java's debugger": (b"JDWP-Handshake", b"JDWP-Handshake"),
    "a debug adapter": (DAP % b"request", DAP % b"response"),
    "gdbserver": (b"+$qSupported:multiprocess+#c6", b"+$PacketSize=47ff#00"),
    "Delve": (b'{"method":"RPCServer.GetVersion","params":[{}],"id":1}', b'{"id":1}'),
    "the inspector of Node.js": (
        b"GET /json/list HTTP/1.1\r\nHost: a\r\n\r\n",
        OK + b'[ {"webSocketDebuggerUrl": "ws://a"} ]',
    ),
    "the inspector of Node.js (": (
        b"GET /" + UUID + b" HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        b'HTTP/1.1 101 Switching\r\n\r\n\x81\x7e\x00\x30{"method":"Runtime.consoleAPICalled"}',
    ),
}
OTHERS = {
    "Redis": (b"*1\r\n$4\r\nPING\r\n", b"$5\r\nhello\r\n"),
    "a language server": (
        b'Content-Length: 52\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"initialize"}',
        b'Content-Length: 38\r\n\r\n{"jsonrpc":"2.0","id":1,"result":{}}',
    ),
    "an API that answers JSON": (b"GET /json HTTP/1.1\r\nHost: a\r\n\r\n", OK + b'{"order": 7}'),
    "another websocket": (
        b"GET /" + UUID + b" HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        b'HTTP/1.1 101 Switching\r\n\r\n\x81\x10{"event":"tick"}',
    ),
    "money": (b"$100 please\r\n", b"no\r\n"),
}


def said(folder, asked, answered, client="10.0.0.1:40000", server="10.0.0.2:9999"):
    """Return the findings on a conversation of one question and one answer, or several."""
    wire = Wire()
    talk = Talk(wire, client, server).open()
    for question in asked if isinstance(asked, list) else [asked]:
        talk.send(CLIENT, ACK | PSH, question).wait(0.01)
    talk.send(SERVER, ACK | PSH, answered)
    talk.send(CLIENT).close()
    return [
        one
        for one in wire.write(folder).findings()
        if one.rule in ("network.exposed_debugger", "network.clear_text_secret")
    ]


@pytest.mark.parametrize("name", SPOKEN)
def test_a_debugger_is_known_by_what_both_sides_say(name, tmp_path):
    (one,) = said(tmp_path, *SPOKEN[name])
    assert (one.rule, one.verdict) == ("network.exposed_debugger", LIKELY)
    assert one.title.startswith(name)
    assert "10.0.0.2:9999 is used from 10.0.0.1" in one.title


@pytest.mark.parametrize("name", OTHERS)
def test_what_looks_like_a_debugger_is_none(name, tmp_path):
    assert said(tmp_path, *OTHERS[name]) == []


@pytest.mark.parametrize(
    "ends", [("127.0.0.1:40000", "127.0.0.1:5005"), ("10.0.0.2:40000", "10.0.0.2:5005"),
             ("[::1]:40000", "[::1]:5005")],
)  # fmt: skip
def test_on_the_host_itself_it_is_as_it_should_be(ends, tmp_path):
    (one,) = said(tmp_path, *SPOKEN["Java's debugger"], *ends)
    assert one.verdict == POSSIBLE


def asks(*headers, line=b"GET /orders HTTP/1.1", body=b""):
    return b"\r\n".join([line, b"Host: shop.example", *headers, b"", body])


SECRETS = {
    "Authorization": asks(b"Authorization: Basic aGFycmlldDpjb3JyZWN0LWhvcnNl"),
    "Proxy": asks(b"proxy-authorization: bearer abcdefabcdef"),
    "Cookie": asks(b"Cookie: theme=dark; PHPSESSID=5f1d7a84a2c94d0b"),
    "X-Auth-Token": asks(b"X-Auth-Token: abcdefabcdef"),
    "token in the URL": asks(line=b"GET /a?x=1&access_token=abcdefabcdef HTTP/1.1"),
    "password or key in a body": asks(line=b"POST /login HTTP/1.1", body=b"user=a&password=abcdef"),
    "password of a login": b"PASS correct-horse\r\n",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_told_by_its_kind_and_never_shown(kind, tmp_path):
    (one,) = said(tmp_path, SECRETS[kind], OK)
    assert (one.rule, one.verdict) == ("network.clear_text_secret", LIKELY)
    assert kind in one.why or kind == "Proxy"
    for secret in ("aGFycm", "abcdef", "5f1d7a84", "correct-horse"):
        assert secret not in str(one.as_dict())


def test_the_body_of_a_request_may_come_in_a_packet_of_its_own(tmp_path):
    head = asks(line=b"POST /login HTTP/1.1")
    (one,) = said(tmp_path, [head, b'{"user": "a", "password": "abcdefabcdef"}'], OK)
    assert "password or key in a body (1)" in one.why
    assert one.rows["packets"] == (5,)


@pytest.mark.parametrize(
    "request_",
    [
        asks(b"Authorization: Digest username=a, response=abcdefabcdef"),
        asks(b"Authorization: AWS4-HMAC-SHA256 Credential=a"),
        asks(b"Cookie: theme=dark; _ga=GA1.2.3"),
        asks(b"Cache-Key: 17"),
        asks(line=b"GET /tokens?page=2 HTTP/1.1"),
        asks(line=b"GET /reset-password HTTP/1.1"),
        b"this is no HTTP, but: password: abcdef",
    ],
)
def test_what_is_no_secret_is_not_told(request_, tmp_path):
    assert said(tmp_path, request_, OK) == []


def test_headers_of_http2_are_unpacked_first(tmp_path):
    from hpack import Encoder

    headers = [(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "a")]
    block = Encoder().encode([*headers, ("authorization", "Bearer abcdefabcdef")])
    settings = b"\0\0\0\x04\0\0\0\0\0"
    asked = len(block).to_bytes(3) + b"\x01\x05\0\0\0\x01" + block
    (one,) = said(tmp_path, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + asked, settings)
    assert (one.rule, one.verdict) == ("network.clear_text_secret", LIKELY)
    assert one.why.startswith("authorization (1)")
    assert "abcdef" not in str(one.as_dict())
