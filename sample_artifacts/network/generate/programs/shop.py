"""A small shop: ``python3 shop.py PORT [FAULT]``. A fault is one word, see where it is used.

GET /order/N answers an order, /report?bytes=N a long text, /events a stream of events.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

FAULT = (sys.argv[2:] or [""])[0]
CORRELATION = ("X-Request-Id", "X-Correlation-Id", "traceparent")


class Shop(BaseHTTPRequestHandler):
    """Answers as HTTP/1.1, so that connections are kept."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "shop/1.4", ""
    wbufsize = -1

    def do_GET(self) -> None:
        """Answer by the path."""
        url = urlsplit(self.path)
        length = int((parse_qs(url.query).get("bytes") or ["0"])[0])
        if url.path == "/report":
            self.report(length)
        elif url.path == "/events":
            self.events()
        else:
            self.order(url.path)

    def do_POST(self) -> None:
        """Read all that is sent."""
        read = len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.answer(201, json.dumps({"stored": read}).encode())

    def order(self, path: str) -> None:
        """Answer one order, after a few milliseconds of work."""
        number = int("".join(filter(str.isdigit, path)) or 0)
        time.sleep(random.uniform(0.003, 0.006))
        if FAULT == "pool":  # THE FAULT: an order takes 150 ms, and the pool has two connections
            time.sleep(0.15)
        if FAULT == "pause":  # THE FAULT: the service thinks 700 ms
            time.sleep(0.7)
        if FAULT == "incident" and number % 5 == 0:  # THE FAULT: every fifth order waits
            time.sleep(0.4)
        if FAULT == "incident" and path.startswith("/pay"):  # THE FAULT: payments fail
            self.answer(503, b'{"error": "payment provider unreachable"}')
            return
        lines = [{"sku": f"A-{number % 7}{k}", "price": 990 + k, "count": k + 1} for k in range(4)]
        self.answer(200, json.dumps({"order": number, "lines": lines}).encode())

    def report(self, length: int) -> None:
        """Answer a long text, whole or not."""
        body = (b"2026-11-02;order;" + b"0123456789;" * 9 + b"\n") * (length // 117 + 1)
        if FAULT.startswith("partial"):  # THE FAULT: less is sent than was promised
            self.head(200, length)
            self.wfile.write(body[: length * 2 // 5])
            self.wfile.flush()
            time.sleep(0.3)
            self.hang_up(reset=FAULT == "partial-reset")
            return
        if FAULT == "crash":  # THE FAULT: the connection is thrown away while the answer is sent
            self.head(200, length)
            self.wfile.write(body[:30000])
            self.wfile.flush()
            time.sleep(0.15)
            self.hang_up(reset=True)
            return
        self.answer(200, body[:length], "text/csv")

    def events(self) -> None:
        """Send one event each 200 ms."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        chunked = self.request_version == "HTTP/1.1"
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(10):
            event = f"data: price {number}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event) if chunked else event)
            self.wfile.flush()
            time.sleep(0.2)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = not chunked

    def hang_up(self, *, reset: bool) -> None:
        """Close the connection, with FIN or with RST."""
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.wfile.close = self.rfile.close = lambda: None
            self.connection.close()
        self.close_connection = True

    def head(self, status: int, length: int, kind: str = "text/csv") -> None:
        """Send the headers, with the correlation of the request."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        for name in CORRELATION:
            if value := self.headers.get(name):
                self.send_header(name, value)
        self.end_headers()

    def answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        """Send a whole answer."""
        self.head(status, len(body), kind)
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def finish(self) -> None:
        """Close, whatever the connection says."""
        with contextlib.suppress(OSError, ValueError):
            super().finish()


class Server(ThreadingHTTPServer):
    """Threads end with the program."""

    daemon_threads, request_queue_size = True, 64
    address_family = socket.AF_INET6 if FAULT == "ipv6" else socket.AF_INET

    def shutdown_request(self, request: socket.socket) -> None:
        """Close without a shutdown where the fault has closed it already."""
        with contextlib.suppress(OSError):
            super().shutdown_request(request)

    def handle_error(self, *_: object) -> None:
        """Clients that go away are usual here."""


Server(("", int(sys.argv[1])), Shop).serve_forever()
