"""Stacks out of events that open and close functions."""

from __future__ import annotations

import numpy as np

from prodforensics.kernels._growth import doubled
from prodforensics.kernels._jit import kernel
from prodforensics.kernels.prefix_tree import rehashed, slot_of

__all__ = ["stacks_between"]


@kernel
def stacks_between(thread, time, opens, name, call):
    """Tell which stack was open between each event and the next one of its thread.

    Parameters
    ----------
    thread : int32[n]
        Events of one thread stand together.
    time : int64[n]
        In the order of time within a thread.
    opens : bool[n]
        Whether a function is opened or closed.
    name : int32[n]
        An event closes the innermost open function of this name, with all that is open inside of
        it; negative: whatever is innermost.
    call : int32[n]
        What an event that opens puts on the stack.

    Returns
    -------
    parent, item : int32[k]
        The stacks as a prefix tree.
    event : int64[m]
        For each stretch of time in which a stack was open, the event that it begins with.
    node : int32[m]
        The innermost node of that stack.
    length : int64[m]
        How long; more than 0.
    unopened : int
        Events that close what is not open.
    unclosed : int
        Functions still open when the last event of their thread comes, which ends them.
    """
    n = thread.size
    parents = np.empty(1024, np.int32)
    items = np.empty(1024, np.int32)
    slots = np.full(4096, -1, np.int32)
    count = 0
    event = np.empty(n, np.int64)
    node = np.empty(n, np.int32)
    length = np.empty(n, np.int64)
    stretches = 0
    open_node = np.empty(256, np.int32)
    open_name = np.empty(256, np.int32)
    depth = 0
    unopened = 0
    unclosed = 0
    # Functions that were closed early with one around them; their own events may follow at once.
    forced = 0
    forced_at = np.int64(0)
    for i in range(n):
        if opens[i]:
            above = open_node[depth - 1] if depth > 0 else np.int32(-1)
            wanted = np.int32(call[i])
            slot = slot_of(slots, parents, items, above, wanted)
            found = slots[slot]
            if found < 0:
                if count == parents.size:
                    parents, items = doubled(parents), doubled(items)
                found = np.int32(count)
                parents[count], items[count] = above, wanted
                slots[slot] = found
                count += 1
                if 2 * count > slots.size:
                    slots = rehashed(slots, parents, items, count)
            if depth == open_node.size:
                open_node, open_name = doubled(open_node), doubled(open_name)
            open_node[depth] = found
            open_name[depth] = name[i]
            depth += 1
        else:
            k = depth - 1
            if name[i] >= 0:
                while k >= 0 and open_name[k] != name[i]:
                    k -= 1
            if k >= 0:
                if depth - 1 - k > 0:
                    forced = depth - 1 - k
                    forced_at = time[i]
                depth = k
            elif forced > 0 and forced_at == time[i]:
                forced -= 1
            else:
                unopened += 1
        last = i + 1 == n or thread[i + 1] != thread[i]
        if last:
            unclosed += depth
            depth = 0
            forced = 0
        elif depth > 0 and time[i + 1] > time[i]:
            event[stretches] = i
            node[stretches] = open_node[depth - 1]
            length[stretches] = time[i + 1] - time[i]
            stretches += 1
    return (
        parents[:count].copy(),
        items[:count].copy(),
        event[:stretches].copy(),
        node[:stretches].copy(),
        length[:stretches].copy(),
        unopened,
        unclosed,
    )
