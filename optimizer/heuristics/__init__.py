"""Feasible points without a proof, and the smoothest of several optima."""
