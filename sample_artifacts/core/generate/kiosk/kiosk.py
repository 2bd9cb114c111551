"""A kiosk that prints tickets. Its argument names what goes wrong, each marked THE FAULT."""

import ctypes
import sys
import threading
import time


class Printer:
    def __init__(self, model):
        self.model = model
        self.handle = None

    def device_name(self):
        return ctypes.string_at(self.handle or 0)  # THE FAULT: python_null


def print_ticket(printer, ticket):
    name = printer.device_name()
    return f"{name}: {ticket}"


def sell(printer, customer, count):
    password = "correct-horse-battery"
    tickets = [f"ticket {number} for {customer}" for number in range(count)]
    for ticket in tickets:
        print_ticket(printer, ticket)
    return len(password)


def refresh_prices(seconds):
    while True:
        time.sleep(seconds)


def main():
    threading.Thread(target=refresh_prices, args=(60,), name="prices", daemon=True).start()
    time.sleep(0.2)
    if sys.argv[1:] == ["python_null"]:
        sell(Printer("TM-88"), "ada", 3)
    else:
        print(*sys.argv[1:], flush=True)
        time.sleep(600)


if __name__ == "__main__":
    main()
