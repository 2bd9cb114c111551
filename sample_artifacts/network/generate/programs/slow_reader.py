"""Read an answer slowly: ``python3 slow_reader.py HOST PORT PATH BYTES_A_SECOND SECONDS``."""

from __future__ import annotations

import socket
import sys
import time

host, port, path, pace, seconds = sys.argv[1:]
reader = socket.socket()
reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
reader.connect((host, int(port)))
reader.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
until = time.monotonic() + float(seconds)
while time.monotonic() < until:
    if not reader.recv(int(pace) // 4):
        break
    time.sleep(0.25)
while reader.recv(65536):  # the rest at once
    pass
