"""Partition of the horizon into segments and windows, and the subprograms of windows."""
