"""One format of heap snapshot or leak report a file: `sniff` and `read`."""
