"""Reference tools that the library's numbers are compared with."""
