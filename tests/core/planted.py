"""Text put into a core in the place of other text, where there is room for it."""


def plant(data, old, new):
    """Overwrite a text and the zeros behind it: nothing moves, and no other bytes are touched."""
    old, new = old.encode(), new.encode()
    changed = bytearray(data)
    at = data.find(old)
    while at >= 0:
        end = data.find(b"\0", at)
        if not any(data[end : at + len(new) + 1]):
            changed[at : at + len(new)] = new
        at = data.find(old, at + 1)
    return bytes(changed)
