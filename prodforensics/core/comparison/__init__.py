"""Several cores beside each other: the same crash, or another."""
