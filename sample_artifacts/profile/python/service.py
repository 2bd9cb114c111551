"""An order service, ``python3 service.py PORT SCENARIO``: ``GET /order/N`` answers it as JSON."""

import asyncio
import itertools
import json
import logging
import re
import sys
import threading
import time
from decimal import ROUND_HALF_UP, Decimal

SCENARIO = sys.argv[2] if len(sys.argv) > 2 else "healthy"
CENT = Decimal("0.01")
TAX = {"DE": Decimal("1.19"), "FR": Decimal("1.20"), "PL": Decimal("1.23")}
COUPONS = ["WELCOME10", "SUMMER24", "", "VIP"]
CATALOGUE = {
    f"SKU-{n:04d}": {"name": f"Part {n}", "price": f"{5 + n * 37 % 200}.{n % 100:02d}"}
    for n in range(6000)
}
SENT = []
NOTE = re.compile(r"^[A-Za-z]+(, [a-z ]+)*$")
# THE FAULT of `regex`: a group that repeats inside a group that repeats. A note that ends in "!"
# makes it try every way to cut the words apart.
SLOW_NOTE = re.compile(r"^(([A-Za-z]+[, ]?)+)+$")
log = logging.getLogger("orders")


def look_up(number):
    """Find the lines of an order."""
    lines = []
    for k in range(120 + number % 5):
        sku = f"SKU-{(number * 31 + k * 97) % 6000:04d}"
        lines.append({"sku": sku, "quantity": 1 + (number + k) % 4, **CATALOGUE[sku]})
    return {
        "number": number,
        "country": ("DE", "FR", "PL")[number % 3],
        "coupon": COUPONS[number % 4],
        "note": f"please ring twice, leave at door {'a' * (number % 4)}!",
        "lines": lines,
    }


def net_price(line):
    return (Decimal(line["price"]) * line["quantity"]).quantize(CENT, ROUND_HALF_UP)


def discount(order, total):
    """Return what the coupon takes off."""
    if order["coupon"] == "VIP":
        return (total * Decimal("0.15")).quantize(CENT)
    digits = re.search(r"\d+$", order["coupon"])
    return (total * int(digits[0]) / 100).quantize(CENT) if digits else Decimal(0)


def parcels(order):
    """Put the lines into parcels of 30 kg, the heaviest first."""
    weights = sorted(1 + len(line["name"]) * line["quantity"] % 9 for line in order["lines"])
    boxes = [0]
    while weights:
        weight = weights.pop()
        boxes.sort()
        if boxes[0] + weight > 30:
            boxes.append(0)
            boxes.reverse()
        boxes[0] += weight
    order["parcels"] = len(boxes)


def price(order):
    """Add up the lines, take off the coupon, put on the tax."""
    net = sum((net_price(line) for line in order["lines"]), Decimal(0))
    net -= discount(order, net)
    order["total"] = str((net * TAX[order["country"]]).quantize(CENT, ROUND_HALF_UP))


def check_note(order):
    """Keep odd notes out."""
    pattern = SLOW_NOTE if SCENARIO == "regex" else NOTE
    order["note_ok"] = bool(pattern.match(order["note"][: 12 + order["number"] % 3] + "!"))


def clean(value):
    """Return a copy that JSON can hold, texts without control characters."""
    if isinstance(value, dict):
        return {key: clean(one) for key, one in value.items()}
    if isinstance(value, list):
        return [clean(one) for one in value]
    if isinstance(value, str) and not value.isprintable():
        return "".join(c for c in value if c.isprintable())
    return value


def is_repeated(order):
    """Tell whether the same order was sent twice."""
    if SCENARIO == "creep":
        # THE FAULT of `creep`: what was sent is kept for ever, and looked through for every order.
        SENT.append((order["number"], order["total"]))
        found = 0
        for one in SENT:
            found += one == SENT[-1]
        return found > 1
    return False


def catalogue_version():
    """Return what changes with the catalogue."""
    if SCENARIO == "json":
        # THE FAULT of `json`: the whole catalogue is written as JSON for every order.
        return hash(json.dumps(CATALOGUE, sort_keys=True))
    return len(CATALOGUE)


def recommend(order):
    """Add what others bought."""
    order["catalogue"] = catalogue_version()
    order["recommended"] = [CATALOGUE[line["sku"]]["name"] for line in order["lines"]]


def serialise(order):
    return json.dumps(clean(order), sort_keys=True, separators=(",", ":")).encode()


def answer(number):
    """Return the order as JSON."""
    order = look_up(number)
    price(order)
    parcels(order)
    check_note(order)
    order["repeated"] = is_repeated(order)
    recommend(order)
    body = serialise(order)
    log.info("order %d: %s, %d bytes", number, order["total"], len(body))
    return body


async def read_request(reader):
    """Return the number in the request's path; None at the end of the connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    request, *headers = head.decode("latin-1").split("\r\n")
    fields = dict(header.split(": ", 1) for header in headers if header)
    length = int(fields.get("Content-Length", 0))
    if length:
        await reader.readexactly(length)
    return int(request.split(" ")[1].rpartition("/")[2])


async def serve(reader, writer):
    """Answer the requests of one connection."""
    try:
        while True:
            body = answer(await read_request(reader))
            head = (
                f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
            )
            writer.write(head.encode() + b"\r\n\r\n" + body)
            await writer.drain()
    except asyncio.IncompleteReadError:
        writer.close()


def refresh_prices():
    """Follow the market, in a thread of its own."""
    for number in itertools.count():
        part = CATALOGUE[f"SKU-{number % 6000:04d}"]
        part["price"] = str((Decimal(part["price"]) * Decimal("1.0001")).quantize(CENT))
        if number % 5 == 0:
            time.sleep(0.01)


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


if __name__ == "__main__":
    logging.basicConfig(
        filename="orders.log", level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    threading.Thread(target=refresh_prices, name="price refresh", daemon=True).start()
    asyncio.run(main())
