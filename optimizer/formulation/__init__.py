"""From the template of one interval to the program of a horizon, as arrays and as a plain Pyomo model."""
