"""Run inside gdb: print every thread's frames that have a source of ours, as JSON."""

import json

import gdb

OURS = ("till.c", "orders.cpp", "stock.rs", "ledger.go")
DEEPEST = 64


def frames_of(thread):
    thread.switch()
    frame, found, count = gdb.newest_frame(), [], 0
    while frame is not None and count < DEEPEST:
        try:
            place = frame.find_sal()
            file = place.symtab.filename.rpartition("/")[2] if place.symtab else ""
            if file in OURS:
                found.append([frame.name(), file, place.line])
            frame, count = frame.older(), count + 1
        except gdb.error:
            break
    return found


threads = sorted(gdb.selected_inferior().threads(), key=lambda one: one.num)
print("STACKS " + json.dumps([frames_of(one) for one in threads]))
