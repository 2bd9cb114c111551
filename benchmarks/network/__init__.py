"""The bars of captures: the files, the contenders and the cases."""
