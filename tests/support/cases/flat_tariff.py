"""A tariff of one price in every hour of 2026, as the text of its file."""

FLAT_TARIFF = """
name = "t"
valid_from = 2026-01-01
valid_to = 2026-12-31
purchase_price_yuan_per_kwh = 0.5
otherwise = "flat"
[ratios]
flat = 1.0
[[day]]
months = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
period = "flat"
hours = ["00:00-24:00"]
[voltages."any"]
single_part_yuan_per_kwh = 0.0
"""
