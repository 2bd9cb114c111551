"""The bars of core dumps: the programs that die, the contenders and the cases."""
