"""Declarations of money: investment, contracts, sensitivities, the question of a size."""
