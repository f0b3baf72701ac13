"""Primal heuristics: feasible points by rounding, and smoother set points at the same cost."""
