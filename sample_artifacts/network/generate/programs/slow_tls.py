"""A TLS server that thinks before it answers a hello: ``python3 slow_tls.py PORT SECONDS``."""

from __future__ import annotations

import socket
import ssl
import sys
import time

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("good.pem", "good.key")
context.sni_callback = lambda *_: time.sleep(float(sys.argv[2]))  # THE FAULT: a slow key store
with socket.create_server(("", int(sys.argv[1]))) as server:
    while True:
        try:
            with context.wrap_socket(server.accept()[0], server_side=True) as peer:
                peer.recv(4096)
                peer.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"
                )
        except OSError:
            pass
