"""Integer windows solved apart and made consistent: Lagrangian pricing, Benders decomposition."""
