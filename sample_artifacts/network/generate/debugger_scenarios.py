"""Debuggers on the wire, each used by its own client: Node's inspector, JDWP, DAP, gdbserver."""

from __future__ import annotations

import time

from labels import Capture, Sample, capture, expect, scenario
from topology import Network

INSPECT = "(sleep 1.2; echo 'exec process.version'; sleep 0.8; echo .exit) | node inspect {}:9229"


@scenario("debugger")
def debugger(network: Network) -> list[Sample]:
    """Four debuggers that listen on every address, and somebody from another host."""
    client, server = network.pair()
    samples = []

    server.start("node --inspect=0.0.0.0:9229 ticker.js", port=9229)
    with capture(client, "debugger.node", only="tcp") as seen:
        client.run("curl -s http://10.20.0.20:9229/json/version")
        client.run(INSPECT.format("10.20.0.20"), 20)
    seen.activity.append("node --inspect=0.0.0.0:9229; curl /json/version; node inspect HOST:9229")
    asked = [p["http.request.uri"] for p in seen.having("http.request.uri")]
    expect(any(uri.startswith("/json") for uri in asked) and len(asked) >= 3, f"inspector: {asked}")
    samples.append(exposed(seen, "Node's inspector", "node-inspector", 9229, uris=asked))

    server.must("javac -d . GcService.java", 60)
    agent = "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:5005"
    server.start(f"java {agent} -Xmx64m GcService 8080 10", port=5005)
    server.wait_for(8080)
    with capture(client, "debugger.jdwp", only="tcp") as seen:
        client.run(
            "(sleep 1.5; echo threads; sleep 1; echo class GcService; sleep 0.5; echo quit) "
            "| jdb -attach 10.20.0.20:5005",
            30,
        )
    seen.activity.append(f"java {agent}; jdb -attach HOST:5005")
    samples.append(exposed(seen, "JDWP", "jdwp", 5005))

    server.start(
        "/usr/bin/python3 -Xfrozen_modules=off -m debugpy --listen 0.0.0.0:5678 ticker.py",
        port=5678,
    )
    time.sleep(0.5)
    with capture(client, "debugger.dap", only="tcp") as seen:
        client.must("/usr/bin/python3 dap_client.py 10.20.0.20 5678", 30)
    seen.activity.append(
        "python3 -m debugpy --listen 0.0.0.0:5678; initialize, attach, breakpoint, evaluate"
    )
    samples.append(exposed(seen, "DAP", "dap", 5678))

    server.must("gcc -g -O0 ticker.c -o ticker")
    server.start("gdbserver 0.0.0.0:2345 ./ticker", port=2345)
    with capture(client, "debugger.gdb", only="tcp") as seen:
        client.run(
            "gdb -nx -batch -ex 'set sysroot /' -ex 'target remote 10.20.0.20:2345' "
            "-ex 'break price' "
            "-ex continue -ex bt -ex 'print *one' -ex kill ticker",
            30,
        )
    seen.activity.append("gdbserver 0.0.0.0:2345 ./ticker; gdb: break, continue, bt, print")
    samples.append(exposed(seen, "gdbserver", "gdb-remote", 2345))
    return samples


@scenario("debugger_loopback")
def debugger_loopback(network: Network) -> list[Sample]:
    """The same inspector on loopback, used from the same host: as it should be."""
    host = network.host("server")
    host.start("node --inspect=127.0.0.1:9229 ticker.js", port=9229)
    with capture(host, "debugger.loopback", "lo", only="tcp") as seen:
        host.run(INSPECT.format("127.0.0.1"), 20)
    seen.activity.append("node --inspect=127.0.0.1:9229; node inspect 127.0.0.1:9229")
    expect(seen.having("http.request.uri"), "the inspector is used")
    return [
        seen.sample(
            "Node's inspector on loopback",
            protocol="node-inspector",
            server="127.0.0.1:9229",
            verdict="possible",
            rule="exposed_debugger",
            stream=0,
        )
    ]


def exposed(seen: Capture, name: str, protocol: str, port: int, **facts: object) -> Sample:
    """Label a session of a debugger."""
    data = [p for p in seen.having(tcp_srcport=str(port)) if int(p.get("tcp.len", 0)) > 0]
    expect(len(data) >= 5, f"{name}: a session, {len(data)} packets with data")
    return seen.sample(
        f"{name} used from another host",
        rule="exposed_debugger",
        verdict="likely",
        stream=seen.stream(data),
        role=protocol,
        protocol=protocol,
        server=f"10.20.0.20:{port}",
        client="10.20.0.10",
        **facts,
    )
