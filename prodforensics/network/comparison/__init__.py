"""Two captures: a baseline and an incident, or both ends of one path."""
