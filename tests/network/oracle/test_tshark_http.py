"""The requests and responses of every sample are what tshark says they are."""

from collections import Counter, defaultdict

import pytest

from tests.network.oracle.tshark import CAPTURES, fields, loaded

pytestmark = [pytest.mark.oracle, pytest.mark.parametrize("name", CAPTURES)]

OUT_OF_ORDER = "-o", "tcp.reassemble_out_of_order:TRUE"
"""Without it tshark loses messages whose segments came in another order."""


def parts(text):
    return text.split(",") if text else []


def test_requests_and_responses(name, tmp_path):
    wanted = ("tcp.stream", "http.request.method", "http.request.uri", "http.host",
              "http.response.code", "http.time")  # fmt: skip
    given = fields(name, "http and not tls", wanted, tmp_path, *OUT_OF_ORDER)
    capture = loaded(name)
    mine = capture.frames["http"].assign(**capture.exchanges.numbers)
    capture.schemas["http"].validate(capture.frames["http"])
    mine = mine[mine["version"] < 20]
    cut = (capture.packets.captured < capture.packets.length).any()
    requests, responses = defaultdict(list), defaultdict(list)
    for frame, one in given.items():
        asked = parts(one["http.request.method"])
        hosts = parts(one["http.host"]) or [""] * len(asked)
        uris = [uri for uri in parts(one["http.request.uri"]) if "=" not in uri or len(asked) == 1]
        for request in zip(asked, uris, hosts, strict=True):
            requests[int(one["tcp.stream"])].append((frame, *request))
        if codes := parts(one["http.response.code"]):  # an interim one may come in the same frame
            last = frame, int(codes[-1]), parts(one["http.time"])[-1:]
            responses[int(one["tcp.stream"])].append(last)
    for stream, rows in mine.groupby("stream"):
        asked = rows[rows["request_complete"]].sort_values("request_first", kind="stable")
        theirs = requests.pop(stream, [])
        if not cut:  # tshark takes what is left of a line for the whole
            frames, methods, uris, hosts = zip(*theirs, strict=True) if theirs else [[]] * 4
            assert (asked["request_last"] + 1).tolist() == list(frames)
            assert asked["method"].tolist() == list(methods)
            assert [uri.split("=")[0] for uri in asked["uri"]] == [
                uri.split("=")[0] for uri in uris
            ]
            assert asked["host"].tolist() == list(hosts)
        pairs = rows[(rows["response_first"] >= 0) & (rows["request_first"] >= 0)]
        known = {frame: (status, time) for frame, status, time in responses.pop(stream, [])}
        for row in pairs.itertuples():
            if (cut or row.gap_bytes) and row.response_last + 1 not in known:
                continue  # tshark gives a message up where a part of it was not captured
            if row.complete and (row.content_length >= 0 or row.status in (204, 304)):
                status, time = known[row.response_last + 1]
                assert row.status == status
                took = (
                    capture.packets.time[row.response_last] - capture.packets.time[row.request_last]
                )
                assert [int(text.replace(".", "")) for text in time] == [took]
        assert {status for status, _ in known.values()} <= set(rows["status"])
    assert not requests
    assert not responses


def test_exchanges_of_http2(name, tmp_path):
    keys = ("method", "path", "authority", "status")
    wanted = ("tcp.stream", *(f"http2.headers.{key}" for key in keys))
    given = fields(name, "http2.headers", wanted, tmp_path)
    capture = loaded(name)
    mine = capture.frames["http"].assign(**capture.exchanges.numbers).query("version == 20")
    for packet, pairs in (
        ("request_last", [("method", "method"), ("path", "uri"), ("authority", "host")]),
        ("response_first", [("status", "status")]),
    ):
        for key, column in pairs:
            theirs = Counter(
                (frame, value)
                for frame, one in given.items()
                for value in parts(one[f"http2.headers.{key}"])
            )
            known = mine[mine[packet] >= 0]
            frames = (known[packet] + 1).tolist()
            assert Counter(zip(frames, known[column].astype(str), strict=True)) == theirs
