"""Debuggers behind one interface: gdb, lldb and drgn, each in a process of its own."""
