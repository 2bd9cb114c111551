"""The findings of a core, a question a module."""
