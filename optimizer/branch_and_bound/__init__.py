"""Branch and bound on the exclusive pairs of one window, with a search tree that can be reused as a proof."""
