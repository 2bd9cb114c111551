"""What the runtimes of languages know of their own stacks: Python, Go, Java."""
