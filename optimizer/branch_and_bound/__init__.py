"""Branch and bound of one window on a dense simplex tableau."""
