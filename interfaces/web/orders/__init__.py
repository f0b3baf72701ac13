"""The page of an order: its form, its cost, and what is kept until it is confirmed."""
