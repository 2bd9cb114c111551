"""Numba kernels: one algorithm a file, arrays in and arrays out; knows nothing of prodforensics."""
