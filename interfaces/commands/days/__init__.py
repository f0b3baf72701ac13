"""The commands of the park day after day: the ledger, what a plan takes from it, and settlement."""
