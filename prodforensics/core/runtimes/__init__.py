"""What the runtimes of languages know of their own stacks: Python, Go, Java.

Each is read by the tool that knows it, in a process of its own, under a limit of time: pystack,
dlv, jhsdb. None of them is started where no module of the core belongs to that language, or where
the file that was found for that module is of another build.
"""
