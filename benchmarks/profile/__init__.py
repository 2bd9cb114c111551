"""The bars of profiles: a module for each format, with its files, its contenders and its cases.

A module ``<format>.py`` has ``CASES``, as `benchmarks.heap_cases` does, and makes its files once in
``.cache/bench`` (`benchmarks.snapshots.CACHE`). What is measured of ours is a task of
``<format>_ours.py``, a program of its own (`benchmarks.peers.program`):
this package imports nothing, since its import would be timed with it. `benchmarks.cases` lists all.
"""
