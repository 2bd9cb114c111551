"""What runs inside the debuggers, in their own Python: none of it imports prodforensics."""
