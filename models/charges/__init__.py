"""Charges of a bill beside energy and the month's highest demand, as tariffs of other countries have them."""
