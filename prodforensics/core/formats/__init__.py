"""One format of core dumps a module: `sniff` and `read`."""
