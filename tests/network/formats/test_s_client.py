"""openssl s_client: chains, verification, alerts, connections that fail; and nothing secret."""

import re

import pandas as pd
import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.errors import Corrupt
from tests.network.tool_files import printed, printed_in_part, verdicts


def text(name):
    return samples.path(f"network/s_client.{name}.txt").read_text()


def test_a_handshake_and_its_chain(tmp_path):
    report = printed(tmp_path, text("good"))
    one = report.frames["handshakes"].iloc[0]
    assert (one["protocol"], one["cipher"]) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert (one["verify_code"], one["peer_name"], one["read_bytes"]) == (
        0,
        "api.shop.example",
        1362,
    )
    chain = report.frames["certificates"]
    assert chain[["depth", "subject", "issuer"]].values.tolist() == [
        [0, "CN = api.shop.example", "CN = Example Test CA"]
    ]
    assert chain["not_after"].iloc[0] == pd.Timestamp("2027-11-25 19:08:05", tz="UTC")


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("expired", "the certificate has expired"),
        ("wrong_name", "the certificate is of another name"),
        ("wrong_version", "version mismatch"),
        ("refused", "the connection was refused"),
    ],
)
def test_what_failed_is_said_in_words(case, says):
    (finding,) = pf.load(samples.path(f"network/s_client.{case}.txt")).findings()
    assert says in finding.title


def test_nothing_secret_is_kept(tmp_path):
    secrets = re.findall(r"[0-9A-F]{64,}", text("expired"))
    assert len(secrets) == 2
    ticket = (
        "    TLS session ticket:\n    0000 - 5c 9a 7e 11 aa bb cc dd-ee ff 01 02 03 04   ....\n"
        "    Resumption PSK: " + "AB" * 24 + "\n"
    )
    page = "HTTP/1.1 200 OK\nSet-Cookie: id=31337deadbeef\n\nhello\n"
    whole = text("expired").replace("    PSK identity: None\n", ticket)
    report = printed(tmp_path, whole.replace("\nDONE", f"\n{page}DONE"))
    cut = printed_in_part(tmp_path, whole[: whole.index("Master-Key") + 80])
    for one in (report, cut):
        shown = "".join(frame.to_csv() for frame in [*one.frames.values(), one.gaps])
        for secret in (*secrets, "5c 9a", "AB" * 24, "31337deadbeef"):
            assert secret[:20] not in shown


def test_several_in_one_file(tmp_path):
    cases = ("good", "refused", "expired", "wrong_version", "refused", "wrong_name")
    report = printed(tmp_path, "".join(map(text, cases)))
    assert report.frames["handshakes"]["connected"].tolist() == [
        True,
        False,
        True,
        True,
        False,
        True,
    ]
    assert sorted(rule for rule, _ in verdicts(report)) == (
        ["network.service_down"] * 2 + ["network.tls_failure"] * 3
    )
    named = [f.rows.get("verify_errors") for f in report.findings() if "another name" in f.title]
    assert named == [(1,)]


def test_who_is_not_trusted_here_may_be_trusted_there(tmp_path):
    changed = text("expired").replace(
        "num=10:certificate has expired", "num=18:self-signed certificate"
    )
    changed = changed.replace("10 (certificate has expired)", "18 (self-signed certificate)")
    assert verdicts(printed(tmp_path, changed)) == [("network.tls_failure", "possible")]


def test_a_certificate_that_ends_soon(tmp_path):
    soon = text("expired").replace("verify error:num=10:certificate has expired\n", "")
    soon = soon.replace("10 (certificate has expired)", "0 (ok)")
    soon = soon.replace("NotAfter: Oct 21", "NotAfter: Nov 30")
    (finding,) = printed(tmp_path, soon).findings()
    assert finding.verdict == "possible"
    assert finding.title.endswith("expires in 120 h 0 min")


@pytest.mark.parametrize(
    ("error", "rule", "says"),
    [
        ("0A00010B:SSL routines:ssl3_get_record:wrong version number:x.c:1:", "network.tls_failure",
         "does not speak TLS"),
        ("0A000410:SSL routines::sslv3 alert handshake failure:x.c:1:SSL alert number 40",
         "network.tls_failure", "in common"),
    ],
)  # fmt: skip
def test_other_errors(tmp_path, error, rule, says):
    changed = re.sub(r"(?m)^40E7BC.*$", f"40E7BC2D1E7F0000:error:{error}", text("wrong_version"))
    (finding,) = printed(tmp_path, changed).findings()
    assert finding.rule == rule
    assert says in finding.title


def test_a_name_that_is_not_found(tmp_path):
    report = printed(
        tmp_path,
        "4007E4:error:10080002:BIO routines:BIO_lookup_ex:system lib:x.c:1:Name or service not"
        " known\n"
        "connect:errno=22\n",
        format="openssl-s_client",
    )
    assert verdicts(report) == [("network.dns_failure", "likely")]


def test_a_cut_is_told(tmp_path):
    report = printed_in_part(tmp_path, text("good").partition("New, TLS")[0])
    assert report.gaps["what"].tolist() == ["a handshake that is not told to its end"]
    with pytest.raises(Corrupt):
        printed(tmp_path, "hello\n", format="openssl-s_client")
