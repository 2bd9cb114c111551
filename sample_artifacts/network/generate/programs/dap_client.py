"""What an editor sends to a Python debugger: ``python3 dap_client.py HOST PORT`` (DAP over TCP)."""

from __future__ import annotations

import json
import socket
import sys

peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
stream = peer.makefile("rwb")
peer.settimeout(5)


def read() -> dict:
    """Read one message."""
    length = 0
    while (line := stream.readline().strip()) != b"":
        length = int(line.split(b":")[1])
    return json.loads(stream.read(length))


def ask(number: int, command: str, arguments: dict, wait: bool = True) -> dict:
    """Send a request and return its answer."""
    message = {"seq": number, "type": "request", "command": command, "arguments": arguments}
    body = json.dumps(message).encode()
    stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    stream.flush()
    while wait:
        answer = read()
        if answer.get("type") == "response" and answer.get("request_seq") == number:
            return answer
    return {}


ask(1, "initialize", {"clientID": "editor", "adapterID": "python", "pathFormat": "path"})
ask(2, "attach", {"justMyCode": True}, wait=False)
while read().get("event") != "initialized":
    pass
ask(3, "setBreakpoints", {"source": {"path": "/srv/app/ticker.py"}, "breakpoints": [{"line": 9}]})
ask(4, "configurationDone", {})
while (event := read()).get("event") != "stopped":
    pass
thread = event["body"]["threadId"]
frame = ask(5, "stackTrace", {"threadId": thread})["body"]["stackFrames"][0]["id"]
ask(6, "scopes", {"frameId": frame})
ask(7, "evaluate", {"expression": "order['total']", "frameId": frame, "context": "watch"})
ask(8, "setBreakpoints", {"source": {"path": "/srv/app/ticker.py"}, "breakpoints": []})
ask(9, "continue", {"threadId": thread})
ask(10, "disconnect", {"terminateDebuggee": False})
