"""Buyers on kept connections: ``python3 buyer.py HOST PORT --paths A,B [options]``."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import random
import threading
import time


def buy(options: argparse.Namespace, buyer: int) -> None:
    """Send requests, one after the other, on one connection that is made again where it broke."""
    chance = random.Random(options.seed + buyer)
    paths = options.paths.split(",")
    connection = http.client.HTTPConnection(options.host, options.port, timeout=options.timeout)
    for number in range(options.requests):
        path = paths[number % len(paths)].replace("N", str(1000 * buyer + number))
        trace, span = f"{chance.getrandbits(128):032x}", f"{chance.getrandbits(64):016x}"
        headers = {
            "X-Request-Id": f"req-{buyer}-{number:04d}",
            "traceparent": f"00-{trace}-{span}-01",
            "User-Agent": "buyer/2.1",
        }
        try:
            connection.request("GET", path, headers=headers)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            connection.close()
        if options.close:
            connection.close()
        time.sleep(
            options.pause * chance.uniform(0.7, 1.3) if options.steady == 0 else options.steady
        )
    with contextlib.suppress(OSError):
        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--paths", default="/order/N")
    parser.add_argument("--buyers", type=int, default=1)
    parser.add_argument("--requests", type=int, default=10)
    parser.add_argument(
        "--pause", type=float, default=0.05, help="about this long between requests"
    )
    parser.add_argument("--steady", type=float, default=0, help="exactly this long")
    parser.add_argument("--timeout", type=float, default=10)
    parser.add_argument("--close", action="store_true", help="a connection for each request")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    threads = [
        threading.Thread(target=buy, args=(options, buyer)) for buyer in range(options.buyers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
