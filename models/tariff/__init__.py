"""Time-of-use tariffs and the national rules of demand charge and power factor."""
