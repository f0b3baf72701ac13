"""The electricity bill, recomputed from the meter and the tariff, and payments by contract."""
