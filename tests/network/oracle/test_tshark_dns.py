"""Every DNS message of every sample is what tshark says it is."""

from collections import Counter

import pytest

from prodforensics.network.protocols.dns_messages import RCODES, TYPES
from tests.network.oracle.tshark import CAPTURES, fields, loaded

pytestmark = [pytest.mark.oracle, pytest.mark.parametrize("name", CAPTURES)]

TEXTS = {
    "1": "dns.a", "2": "dns.ns", "5": "dns.cname", "12": "dns.ptr.domain_name", "16": "dns.txt",
    "28": "dns.aaaa",
}  # fmt: skip


def numbered(kind):
    return TYPES.get(int(kind, 0), f"TYPE{kind}") if kind else ""


def answer_texts(one):
    """Give what tshark shows of the answers; of other sections it shows the same fields, later."""
    kinds = one["dns.resp.type"].split(",")[: int(one["dns.count.answers"])]
    for kind, field in TEXTS.items():
        yield from one[field].split(",")[: kinds.count(kind)]


def test_messages(name, tmp_path):
    wanted = ("dns.id", "dns.qry.name", "dns.qry.type", "dns.flags.response", "dns.flags.rcode",
              "dns.time", "dns.count.answers", "dns.flags.truncated", *TEXTS.values(),
              "dns.resp.type", "dns.response_to",
              "udp.srcport", "tcp.srcport", "udp.dstport", "tcp.dstport")  # fmt: skip
    given = fields(name, "dns", wanted, tmp_path)
    capture = loaded(name)
    mine = capture.frames["dns"]
    capture.schemas["dns"].validate(mine)
    questions = {row.request_frame: row for row in mine.itertuples() if row.request_frame > 0}
    again = {row.last_request_frame for row in mine.itertuples() if row.attempts > 1}
    answers = {row.response_frame: row for row in mine.itertuples() if row.response_frame > 0}
    for frame, one in given.items():
        is_answer = one["dns.flags.response"] == "1"
        if not is_answer and frame in again:
            continue
        row = (answers if is_answer else questions).pop(frame)
        assert row.trans_id == int(one["dns.id"], 16)
        assert row.query == one["dns.qry.name"]
        assert row.qtype == numbered(one["dns.qry.type"])
        ports = (
            int(one["udp.srcport"] or one["tcp.srcport"]),
            int(one["udp.dstport"] or one["tcp.dstport"]),
        )
        assert (row.client_port, row.server_port) == (ports[::-1] if is_answer else ports)
        if is_answer:
            assert row.rcode == RCODES[int(one["dns.flags.rcode"])]
            assert row.answer_count == int(one["dns.count.answers"])
            assert row.truncated == (one["dns.flags.truncated"] == "1")
            expected = Counter(answer_texts(one))
            said = row.answers.split(", ") if row.answers else []
            assert len(said) == row.answer_count
            assert not expected - Counter(said)
            if one["dns.response_to"]:
                assert row.request_frame == int(one["dns.response_to"])
                assert row.rtt_ns == int(one["dns.time"].replace(".", ""))
    assert not questions
    assert not answers
