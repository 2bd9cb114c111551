"""HTTP/3 by aioquic: ``python quic_talk.py serve PORT`` and ``ask HOST PORT NAME PATH...``."""

from __future__ import annotations

import asyncio
import ssl
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration


class Talk(QuicConnectionProtocol):
    """Answers requests, or waits for the answers."""

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)
        self.http = H3Connection(self._quic)
        self.waiting: dict[int, asyncio.Future] = {}

    def quic_event_received(self, event: object) -> None:
        """Pass on what HTTP/3 says."""
        for one in self.http.handle_event(event):
            if isinstance(one, HeadersReceived) and self._quic.configuration.is_client is False:
                self.http.send_headers(
                    one.stream_id, [(b":status", b"200"), (b"server", b"shop/1.4")]
                )
                self.http.send_data(one.stream_id, b'{"order": 1}' * 20, end_stream=True)
                self.transmit()
            elif (
                isinstance(one, DataReceived) and one.stream_ended and one.stream_id in self.waiting
            ):
                self.waiting.pop(one.stream_id).set_result(None)

    async def ask(self, name: str, path: str) -> None:
        """Send a request and wait for its answer."""
        number = self._quic.get_next_available_stream_id()
        self.waiting[number] = asyncio.get_running_loop().create_future()
        pairs = {":method": "GET", ":scheme": "https", ":authority": name, ":path": path}
        self.http.send_headers(
            number, [(k.encode(), v.encode()) for k, v in pairs.items()], end_stream=True
        )
        answer = self.waiting[number]
        self.transmit()
        await answer


async def main() -> None:
    """Serve for ever, or ask."""
    if sys.argv[1] == "serve":
        there = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
        there.load_cert_chain("good.pem", "good.key")
        await serve("0.0.0.0", int(sys.argv[2]), configuration=there, create_protocol=Talk)
        await asyncio.Future()
    host, port, name, *paths = sys.argv[2:]
    here = QuicConfiguration(alpn_protocols=H3_ALPN, server_name=name, verify_mode=ssl.CERT_NONE)
    async with connect(host, int(port), configuration=here, create_protocol=Talk) as talk:
        for path in paths:
            await talk.ask(name, path)


asyncio.run(main())
