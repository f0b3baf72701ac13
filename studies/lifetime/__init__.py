"""Lifetime dispatch of the storage, demand response in it, and the sensitivities of its returns."""
