"""The electricity bill, recomputed from meter and tariff, and payments under contracts."""
