"""Questions to the optimizer: a day, a year, a replay, a lifetime, a size, published figures."""
