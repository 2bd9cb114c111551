"""The formats of network evidence, one a module."""
