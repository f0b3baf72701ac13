"""Certificates of optimality, and explanations of infeasibility."""
