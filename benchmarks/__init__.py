"""The speed and memory bars of the project, measured on real files beside the peers."""
