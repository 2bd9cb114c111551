"""Heap snapshots and leak reports."""
