"""What a person sees of a core dump: the crash on one page, stacks, locks, memory."""
