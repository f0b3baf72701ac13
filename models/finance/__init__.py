"""Declarations of project finance: investment, contracts, sensitivities, sizing."""
