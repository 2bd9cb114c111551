"""What a person sees of a capture: its pages, pictures and diagrams."""
