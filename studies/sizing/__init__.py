"""Sizing of one additional battery, the increment: its power, energy and commissioning year."""
