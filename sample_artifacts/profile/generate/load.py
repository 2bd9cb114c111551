"""Send requests to a service for some seconds: ``python load.py PORT SECONDS [CLIENTS]``.

Every service answers ``GET /order/N`` with the order N as JSON.
"""

from __future__ import annotations

import http.client
import sys
import threading
import time


def client(port: int, until: float, first: int, counts: list[int]) -> None:
    """Ask for one order after the other on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    number = first
    while time.monotonic() < until:
        connection.request("GET", f"/order/{number}")
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"the service answered {answer.status}")
        counts.append(number)
        number += 1
    connection.close()


def main() -> None:
    port, seconds, clients = int(sys.argv[1]), float(sys.argv[2]), int((sys.argv[3:] or ["4"])[0])
    until, counts = time.monotonic() + seconds, []
    threads = [
        threading.Thread(target=client, args=(port, until, 1_000_000 * k, counts))
        for k in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{len(counts)} requests")


if __name__ == "__main__":
    main()
