"""Placeholder."""
def record(app, folder): return []
