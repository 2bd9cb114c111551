"""Hold a connection: ``python3 holder.py HOST PORT keepalive|idle|abort``.

`keepalive` sends one request and then only TCP keep-alive probes, each second; `idle` sends a
second request after three seconds; `abort` goes away in the middle of an answer.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time

host, port, what = sys.argv[1:]
peer = socket.create_connection((host, int(port)))
if what == "keepalive":
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_KEEPIDLE, 1),
        (socket.TCP_KEEPINTVL, 1),
        (socket.TCP_KEEPCNT, 4),
    ):
        peer.setsockopt(socket.IPPROTO_TCP, option, value)
path = "/report?bytes=300000" if what == "abort" else "/order/1"
request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
peer.sendall(request)
peer.recv(2000)
if what == "abort":
    time.sleep(0.15)
    peer.close()  # unread bytes wait in the socket: the kernel sends RST
    sys.exit()
print("answered", flush=True)
with contextlib.suppress(OSError):
    if what == "idle":
        time.sleep(3)
        peer.sendall(request)
    peer.settimeout(9)
    peer.recv(2000)
