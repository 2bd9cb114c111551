"""The documented columns of the frame of HTTP."""

from __future__ import annotations

from prodforensics.schema import Column, Schema

__all__ = ["HEADERS", "HTTP"]

HTTP = Schema(
    "http",
    (
        Column("request_ts", "datetime64[ns, UTC]", "", "When the request began, or the response."),
        Column("stream", "int64", "ordinal", "Wireshark's tcp.stream."),
        Column("protocol", "category", "", "1.0, 1.1 or 2."),
        Column("client_ip", "category", "", "Who asked."),
        Column("server_ip", "category", "", "Who was asked."),
        Column("server_port", "int32", "", "On which port."),
        Column("method", "category", "", "GET, POST ...; empty: the request was not captured."),
        Column("host", "category", "", "Of the Host header or :authority."),
        Column("uri", "str", "", "As in the request; secrets in it are masked."),
        Column("status", "int16", "", "-1: no response was captured."),
        Column("ttfb_ns", "int64", "ns", "From the request's last byte to the response's first."),
        Column("total_ns", "int64", "ns", "From the request's first byte to the response's last."),
        Column("request_bytes", "int64", "bytes", "Body of the request; -1: no request."),
        Column("request_complete", "bool", "", "The request ended as it said it would."),
        Column("content_length", "int64", "bytes", "As the response says; -1: it does not."),
        Column("body_seen", "int64", "bytes", "Body of the response; -1: no response."),
        Column("complete", "bool", "", "The response ended as it said it would."),
        Column("truncated", "bool", "", "It did not, and the connection ended."),
        Column("gap_bytes", "int64", "bytes", "Of the response, not captured; not in body_seen."),
        Column("request_id", "str", "", "X-Request-Id of the request, else of the response."),
        Column("correlation_id", "str", "", "X-Correlation-Id, in the same way."),
        Column("trace_id", "str", "", "Of the W3C traceparent header."),
        Column("span_id", "str", "", "Of the W3C traceparent header: the caller's."),
        Column("user_agent", "category", "", "As the client names itself."),
        Column("server", "category", "", "As the server names itself."),
        Column("secrets", "category", "", "Headers in clear text that hold secrets, by commas."),
        Column(
            "request_frame", "int64", "ordinal", "Frame number of the request's first byte; -1."
        ),
        Column("response_frame", "int64", "ordinal", "And of the response's first byte; -1."),
        Column("last_frame", "int64", "ordinal", "And of the last byte of both."),
        Column("http2_stream", "int64", "ordinal", "Number within an HTTP/2 connection; -1."),
        Column("reset_code", "int32", "", "Error code of RST_STREAM (8: cancelled); -1: none."),
    ),
    Column("exchange", "int64", "ordinal", "Number of the row, by time."),
    "Requests with their responses, of HTTP/1.x and of HTTP/2 in clear text.",
)

HEADERS = Schema(
    "headers",
    (
        Column("message", "category", "", "request or response."),
        Column("name", "str", "", "As it was sent; start lines are named by their parts."),
        Column("value", "str", "", "Secrets are masked unless they were wanted."),
    ),
    None,
    "The headers of one exchange, in their order.",
)
