"""The findings of one capture, a module for each kind of symptom, and what they look at."""
