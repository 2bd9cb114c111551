"""Programs that forget their sockets: ``python3 stuck.py listen|fill|forget HOST PORT``.

`listen` never accepts; `fill` connects to it again and again and sends what nobody reads; `forget`
lets the server close, and never closes itself.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time

what, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
held = []
if what == "listen":
    held.append(socket.create_server((host, port), backlog=3))
elif what == "fill":
    for _ in range(7):
        held.append(socket.socket())
        held[-1].setblocking(False)
        held[-1].connect_ex((host, port))
    time.sleep(0.8)
    for one in held[:2]:
        with contextlib.suppress(OSError):
            one.send(b"x" * 400000)
else:
    for _ in range(6):
        held.append(socket.create_connection((host, port)))
        held[-1].sendall(b"GET /order/1 HTTP/1.0\r\n\r\n")
time.sleep(60)
