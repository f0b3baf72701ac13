"""Repair of a relaxation by Lagrangian decomposition, with Benders cuts for shared decisions."""
