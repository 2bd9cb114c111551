"""A program to debug."""

import time

order = {"number": 41, "total": 9.9}


while True:
    order["number"] += 1
    time.sleep(0.05)
