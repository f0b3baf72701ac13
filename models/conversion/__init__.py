"""Devices that turn one energy carrier into another: fuel, power, heat and cold."""
