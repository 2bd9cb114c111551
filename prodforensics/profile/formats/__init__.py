"""The formats of profiles, one a module."""
