"""Reproduction of published figures."""
